/**
 * What @polar-sh/sdk 0.49.0 does against Sextant.
 *
 * Nothing is changed but the address and the token. The environment names the server (SEXTANT_URL), a token that may do
 * everything (SEXTANT_TOKEN) and one that may only read meters (SEXTANT_READER_TOKEN), both of one organization that is new.
 */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, describe, test } from "node:test";

import { HTTPClient, Polar } from "@polar-sh/sdk";
import { HTTPValidationError } from "@polar-sh/sdk/models/errors/httpvalidationerror.js";
import { SDKError } from "@polar-sh/sdk/models/errors/sdkerror.js";

import { all, assertNotFound, named, polar, refusal } from "./client.mjs";
import { accessToken, baseUrl as serverURL, credit, readerToken } from "./own.mjs";

const CALL = "call";
const MARCH = {
  startTimestamp: new Date("2025-03-01T00:00:00Z"),
  endTimestamp: new Date("2025-03-03T00:00:00Z"),
  interval: "day",
};

describe("operations", () => {
  let ada, events, ingested, tokens;

  const createMeter = (name, aggregation, filter = named(CALL)) =>
    polar.meters.create({ name, filter, aggregation });

  async function quantities(meter, query = {}) {
    const answer = await polar.meters.quantities({ id: meter.id, ...MARCH, ...query });
    return [...answer.quantities.map((point) => point.quantity), answer.total];
  }

  before(async () => {
    ada = await polar.customers.create({
      email: "ada@example.com",
      name: "Ada",
      externalId: "ada",
      metadata: { plan: "pro" },
    });
    // Ada is named in both ways; nobody has made Bob; the second time has an offset that puts it on another day.
    events = [
      {
        name: CALL,
        externalId: "1",
        externalCustomerId: "ada",
        timestamp: new Date("2025-03-01T10:00:00Z"),
        metadata: { model: "large", tokens: 1200, cost: 0.1 },
      },
      {
        name: CALL,
        externalId: "2",
        customerId: ada.id,
        timestamp: new Date("2025-03-02T00:30:00+01:00"),
        metadata: { model: "small", tokens: 300, cost: 0.2, cached: true },
      },
      {
        name: CALL,
        externalId: "3",
        externalCustomerId: "bob",
        timestamp: new Date("2025-03-03T08:00:00.123Z"),
        metadata: { model: "large", tokens: 500, cost: 0.3 },
      },
    ];
    ingested = await polar.events.ingest({ events });
    tokens = await createMeter("tokens", { func: "sum", property: "tokens" });
  });

  // Meters

  test("a meter is created, read and updated", async () => {
    const made = await polar.meters.create({
      name: "requests",
      unit: "custom",
      customLabel: "request",
      customMultiplier: 1000,
      metadata: { team: "api", tier: 2, share: 0.5, beta: true },
      filter: {
        conjunction: "or",
        clauses: [
          { property: "name", operator: "like", value: "nobody sends this" },
          {
            conjunction: "and",
            clauses: [
              { property: "metadata.tokens", operator: "gte", value: 10 },
              { property: "metadata.cached", operator: "eq", value: false },
            ],
          },
        ],
      },
      aggregation: { func: "count" },
    });
    assert.deepEqual([made.unit, made.customLabel, made.customMultiplier], ["custom", "request", 1000]);
    assert.deepEqual(made.metadata, { team: "api", tier: 2, share: 0.5, beta: true });
    assert.deepEqual(made.filter.clauses[1].clauses, [
      { property: "tokens", operator: "gte", value: 10 },
      { property: "cached", operator: "eq", value: false },
    ]);
    assert.deepEqual(made.aggregation, { func: "count" });
    assert.ok(made.createdAt instanceof Date);
    assert.equal(made.archivedAt, null);
    assert.deepEqual(await polar.meters.get({ id: made.id }), made);

    const meterUpdate = {
      name: "renamed",
      metadata: { team: "data" },
      aggregation: { func: "max", property: "tokens" },
    };
    const updated = await polar.meters.update({ id: made.id, meterUpdate });
    assert.equal(updated.name, "renamed");
    assert.deepEqual(updated.metadata, { team: "data" });
    assert.deepEqual(updated.aggregation, { func: "max", property: "tokens" });
    assert.deepEqual(updated.filter, made.filter);
    assert.deepEqual(await polar.meters.get({ id: made.id }), updated);

    const archived = await polar.meters.update({ id: made.id, meterUpdate: { isArchived: true } });
    assert.ok(archived.archivedAt instanceof Date);
    const listed = await polar.meters.list({ isArchived: true, query: "renamed" });
    assert.deepEqual(listed.result.items.map((meter) => meter.id), [made.id]);
    const active = await polar.meters.update({ id: made.id, meterUpdate: { isArchived: false } });
    assert.equal(active.archivedAt, null);
  });

  test("meters are listed page by page", async () => {
    const names = ["a", "b", "c", "d", "e"].map((letter) => `page ${letter}`);
    for (const name of names) await createMeter(name, { func: "count" }, named("page"));
    let found = await all(polar.meters.list({ query: "page", limit: 2 }));
    assert.deepEqual(found.map((meter) => meter.name), names);
    found = await all(polar.meters.list({ query: "page", limit: 2, sorting: ["-name"] }));
    assert.deepEqual(found.map((meter) => meter.name), names.toReversed());
    const page = await polar.meters.list({ query: "page", limit: 2, page: 3 });
    assert.deepEqual(page.result.pagination, { totalCount: 5, maxPage: 3 });
    assert.equal(page.result.items.length, 1);
  });

  test("a meter that has counted keeps its filter", async () => {
    const meterUpdate = { filter: named("other") };
    const fault = await refusal(polar.meters.update({ id: tokens.id, meterUpdate }));
    assert.deepEqual(fault, { loc: ["body", "filter"], type: "forbidden" });
    assert.deepEqual(await polar.meters.get({ id: tokens.id }), tokens);
  });

  // Events and quantities

  test("events count once, for ever", async () => {
    assert.deepEqual(ingested, { inserted: 3, duplicates: 0 });
    assert.deepEqual(await polar.events.ingest({ events }), { inserted: 0, duplicates: 3 });
    assert.deepEqual(await polar.events.ingest({ events: [] }), { inserted: 0, duplicates: 0 });
  });

  for (const [aggregation, expected] of [
    [{ func: "count" }, [2, 0, 1, 3]],
    [{ func: "sum", property: "tokens" }, [1500, 0, 500, 2000]],
    [{ func: "max", property: "tokens" }, [1200, 0, 500, 1200]],
    [{ func: "min", property: "tokens" }, [300, 0, 500, 300]],
    [{ func: "avg", property: "tokens" }, [750, 0, 500, 2000 / 3]],
    [{ func: "unique", property: "model" }, [2, 0, 1, 2]],
    // In floats 0.1 + 0.2 + 0.3 is 0.6000000000000001.
    [{ func: "sum", property: "cost" }, [0.3, 0, 0.3, 0.6]],
  ]) {
    const what = Object.values(aggregation).join(" of ");
    test(`quantities of ${what}`, async () => {
      assert.deepEqual(await quantities(await createMeter(what, aggregation)), expected);
    });
  }

  test("quantities are cut by the day of a time zone", async () => {
    const answer = await polar.meters.quantities({
      id: tokens.id,
      startTimestamp: new Date("2025-03-01T00:00:00+01:00"),
      endTimestamp: new Date("2025-03-03T00:00:00+01:00"),
      interval: "day",
      timezone: "Europe/Paris",
    });
    assert.deepEqual(answer.quantities.map((point) => point.quantity), [1200, 300, 500]);
    const expected = [1, 2, 3].map((day) => new Date(`2025-03-0${day}T00:00:00+01:00`));
    assert.deepEqual(answer.quantities.map((point) => point.timestamp), expected);
  });

  test("quantities of a customer under either identifier", async () => {
    for (const who of [{ customerId: ada.id }, { externalCustomerId: "ada" }]) {
      assert.deepEqual(await quantities(tokens, who), [1500, 0, 0, 1500]);
    }
    assert.deepEqual(await quantities(tokens, { externalCustomerId: "bob" }), [0, 0, 500, 500]);
    const both = { externalCustomerId: ["ada", "bob"] };
    assert.deepEqual(await quantities(tokens, both), [1500, 0, 500, 2000]);
  });

  test("quantities of metadata and over customers", async () => {
    assert.deepEqual(await quantities(tokens, { metadata: { model: "large" } }), [1200, 0, 500, 1700]);
    const either = { metadata: { model: ["large", "small"] } };
    assert.deepEqual(await quantities(tokens, either), [1500, 0, 500, 2000]);
    assert.deepEqual(await quantities(tokens, { customerAggregationFunction: "count" }), [1, 0, 1, 2]);
  });

  test("events are listed and read", async () => {
    const [newest, second, oldest] = (await polar.events.list({ name: CALL })).items;
    assert.deepEqual(newest.timestamp, events[2].timestamp);
    assert.deepEqual([newest.externalCustomerId, newest.customer], ["bob", null]);
    assert.deepEqual(second.timestamp, new Date("2025-03-01T23:30:00Z"));
    assert.deepEqual([second.customerId, second.customer.email], [ada.id, ada.email]);
    assert.deepEqual(second.metadata, { model: "small", tokens: 300, cost: 0.2, cached: true });
    assert.deepEqual([oldest.name, oldest.label, oldest.source], [CALL, CALL, "user"]);
    assert.deepEqual(await polar.events.get({ id: second.id }), second);
  });

  test("events are found by what they are", async () => {
    const found = async (query) => {
      const page = await polar.events.list({ name: CALL, sorting: ["timestamp"], ...query });
      assert.equal(page.pagination.totalCount, page.items.length);
      return page.items.map((event) => event.metadata.tokens);
    };
    assert.deepEqual(await found({}), [1200, 300, 500]);
    assert.deepEqual(await found({ customerId: ada.id }), [1200, 300]);
    assert.deepEqual(await found({ externalCustomerId: ["bob"] }), [500]);
    assert.deepEqual(await found({ metadata: { model: "large" } }), [1200, 500]);
    assert.deepEqual(await found({ meterId: tokens.id }), [1200, 300, 500]);
    assert.deepEqual(await found({ source: "system" }), []);
    assert.deepEqual(await found({ startTimestamp: events[0].timestamp }), [300, 500]);
    assert.deepEqual(await found({ endTimestamp: events[1].timestamp }), [1200]);
    const above = { conjunction: "and", clauses: [{ property: "tokens", operator: "gt", value: 400 }] };
    assert.deepEqual(await found({ filter: JSON.stringify(above) }), [1200, 500]);
  });

  test("structured metadata comes back", async () => {
    const llm = {
      vendor: "acme",
      model: "large",
      inputTokens: 10,
      cachedInputTokens: 2,
      outputTokens: 5,
      totalTokens: 15,
    };
    const metadata = { _llm: llm, _cost: { amount: 1.25, currency: "usd" }, who: "bob" };
    await polar.events.ingest({ events: [{ name: "llm", externalCustomerId: "bob", metadata }] });
    const [event] = (await polar.events.list({ name: "llm" })).items;
    assert.equal(event.metadata.who, "bob");
    assert.deepEqual({ ...event.metadata._llm, ...llm }, { ...event.metadata._llm });
    assert.equal(Number(event.metadata._cost.amount), 1.25);
  });

  test("events have children", async () => {
    const root = { name: "span", externalCustomerId: "bob", externalId: "span.root" };
    const child = { name: "span.child", externalCustomerId: "bob", parentId: "span.root" };
    await polar.events.ingest({ events: [root, child, child] });
    const [parent] = (await polar.events.list({ name: "span" })).items;
    assert.deepEqual([parent.parentId, parent.childCount], [null, 2]);
    const children = (await polar.events.list({ parentId: parent.id })).items;
    assert.deepEqual(children.map((event) => event.parentId), [parent.id, parent.id]);
  });

  test("names of events are counted", async () => {
    const found = await all(polar.events.listNames({ query: "CALL", source: "user" }));
    assert.equal(found.length, 1);
    const [{ name, label, source, occurrences, firstSeen, lastSeen }] = found;
    assert.deepEqual([name, label, source, occurrences], [CALL, CALL, "user", 3]);
    assert.deepEqual([firstSeen, lastSeen], [events[0].timestamp, events[2].timestamp]);
  });

  // Customers

  test("a customer is created, read, updated and deleted", async () => {
    // The external id needs to be encoded in a path.
    const externalId = "eve/1 2?";
    const made = await polar.customers.create({
      email: "eve@example.com",
      name: "Eve",
      externalId,
      billingAddress: { country: "FR", city: "Paris" },
      metadata: { plan: "free" },
    });
    assert.deepEqual([made.email, made.externalId, made.type], ["eve@example.com", externalId, "individual"]);
    assert.deepEqual([made.billingAddress.country, made.billingAddress.city], ["FR", "Paris"]);
    assert.deepEqual(await polar.customers.get({ id: made.id }), made);
    assert.deepEqual(await polar.customers.getExternal({ externalId }), made);

    const customerUpdate = { name: "Evelyn", metadata: { plan: "pro" } };
    let updated = await polar.customers.update({ id: made.id, customerUpdate });
    assert.equal(updated.name, "Evelyn");
    assert.deepEqual(updated.metadata, { plan: "pro" });
    updated = await polar.customers.updateExternal({ externalId, customerUpdateExternalID: { name: "Eva" } });
    assert.deepEqual(await polar.customers.get({ id: made.id }), updated);
    assert.ok(updated.modifiedAt instanceof Date);

    assert.equal(await polar.customers.delete({ id: made.id }), undefined);
    await assertNotFound(polar.customers.get({ id: made.id }));
  });

  test("customers are listed page by page", async () => {
    const metadata = { team: "red" };
    const emails = [0, 1, 2, 3, 4].map((number) => `${number}@team.example.com`);
    for (const email of emails) await polar.customers.create({ email, metadata });
    const found = await all(polar.customers.list({ metadata, limit: 2, sorting: ["email"] }));
    assert.deepEqual(found.map((customer) => customer.email), emails);
    const { result } = await polar.customers.list({ email: ada.email.toUpperCase() });
    assert.deepEqual(result.items.map((customer) => customer.id), [ada.id]);
  });

  // Customer meters and state

  test("a customer meter tells what was used and credited", async () => {
    let [found] = await all(polar.customerMeters.list({ customerId: ada.id, meterId: tokens.id }));
    assert.deepEqual([found.consumedUnits, found.creditedUnits, found.balance], [1500, 0, -1500]);
    assert.deepEqual([found.customerId, found.meterId], [ada.id, tokens.id]);
    assert.deepEqual([found.customer.id, found.customer.email], [ada.id, ada.email]);
    assert.deepEqual(found.meter, tokens);
    assert.deepEqual(await polar.customerMeters.get({ id: found.id }), found);

    const other = await createMeter("to be credited", { func: "count" });
    await credit(ada.id, other.id, 10);
    [found] = await all(polar.customerMeters.list({ externalCustomerId: "ada", meterId: other.id }));
    assert.deepEqual([found.consumedUnits, found.creditedUnits, found.balance], [2, 10, 8]);
    const system = await polar.events.list({ source: "system", customerId: ada.id });
    const [event] = system.items.filter((event) => event.metadata.meterId === other.id);
    assert.deepEqual([event.name, event.label], ["meter.credited", "Meter Credited"]);
    assert.deepEqual(event.metadata, { meterId: other.id, units: 10, rollover: false });
  });

  test("customer meters are listed page by page", async () => {
    for (const name of ["row one", "row two"]) await createMeter(name, { func: "count" });
    const { result: whole } = await polar.customerMeters.list({ customerId: ada.id, limit: 100 });
    assert.ok(whole.items.length >= 3);
    const sorting = ["meter_name"];
    const paged = await all(polar.customerMeters.list({ customerId: ada.id, limit: 2, sorting }));
    const names = paged.map((row) => row.meter.name);
    assert.equal(names.length, whole.pagination.totalCount);
    assert.deepEqual(names, names.toSorted());
  });

  test("the state of a customer holds its meters", async () => {
    const state = await polar.customers.getState({ id: ada.id });
    assert.deepEqual([state.id, state.email, state.metadata], [ada.id, ada.email, { plan: "pro" }]);
    assert.deepEqual([state.activeSubscriptions, state.grantedBenefits], [[], []]);
    const used = state.activeMeters.find((meter) => meter.meterId === tokens.id);
    assert.deepEqual([used.consumedUnits, used.creditedUnits, used.balance], [1500, 0, -1500]);
    const external = await polar.customers.getStateExternal({ externalId: "ada" });
    assert.equal(external.id, ada.id);
    assert.deepEqual(external.activeMeters.find((meter) => meter.meterId === tokens.id), used);
  });

  test("an event shows in balances at once", async () => {
    const name = "at once";
    const meter = await createMeter(name, { func: "sum", property: "units" }, named(name));
    for (let number = 1; number <= 10; number++) {
      const event = { name, customerId: ada.id, metadata: { units: 0.1 } };
      await polar.events.ingest({ events: [event] });
      const { result } = await polar.customerMeters.list({ customerId: ada.id, meterId: meter.id });
      assert.deepEqual(result.items.map((row) => row.consumedUnits), [number / 10]);
    }
  });

  // Refusals

  test("what is not there is a typed error", async () => {
    const missing = { id: randomUUID() };
    await assertNotFound(
      polar.meters.get(missing),
      polar.meters.update({ ...missing, meterUpdate: { name: "something" } }),
      polar.meters.quantities({ ...missing, ...MARCH }),
      polar.events.get(missing),
      polar.customerMeters.get(missing),
      polar.customers.get(missing),
      polar.customers.getExternal({ externalId: "nobody" }),
      polar.customers.delete(missing),
      polar.customers.getState(missing),
      polar.customers.getStateExternal({ externalId: "nobody" }),
    );
  });

  test("what is wrong is told by place and kind", async () => {
    let fault = await refusal(polar.meters.get({ id: "not-an-id" }));
    assert.deepEqual(fault, { loc: ["path", "id"], type: "uuid_parsing" });
    fault = await refusal(createMeter("ab", { func: "count" }));
    assert.deepEqual(fault, { loc: ["body", "name"], type: "string_too_short" });
    const late = { name: "late", externalCustomerId: "bob", timestamp: new Date(Date.now() + 86_400_000) };
    await assert.rejects(
      polar.events.ingest({ events: [late] }),
      (error) =>
        error instanceof HTTPValidationError && error.detail.some((fault) => fault.loc.at(-1) === "timestamp"),
    );
    const stranger = { name: "stray", customerId: randomUUID() };
    fault = await refusal(polar.events.ingest({ events: [stranger] }));
    assert.deepEqual(fault, { loc: ["body", "events", 0, "customer_id"], type: "customer_id" });
    fault = await refusal(polar.customers.create({ email: ada.email }));
    assert.deepEqual(fault, { loc: ["body", "email"], type: "value_error" });
    const decade = {
      startTimestamp: new Date("2024-01-01T00:00:00Z"),
      endTimestamp: new Date("2034-01-01T00:00:00Z"),
      interval: "hour",
    };
    fault = await refusal(polar.meters.quantities({ id: tokens.id, ...decade }));
    assert.deepEqual(fault, { loc: ["query"], type: "value_error" });
  });

  test("tokens are checked", async () => {
    const refused = (statusCode) => (error) => error instanceof SDKError && error.statusCode === statusCode;
    const stranger = new Polar({ accessToken: "nobodys", serverURL });
    await assert.rejects(stranger.meters.list({}), refused(401));
    const reader = new Polar({ accessToken: readerToken, serverURL });
    assert.deepEqual(await reader.meters.get({ id: tokens.id }), tokens);
    await assert.rejects(reader.events.ingest({ events }), refused(403));
  });

  // The client itself

  test("a client that names no version gets the first", async () => {
    const calls = [];
    const httpClient = new HTTPClient();
    httpClient.addHook("response", (answer, request) => {
      calls.push({ asked: request.headers, answered: answer.headers });
    });
    const noted = new Polar({ accessToken, serverURL, httpClient });
    assert.deepEqual(await noted.meters.get({ id: tokens.id }), tokens);
    assert.equal(calls.length, 1);
    const [{ asked, answered }] = calls;
    assert.deepEqual([asked.get("Polar-Version"), answered.get("Polar-Version")], [null, "2026-04"]);
  });
});
