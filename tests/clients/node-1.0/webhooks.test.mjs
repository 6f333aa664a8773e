/**
 * What @polar-sh/sdk 1.0.1 does with webhooks: endpoints, deliveries, and what a receiver gets, read and verified by the client and by the
 * package `standardwebhooks`. For each version of the API that it offers.
 *
 * The environment is that of `client.test.mjs`; the server may send to this machine.
 */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, test } from "node:test";

import { all, eachVersion, named } from "./client.mjs";
import { cycle, grant, revoke } from "./own.mjs";
import { Receiver } from "./receiver.mjs";
import { assertSigned, Reader, whenThere } from "./webhooks.mjs";

eachVersion(({ version, polar, webhooks, refusal, assertNotFound }) => {
  let receiver, reader, endpoints;

  beforeEach(async () => {
    receiver = await Receiver.start();
    reader = new Reader(receiver, webhooks.validateEvent);
    endpoints = [];
  });

  // A later test would wait for what it is not told.
  afterEach(async () => {
    for (const { id } of endpoints) await polar.webhooks.deleteWebhookEndpoint(id);
    receiver.stop();
  });

  async function newEndpoint(...events) {
    const endpoint = await polar.webhooks.createWebhookEndpoint({ url: receiver.url, format: "raw", events });
    endpoints.push(endpoint);
    return endpoint;
  }

  const newCustomer = (who) => polar.customers.create({ email: `${who}-${version}@example.com`, name: who });

  /** The deliveries to an endpoint, when there are so many. */
  const deliveries = (endpoint, count, query) =>
    whenThere(count, () => all(polar.webhooks.iterListWebhookDeliveries({ endpoint_id: endpoint.id, ...query })));

  test("an endpoint is created, read, updated and deleted", async () => {
    const fields = { url: "https://receiver.invalid/hook", format: "raw", events: ["benefit.created", "benefit_grant.revoked"] };
    const made = await polar.webhooks.createWebhookEndpoint(fields);
    assert.deepEqual({ url: made.url, format: made.format, events: made.events }, fields);
    assert.deepEqual([made.name, made.enabled], [null, true]);
    assert.match(made.secret, /^whsec_/);
    assert.deepEqual(await polar.webhooks.getWebhookEndpoint(made.id), made);

    const changes = { name: "Named", url: "https://other.invalid/", events: ["benefit.updated"], enabled: false };
    const { modified_at, ...updated } = await polar.webhooks.updateWebhookEndpoint(made.id, changes);
    assert.deepEqual({ ...updated, modified_at: made.modified_at }, { ...made, ...changes });
    const renewed = await polar.webhooks.resetWebhookEndpointSecret(made.id);
    assert.notEqual(renewed.secret, made.secret);
    assert.deepEqual(await polar.webhooks.getWebhookEndpoint(made.id), renewed);

    assert.equal(await polar.webhooks.deleteWebhookEndpoint(made.id), undefined);
    await assertNotFound(
      polar.webhooks.getWebhookEndpoint(made.id),
      polar.webhooks.updateWebhookEndpoint(made.id, { name: "Gone" }),
      polar.webhooks.resetWebhookEndpointSecret(made.id),
      polar.webhooks.deleteWebhookEndpoint(made.id),
      polar.webhooks.redeliverWebhookEvent(randomUUID()),
    );
  });

  test("endpoints are listed page by page", async () => {
    for (let number = 0; number < 3; number++) await newEndpoint("benefit.updated");
    const ids = endpoints.map((it) => it.id);
    const found = await all(polar.webhooks.iterListWebhookEndpoints({ limit: 2 }));
    assert.deepEqual(found.filter((it) => ids.includes(it.id)), endpoints.toReversed());
  });

  test("an endpoint needs an address and events that exist", async () => {
    const refused = (changes) =>
      refusal(
        polar.webhooks.createWebhookEndpoint({ url: "https://example.com/", format: "raw", events: [], ...changes }),
      );
    assert.deepEqual((await refused({ url: "nowhere" })).loc, ["body", "url"]);
    assert.deepEqual(await refused({ format: "telegram" }), { loc: ["body", "format"], type: "enum" });
    assert.deepEqual(await refused({ events: ["customer.sang"] }), { loc: ["body", "events", 0], type: "enum" });
  });

  test("what is received is what the API gives", async () => {
    const { secret } = await newEndpoint("customer.created", "customer.updated", "customer.deleted");
    const customer = await newCustomer("told");
    const { headers, event } = await reader.next(secret);
    assert.deepEqual([event.type, event.data], ["customer.created", customer]);
    assert.equal(headers["content-type"], "application/json");
    const updated = await polar.customers.update(customer.id, { name: "Renamed" });
    assert.deepEqual((await reader.next(secret)).event.data, updated);
    await polar.customers.delete(customer.id);
    const { event: last } = await reader.next(secret);
    assert.deepEqual([last.type, last.data.id], ["customer.deleted", customer.id]);
  });

  test("the life of a benefit is told", async () => {
    const name = `told.${version}`;
    const meter = await polar.meters.create({ name, filter: named(name), aggregation: { func: "count" } });
    const customer = await newCustomer("benefits");
    const grants = ["created", "cycled", "revoked"].map((what) => `benefit_grant.${what}`);
    const { secret } = await newEndpoint("benefit.created", "benefit.updated", "customer.state_changed", ...grants);
    const type = "meter_credit";
    const properties = { meter_id: meter.id, units: 10, rollover: false };
    let benefit = await polar.benefits.create({ type, description: "Ten", properties });
    assert.deepEqual(await reader.told(secret, "benefit.created"), benefit);
    benefit = await polar.benefits.update(benefit.id, { type, description: "Still ten" });
    assert.deepEqual(await reader.told(secret, "benefit.updated"), benefit);

    const made = await grant(benefit.id, customer.id);
    const granted = await reader.told(secret, "benefit_grant.created");
    assert.deepEqual([granted.id, granted.is_granted, granted.benefit], [made.id, true, benefit]);
    assert.deepEqual([granted.properties, granted.customer.id], [made.properties, customer.id]);
    let state = await reader.told(secret, "customer.state_changed", (it) => it.granted_benefits.length > 0);
    assert.deepEqual([state.id, state.granted_benefits.map((it) => it.id)], [customer.id, [granted.id]]);
    assert.equal(state.active_meters.find((it) => it.meter_id === meter.id).balance, 10);
    await cycle(granted.id);
    assert.equal((await reader.told(secret, "benefit_grant.cycled")).id, granted.id);
    await revoke(granted.id);
    assert.equal((await reader.told(secret, "benefit_grant.revoked")).is_revoked, true);
    // Not one from before the grant, when the customer had no meter.
    const isLast = (it) => it.active_meters.length > 0 && it.granted_benefits.length === 0;
    state = await reader.told(secret, "customer.state_changed", isLast);
    assert.deepEqual([state.id, state.active_meters.find((it) => it.meter_id === meter.id).balance], [customer.id, 0]);
  });

  test("a signature is of the secret and the body", async () => {
    const endpoint = await newEndpoint("customer.created");
    await newCustomer("signed");
    const received = await receiver.next();
    const { secret } = await polar.webhooks.resetWebhookEndpointSecret(endpoint.id);
    await assertSigned(received, endpoint.secret, secret, (...wrong) =>
      assert.rejects(webhooks.validateEvent(...wrong), webhooks.PolarWebhookVerificationError),
    );
    await newCustomer("signed-anew");
    assert.equal((await reader.next(secret)).event.data.name, "signed-anew");
  });

  test("deliveries are listed and repeated", async () => {
    const endpoint = await newEndpoint("customer.created");
    await newCustomer("delivered");
    const { body, headers } = await reader.next(endpoint.secret);
    const [delivery] = await deliveries(endpoint, 1);
    const event = delivery.webhook_event;
    assert.deepEqual([delivery.succeeded, delivery.http_code, delivery.response], [true, 200, "thank you"]);
    assert.deepEqual([event.id, event.type], [headers["webhook-id"], "customer.created"]);
    assert.deepEqual([event.payload, event.succeeded, event.last_http_code], [String(body), true, 200]);
    for (const query of [{ succeeded: false }, { http_code_class: "5xx" }, { event_type: "benefit.created" }]) {
      await deliveries(endpoint, 0, query);
    }
    for (const query of [{ query: event.id }, { http_code_class: "2xx" }, { event_type: ["customer.created"] }]) {
      await deliveries(endpoint, 1, query);
    }

    await polar.webhooks.redeliverWebhookEvent(event.id);
    const again = await reader.next(endpoint.secret);
    assert.deepEqual([again.headers["webhook-id"], String(again.body)], [event.id, String(body)]);
    await deliveries(endpoint, 2, { limit: 1 });
  });

  test("what fails is sent again", async () => {
    const endpoint = await newEndpoint("customer.created");
    receiver.answers.push(500);
    await newCustomer("repeated");
    const [first, second] = [await reader.next(endpoint.secret), await reader.next(endpoint.secret)];
    assert.equal(first.headers["webhook-id"], second.headers["webhook-id"]);
    assert.deepEqual(first.event, second.event);
    const [latest, earlier] = await deliveries(endpoint, 2);
    assert.deepEqual([latest.http_code, latest.succeeded], [200, true]);
    assert.deepEqual([earlier.http_code, earlier.succeeded], [500, false]);
  });
});
