/**
 * After a `kill -9` and a restart: what was acknowledged to until_killed.mjs is there, once.
 *
 * SEXTANT_ACKNOWLEDGED is the number of the last request that was. The one after it was on its way; it may be there, whole.
 */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { CUSTOMER, EVENTS_PER_REQUEST, NAME, polar, request } from "./kept.mjs";

const acknowledged = Number(process.env.SEXTANT_ACKNOWLEDGED);
const day = new Date("2025-03-01T00:00:00Z");

describe("after a kill", () => {
  let meter, customer;

  before(async () => {
    [meter] = (await polar.meters.list({ query: NAME })).result.items;
    customer = await polar.customers.getExternal({ externalId: CUSTOMER });
  });

  async function total(query = {}) {
    const asked = { startTimestamp: day, endTimestamp: day, interval: "day", ...query };
    return (await polar.meters.quantities({ id: meter.id, ...asked })).total;
  }

  test("what was acknowledged is counted everywhere", async () => {
    const events = (await polar.events.list({ name: NAME, limit: 1 })).pagination.totalCount;
    const expected = [acknowledged * EVENTS_PER_REQUEST, (acknowledged + 1) * EVENTS_PER_REQUEST];
    assert.ok(expected.includes(events), `${events} events, ${acknowledged} requests`);
    assert.equal(await total(), events / 10);
    assert.equal(await total({ metadata: { request: acknowledged } }), EVENTS_PER_REQUEST / 10);
    const rows = await polar.customerMeters.list({ customerId: customer.id, meterId: meter.id });
    assert.deepEqual(rows.result.items.map((row) => row.consumedUnits), [events / 10]);
    const { activeMeters } = await polar.customers.getState({ id: customer.id });
    assert.equal(activeMeters.find((row) => row.meterId === meter.id).consumedUnits, events / 10);
  });

  test("what was acknowledged is a duplicate", async () => {
    const before = await total();
    const events = Array.from({ length: acknowledged }, (_, index) => request(index + 1)).flat();
    assert.deepEqual(await polar.events.ingest({ events }), { inserted: 0, duplicates: events.length });
    assert.equal(await total(), before);
  });
});
