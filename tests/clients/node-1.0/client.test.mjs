/**
 * What @polar-sh/sdk 1.0.1 does against Sextant, for each version of the API that it offers.
 *
 * Nothing is changed but the address and the token. The environment names the server (SEXTANT_URL), a token that may do
 * everything (SEXTANT_TOKEN) and one that may only read meters (SEXTANT_READER_TOKEN), both of one organization that is new.
 */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, test } from "node:test";

import { PolarClientError } from "@polar-sh/sdk";

import { all, eachVersion, named, sameInstant } from "./client.mjs";
import { accessToken, baseUrl, credit, readerToken } from "./own.mjs";

const MARCH = {
  start_timestamp: "2025-03-01T00:00:00Z",
  end_timestamp: "2025-03-03T00:00:00Z",
  interval: "day",
};

eachVersion(({ version, polar, createPolar, errors, refusal, assertNotFound }) => {
  const call = `call.${version}`;
  const bob = `bob-${version}`;
  let ada, events, ingested, tokens;

  const createMeter = (what, aggregation, filter = named(call)) =>
    polar.meters.create({ name: `${version} ${what}`, filter, aggregation });

  async function quantities(meter, query = {}) {
    const answer = await polar.meters.quantities(meter.id, { ...MARCH, ...query });
    return [...answer.quantities.map((point) => point.quantity), answer.total];
  }

  before(async () => {
    ada = await polar.customers.create({
      email: `ada-${version}@example.com`,
      name: "Ada",
      external_id: `ada-${version}`,
      metadata: { plan: "pro" },
    });
    // Ada is named in both ways; nobody has made Bob; the second time has an offset that puts it on another day.
    events = [
      {
        name: call,
        external_id: `${version}-1`,
        external_customer_id: ada.external_id,
        timestamp: "2025-03-01T10:00:00Z",
        metadata: { model: "large", tokens: 1200, cost: 0.1 },
      },
      {
        name: call,
        external_id: `${version}-2`,
        customer_id: ada.id,
        timestamp: "2025-03-02T00:30:00+01:00",
        metadata: { model: "small", tokens: 300, cost: 0.2, cached: true },
      },
      {
        name: call,
        external_id: `${version}-3`,
        external_customer_id: bob,
        timestamp: "2025-03-03T08:00:00.123456Z",
        metadata: { model: "large", tokens: 500, cost: 0.3 },
      },
    ];
    ingested = await polar.events.ingest({ events });
    tokens = await createMeter("tokens", { func: "sum", property: "tokens" });
  });

  // Meters

  test("a meter is created, read and updated", async () => {
    const made = await polar.meters.create({
      name: `${version} requests`,
      unit: "custom",
      custom_label: "request",
      custom_multiplier: 1000,
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
    assert.deepEqual([made.unit, made.custom_label, made.custom_multiplier], ["custom", "request", 1000]);
    assert.deepEqual(made.metadata, { team: "api", tier: 2, share: 0.5, beta: true });
    assert.deepEqual(made.filter.clauses[1].clauses, [
      { property: "tokens", operator: "gte", value: 10 },
      { property: "cached", operator: "eq", value: false },
    ]);
    assert.deepEqual(made.aggregation, { func: "count" });
    assert.equal(made.archived_at, null);
    assert.deepEqual(await polar.meters.get(made.id), made);

    const updated = await polar.meters.update(made.id, {
      name: `${version} renamed`,
      metadata: { team: "data" },
      aggregation: { func: "max", property: "tokens" },
    });
    assert.equal(updated.name, `${version} renamed`);
    assert.deepEqual(updated.metadata, { team: "data" });
    assert.deepEqual(updated.aggregation, { func: "max", property: "tokens" });
    assert.deepEqual(updated.filter, made.filter);
    assert.deepEqual(await polar.meters.get(made.id), updated);

    const archived = await polar.meters.update(made.id, { is_archived: true });
    assert.notEqual(archived.archived_at, null);
    const listed = await polar.meters.list({ is_archived: true, query: `${version} renamed` });
    assert.deepEqual(listed.items.map((meter) => meter.id), [made.id]);
    assert.equal((await polar.meters.update(made.id, { is_archived: false })).archived_at, null);
  });

  test("meters are listed page by page", async () => {
    const names = ["a", "b", "c", "d", "e"].map((letter) => `${version} page ${letter}`);
    for (const name of names) {
      await polar.meters.create({ name, filter: named("page"), aggregation: { func: "count" } });
    }
    const query = `${version} page`;
    let found = await all(polar.meters.iterList({ query, limit: 2 }));
    assert.deepEqual(found.map((meter) => meter.name), names);
    found = await all(polar.meters.iterList({ query, limit: 2, sorting: ["-name"] }));
    assert.deepEqual(found.map((meter) => meter.name), names.toReversed());
    const page = await polar.meters.list({ query, limit: 2, page: 3 });
    assert.deepEqual(page.pagination, { total_count: 5, max_page: 3 });
    assert.equal(page.items.length, 1);
  });

  test("a meter that has counted keeps its filter", async () => {
    const fault = await refusal(polar.meters.update(tokens.id, { filter: named("other") }));
    assert.deepEqual(fault, { loc: ["body", "filter"], type: "forbidden" });
    assert.deepEqual(await polar.meters.get(tokens.id), tokens);
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
    const answer = await polar.meters.quantities(tokens.id, {
      start_timestamp: "2025-03-01T00:00:00+01:00",
      end_timestamp: "2025-03-03T00:00:00+01:00",
      interval: "day",
      timezone: "Europe/Paris",
    });
    assert.deepEqual(answer.quantities.map((point) => point.quantity), [1200, 300, 500]);
    for (const [day, point] of answer.quantities.entries()) {
      sameInstant(point.timestamp, `2025-03-0${day + 1}T00:00:00+01:00`);
    }
  });

  test("quantities of a customer under either identifier", async () => {
    for (const who of [{ customer_id: ada.id }, { external_customer_id: ada.external_id }]) {
      assert.deepEqual(await quantities(tokens, who), [1500, 0, 0, 1500]);
    }
    assert.deepEqual(await quantities(tokens, { external_customer_id: bob }), [0, 0, 500, 500]);
    const both = { external_customer_id: [ada.external_id, bob] };
    assert.deepEqual(await quantities(tokens, both), [1500, 0, 500, 2000]);
  });

  test("quantities of metadata and over customers", async () => {
    assert.deepEqual(await quantities(tokens, { metadata: { model: "large" } }), [1200, 0, 500, 1700]);
    const either = { metadata: { model: ["large", "small"] } };
    assert.deepEqual(await quantities(tokens, either), [1500, 0, 500, 2000]);
    assert.deepEqual(await quantities(tokens, { customer_aggregation_function: "count" }), [1, 0, 1, 2]);
  });

  test("events are listed and read", async () => {
    const [newest, second, oldest] = (await polar.events.list({ name: call })).items;
    assert.match(newest.timestamp, /^2025-03-03T08:00:00\.123456/);
    assert.deepEqual([newest.external_customer_id, newest.customer], [bob, null]);
    sameInstant(second.timestamp, "2025-03-01T23:30:00Z");
    assert.deepEqual([second.customer_id, second.customer.email], [ada.id, ada.email]);
    assert.deepEqual(second.metadata, { model: "small", tokens: 300, cost: 0.2, cached: true });
    assert.deepEqual([oldest.name, oldest.label, oldest.source], [call, call, "user"]);
    assert.deepEqual(await polar.events.get(second.id), second);
  });

  test("events are found by what they are", async () => {
    const found = async (query) => {
      const page = await polar.events.list({ name: call, sorting: ["timestamp"], ...query });
      assert.equal(page.pagination.total_count, page.items.length);
      return page.items.map((event) => event.metadata.tokens);
    };
    assert.deepEqual(await found({}), [1200, 300, 500]);
    assert.deepEqual(await found({ customer_id: ada.id }), [1200, 300]);
    assert.deepEqual(await found({ external_customer_id: [bob] }), [500]);
    assert.deepEqual(await found({ metadata: { model: "large" } }), [1200, 500]);
    assert.deepEqual(await found({ meter_id: tokens.id }), [1200, 300, 500]);
    assert.deepEqual(await found({ source: "system" }), []);
    assert.deepEqual(await found({ start_timestamp: "2025-03-01T10:00:00Z" }), [300, 500]);
    assert.deepEqual(await found({ end_timestamp: "2025-03-02T00:30:00+01:00" }), [1200]);
    const above = { conjunction: "and", clauses: [{ property: "tokens", operator: "gt", value: 400 }] };
    assert.deepEqual(await found({ filter: JSON.stringify(above) }), [1200, 500]);
  });

  test("structured metadata comes back", async () => {
    const name = `llm.${version}`;
    const _llm = {
      vendor: "acme",
      model: "large",
      input_tokens: 10,
      cached_input_tokens: 2,
      output_tokens: 5,
      total_tokens: 15,
    };
    const metadata = { _llm, _cost: { amount: 1.25, currency: "usd" }, who: "bob" };
    await polar.events.ingest({ events: [{ name, external_customer_id: bob, metadata }] });
    const [event] = (await polar.events.list({ name })).items;
    assert.equal(event.metadata.who, "bob");
    assert.deepEqual({ ..._llm, ...event.metadata._llm }, { ...event.metadata._llm });
    assert.equal(Number(event.metadata._cost.amount), 1.25);
  });

  test("events have children", async () => {
    const name = `span.${version}`;
    const root = { name, external_customer_id: bob, external_id: `${name}.root` };
    const child = { name: `${name}.child`, external_customer_id: bob, parent_id: `${name}.root` };
    await polar.events.ingest({ events: [root, child, child] });
    const [parent] = (await polar.events.list({ name })).items;
    assert.deepEqual([parent.parent_id, parent.child_count], [null, 2]);
    const children = (await polar.events.list({ parent_id: parent.id })).items;
    assert.deepEqual(children.map((event) => event.parent_id), [parent.id, parent.id]);
  });

  test("names of events are counted", async () => {
    const found = await all(polar.events.iterListNames({ query: call.toUpperCase() }));
    assert.equal(found.length, 1);
    const [{ name, label, source, occurrences, first_seen, last_seen }] = found;
    assert.deepEqual([name, label, source, occurrences], [call, call, "user", 3]);
    sameInstant(first_seen, "2025-03-01T10:00:00Z");
    assert.match(last_seen, /^2025-03-03T08:00:00\.123456/);
  });

  // Customers

  test("a customer is created, read, updated and deleted", async () => {
    // The external id needs to be encoded in a path.
    const external_id = `eve/${version} 1?`;
    const made = await polar.customers.create({
      email: `eve-${version}@example.com`,
      name: "Eve",
      external_id,
      billing_address: { country: "FR", city: "Paris" },
      metadata: { plan: "free" },
    });
    assert.deepEqual([made.email, made.external_id, made.type], [`eve-${version}@example.com`, external_id, "individual"]);
    assert.deepEqual([made.billing_address.country, made.billing_address.city], ["FR", "Paris"]);
    assert.deepEqual(await polar.customers.get(made.id), made);
    assert.deepEqual(await polar.customers.getExternal(external_id), made);

    let updated = await polar.customers.update(made.id, { name: "Evelyn", metadata: { plan: "pro" } });
    assert.equal(updated.name, "Evelyn");
    assert.deepEqual(updated.metadata, { plan: "pro" });
    updated = await polar.customers.updateExternal(external_id, { name: "Eva" });
    assert.deepEqual(await polar.customers.get(made.id), updated);
    assert.notEqual(updated.modified_at, null);

    assert.equal(await polar.customers.delete(made.id), undefined);
    await assertNotFound(polar.customers.get(made.id));
  });

  test("customers are listed page by page", async () => {
    const team = `team-${version}`;
    const emails = [0, 1, 2, 3, 4].map((number) => `${number}@${team}.example.com`);
    for (const email of emails) await polar.customers.create({ email, metadata: { team } });
    const found = await all(polar.customers.iterList({ metadata: { team }, limit: 2, sorting: ["email"] }));
    assert.deepEqual(found.map((customer) => customer.email), emails);
    const { items } = await polar.customers.list({ email: ada.email.toUpperCase() });
    assert.deepEqual(items.map((customer) => customer.id), [ada.id]);
  });

  // Customer meters and state

  test("a customer meter tells what was used and credited", async () => {
    let [found] = await all(polar.customerMeters.iterList({ customer_id: ada.id, meter_id: tokens.id }));
    assert.deepEqual([found.consumed_units, found.credited_units, found.balance], [1500, 0, -1500]);
    assert.deepEqual([found.customer_id, found.meter_id], [ada.id, tokens.id]);
    assert.deepEqual([found.customer.id, found.customer.email], [ada.id, ada.email]);
    assert.deepEqual(found.meter, tokens);
    assert.deepEqual(await polar.customerMeters.get(found.id), found);

    const other = await createMeter("to be credited", { func: "count" });
    await credit(ada.id, other.id, 10);
    const external_customer_id = ada.external_id;
    [found] = (await polar.customerMeters.list({ external_customer_id, meter_id: other.id })).items;
    assert.deepEqual([found.consumed_units, found.credited_units, found.balance], [2, 10, 8]);
    const system = await polar.events.list({ source: "system", name: "meter.credited", customer_id: ada.id });
    const [event] = system.items.filter((event) => event.metadata.meter_id === other.id);
    assert.deepEqual(event.metadata, { meter_id: other.id, units: 10, rollover: false });
    assert.equal(event.label, "Meter Credited");
  });

  test("customer meters are listed page by page", async () => {
    for (const what of ["row one", "row two"]) await createMeter(what, { func: "count" });
    const whole = await polar.customerMeters.list({ customer_id: ada.id, limit: 100 });
    assert.ok(whole.items.length >= 3);
    const sorting = ["meter_name"];
    const paged = await all(polar.customerMeters.iterList({ customer_id: ada.id, limit: 2, sorting }));
    const names = paged.map((row) => row.meter.name);
    assert.equal(names.length, whole.pagination.total_count);
    assert.deepEqual(names, names.toSorted());
  });

  test("the state of a customer holds its meters", async () => {
    const state = await polar.customers.getState(ada.id);
    assert.deepEqual([state.id, state.email, state.metadata], [ada.id, ada.email, { plan: "pro" }]);
    assert.deepEqual([state.active_subscriptions, state.granted_benefits], [[], []]);
    const used = state.active_meters.find((meter) => meter.meter_id === tokens.id);
    assert.deepEqual([used.consumed_units, used.credited_units, used.balance], [1500, 0, -1500]);
    const external = await polar.customers.getStateExternal(ada.external_id);
    assert.equal(external.id, ada.id);
    assert.deepEqual(external.active_meters.find((meter) => meter.meter_id === tokens.id), used);
  });

  test("an event shows in balances at once", async () => {
    const name = `at-once.${version}`;
    const meter = await createMeter(name, { func: "sum", property: "units" }, named(name));
    for (let number = 1; number <= 10; number++) {
      const event = { name, customer_id: ada.id, metadata: { units: 0.1 } };
      await polar.events.ingest({ events: [event] });
      const { items } = await polar.customerMeters.list({ customer_id: ada.id, meter_id: meter.id });
      assert.deepEqual(items.map((row) => row.consumed_units), [number / 10]);
    }
  });

  // Refusals

  test("what is not there is a typed error", async () => {
    const missing = randomUUID();
    await assertNotFound(
      polar.meters.get(missing),
      polar.meters.update(missing, { name: "something" }),
      polar.meters.quantities(missing, MARCH),
      polar.events.get(missing),
      polar.customerMeters.get(missing),
      polar.customers.get(missing),
      polar.customers.getExternal("nobody"),
      polar.customers.delete(missing),
      polar.customers.getState(missing),
      polar.customers.getStateExternal("nobody"),
    );
  });

  test("what is wrong is told by place and kind", async () => {
    let fault = await refusal(polar.meters.get("not-an-id"));
    assert.deepEqual(fault, { loc: ["path", "id"], type: "uuid_parsing" });
    const short = { name: "ab", filter: named("x"), aggregation: { func: "count" } };
    fault = await refusal(polar.meters.create(short));
    assert.deepEqual(fault, { loc: ["body", "name"], type: "string_too_short" });
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const late = { name: "late", external_customer_id: bob, timestamp: tomorrow };
    await assert.rejects(
      polar.events.ingest({ events: [late] }),
      (error) =>
        error instanceof errors.HTTPValidationError &&
        error.error.detail.some((fault) => fault.loc.at(-1) === "timestamp"),
    );
    const stranger = { name: "stray", customer_id: randomUUID() };
    fault = await refusal(polar.events.ingest({ events: [stranger] }));
    assert.deepEqual(fault, { loc: ["body", "events", 0, "customer_id"], type: "customer_id" });
    fault = await refusal(polar.customers.create({ email: ada.email }));
    assert.deepEqual(fault, { loc: ["body", "email"], type: "value_error" });
    const decade = { start_timestamp: "2024-01-01T00:00:00Z", end_timestamp: "2034-01-01T00:00:00Z", interval: "hour" };
    fault = await refusal(polar.meters.quantities(tokens.id, decade));
    assert.deepEqual(fault, { loc: ["query"], type: "value_error" });
  });

  test("tokens are checked", async () => {
    const refused = (statusCode) => (error) => error instanceof PolarClientError && error.statusCode === statusCode;
    const stranger = createPolar({ accessToken: "nobodys", baseUrl });
    await assert.rejects(stranger.meters.list(), refused(401));
    const reader = createPolar({ accessToken: readerToken, baseUrl });
    assert.deepEqual(await reader.meters.get(tokens.id), tokens);
    await assert.rejects(reader.events.ingest({ events }), refused(403));
  });

  // The client itself

  test("the version asked for is answered", async (context) => {
    const calls = [];
    const { fetch } = globalThis;
    context.mock.method(globalThis, "fetch", async (...request) => {
      const answer = await fetch(...request);
      calls.push({ asked: new Request(...request).headers, answered: answer.headers });
      return answer;
    });
    const organizationId = tokens.organization_id;
    const own = createPolar({ accessToken, baseUrl, organizationId });
    assert.deepEqual(await own.meters.get(tokens.id), tokens);
    assert.equal(calls.length, 1);
    const [{ asked, answered }] = calls;
    assert.deepEqual([asked.get("Polar-Version"), answered.get("Polar-Version")], [version, version]);
  });
});
