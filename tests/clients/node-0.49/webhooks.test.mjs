/**
 * What @polar-sh/sdk 0.49.0 does with webhooks: endpoints, deliveries, and what a receiver gets, read and verified by the client and by the
 * package `standardwebhooks`.
 *
 * The environment is that of `client.test.mjs`; the server may send to this machine.
 */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, test } from "node:test";

import * as client from "@polar-sh/sdk/webhooks.js";

import { all, assertNotFound, named, polar, refusal } from "./client.mjs";
import { cycle, grant, revoke } from "./own.mjs";
import { Receiver } from "./receiver.mjs";
import { assertSigned, Reader, whenThere } from "./webhooks.mjs";

describe("webhooks", () => {
  const { webhooks } = polar;
  let receiver, reader, endpoints;

  beforeEach(async () => {
    receiver = await Receiver.start();
    reader = new Reader(receiver, client.validateEvent);
    endpoints = [];
  });

  // A later test would wait for what it is not told.
  afterEach(async () => {
    for (const { id } of endpoints) await webhooks.deleteWebhookEndpoint({ id });
    receiver.stop();
  });

  async function newEndpoint(...events) {
    const endpoint = await webhooks.createWebhookEndpoint({ url: receiver.url, format: "raw", events });
    endpoints.push(endpoint);
    return endpoint;
  }

  const newCustomer = (who) => polar.customers.create({ email: `${who}@example.com`, name: who });

  /** The deliveries to an endpoint, when there are so many. */
  const deliveries = (endpoint, count, query) =>
    whenThere(count, () => all(webhooks.listWebhookDeliveries({ endpointId: endpoint.id, ...query })));

  test("an endpoint is created, read, updated and deleted", async () => {
    const fields = { url: "https://receiver.invalid/hook", format: "raw", events: ["benefit.created", "benefit_grant.revoked"] };
    const made = await webhooks.createWebhookEndpoint(fields);
    const { id } = made;
    assert.deepEqual({ url: made.url, format: made.format, events: made.events }, fields);
    assert.deepEqual([made.name, made.enabled], [null, true]);
    assert.match(made.secret, /^whsec_/);
    assert.deepEqual(await webhooks.getWebhookEndpoint({ id }), made);

    const changes = { name: "Named", url: "https://other.invalid/", events: ["benefit.updated"], enabled: false };
    const changed = await webhooks.updateWebhookEndpoint({ id, webhookEndpointUpdate: changes });
    const { modifiedAt, ...updated } = changed;
    assert.ok(modifiedAt instanceof Date);
    assert.deepEqual({ ...updated, modifiedAt: made.modifiedAt }, { ...made, ...changes });
    const renewed = await webhooks.resetWebhookEndpointSecret({ id });
    assert.notEqual(renewed.secret, made.secret);
    assert.deepEqual(await webhooks.getWebhookEndpoint({ id }), renewed);

    assert.equal(await webhooks.deleteWebhookEndpoint({ id }), undefined);
    await assertNotFound(
      webhooks.getWebhookEndpoint({ id }),
      webhooks.updateWebhookEndpoint({ id, webhookEndpointUpdate: { name: "Gone" } }),
      webhooks.resetWebhookEndpointSecret({ id }),
      webhooks.deleteWebhookEndpoint({ id }),
      webhooks.redeliverWebhookEvent({ id: randomUUID() }),
    );
  });

  test("endpoints are listed page by page", async () => {
    for (let number = 0; number < 3; number++) await newEndpoint("benefit.updated");
    const ids = endpoints.map((it) => it.id);
    const found = await all(webhooks.listWebhookEndpoints({ limit: 2 }));
    assert.deepEqual(found.filter((it) => ids.includes(it.id)), endpoints.toReversed());
  });

  test("an endpoint needs an address", async () => {
    const fault = await refusal(webhooks.createWebhookEndpoint({ url: "nowhere", format: "raw", events: [] }));
    assert.deepEqual(fault.loc, ["body", "url"]);
  });

  test("what is received is what the API gives", async () => {
    const { secret } = await newEndpoint("customer.created", "customer.updated", "customer.deleted");
    const customer = await newCustomer("told");
    const { headers, event } = await reader.next(secret);
    assert.deepEqual([event.type, event.data], ["customer.created", customer]);
    assert.equal(headers["content-type"], "application/json");
    const { id } = customer;
    const updated = await polar.customers.update({ id, customerUpdate: { name: "Renamed" } });
    assert.deepEqual((await reader.next(secret)).event.data, updated);
    await polar.customers.delete({ id });
    const { event: last } = await reader.next(secret);
    assert.deepEqual([last.type, last.data.id], ["customer.deleted", id]);
  });

  test("the life of a benefit is told", async () => {
    const meter = await polar.meters.create({ name: "told", filter: named("told"), aggregation: { func: "count" } });
    const customer = await newCustomer("benefits");
    const grants = ["created", "cycled", "revoked"].map((what) => `benefit_grant.${what}`);
    const { secret } = await newEndpoint("benefit.created", "benefit.updated", "customer.state_changed", ...grants);
    const type = "meter_credit";
    const properties = { meterId: meter.id, units: 10, rollover: false };
    let benefit = await polar.benefits.create({ type, description: "Ten", properties });
    assert.deepEqual(await reader.told(secret, "benefit.created"), benefit);
    benefit = await polar.benefits.update({ id: benefit.id, requestBody: { type, description: "Still ten" } });
    assert.deepEqual(await reader.told(secret, "benefit.updated"), benefit);

    const made = await grant(benefit.id, customer.id);
    const granted = await reader.told(secret, "benefit_grant.created");
    assert.deepEqual([granted.id, granted.isGranted, granted.benefit], [made.id, true, benefit]);
    assert.equal(granted.customer.id, customer.id);
    let state = await reader.told(secret, "customer.state_changed", (it) => it.grantedBenefits.length > 0);
    assert.deepEqual([state.id, state.grantedBenefits.map((it) => it.id)], [customer.id, [granted.id]]);
    assert.equal(state.activeMeters.find((it) => it.meterId === meter.id).balance, 10);
    await cycle(granted.id);
    assert.equal((await reader.told(secret, "benefit_grant.cycled")).id, granted.id);
    await revoke(granted.id);
    assert.equal((await reader.told(secret, "benefit_grant.revoked")).isRevoked, true);
    // Not one from before the grant, when the customer had no meter.
    const isLast = (it) => it.activeMeters.length > 0 && it.grantedBenefits.length === 0;
    state = await reader.told(secret, "customer.state_changed", isLast);
    assert.deepEqual([state.id, state.activeMeters.find((it) => it.meterId === meter.id).balance], [customer.id, 0]);
  });

  test("a signature is of the secret and the body", async () => {
    const endpoint = await newEndpoint("customer.created");
    await newCustomer("signed");
    const received = await receiver.next();
    const { secret } = await webhooks.resetWebhookEndpointSecret({ id: endpoint.id });
    await assertSigned(received, endpoint.secret, secret, (...wrong) =>
      assert.throws(() => client.validateEvent(...wrong), client.WebhookVerificationError),
    );
    await newCustomer("signed-anew");
    assert.equal((await reader.next(secret)).event.data.name, "signed-anew");
  });

  test("deliveries are listed and repeated", async () => {
    const endpoint = await newEndpoint("customer.created");
    await newCustomer("delivered");
    const { body, headers } = await reader.next(endpoint.secret);
    const [delivery] = await deliveries(endpoint, 1);
    const event = delivery.webhookEvent;
    assert.deepEqual([delivery.succeeded, delivery.httpCode, delivery.response], [true, 200, "thank you"]);
    assert.deepEqual([event.id, event.type], [headers["webhook-id"], "customer.created"]);
    assert.deepEqual([event.payload, event.succeeded, event.lastHttpCode], [String(body), true, 200]);
    for (const query of [{ succeeded: false }, { httpCodeClass: "5xx" }, { eventType: "benefit.created" }]) {
      await deliveries(endpoint, 0, query);
    }
    for (const query of [{ query: event.id }, { httpCodeClass: "2xx" }, { eventType: ["customer.created"] }]) {
      await deliveries(endpoint, 1, query);
    }

    await webhooks.redeliverWebhookEvent({ id: event.id });
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
    assert.deepEqual([latest.httpCode, latest.succeeded], [200, true]);
    assert.deepEqual([earlier.httpCode, earlier.succeeded], [500, false]);
  });
});
