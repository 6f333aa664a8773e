/**
 * After a `kill -9` and a restart: what was acknowledged to until_killed.mjs is there, once.
 *
 * SEXTANT_ACKNOWLEDGED is the number of the last request that was. The one after it was on its way; it may be there, whole.
 */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { CUSTOMER, EVENTS_PER_REQUEST, NAME, polar, request } from "./kept.mjs";

const acknowledged = Number(process.env.SEXTANT_ACKNOWLEDGED);
const day = "2025-03-01T00:00:00Z";

describe("after a kill", () => {
  let meter, customer;

  before(async () => {
    [meter] = (await polar.meters.list({ query: NAME })).items;
    customer = await polar.customers.getExternal(CUSTOMER);
  });

  async function total(query = {}) {
    const asked = { start_timestamp: day, end_timestamp: day, interval: "day", ...query };
    return (await polar.meters.quantities(meter.id, asked)).total;
  }

  test("what was acknowledged is counted everywhere", async () => {
    const events = (await polar.events.list({ name: NAME, limit: 1 })).pagination.total_count;
    const expected = [acknowledged * EVENTS_PER_REQUEST, (acknowledged + 1) * EVENTS_PER_REQUEST];
    assert.ok(expected.includes(events), `${events} events, ${acknowledged} requests`);
    assert.equal(await total(), events / 10);
    assert.equal(await total({ metadata: { request: acknowledged } }), EVENTS_PER_REQUEST / 10);
    const rows = await polar.customerMeters.list({ customer_id: customer.id, meter_id: meter.id });
    assert.deepEqual(rows.items.map((row) => row.consumed_units), [events / 10]);
    const { active_meters } = await polar.customers.getState(customer.id);
    assert.equal(active_meters.find((row) => row.meter_id === meter.id).consumed_units, events / 10);
  });

  test("what was acknowledged is a duplicate", async () => {
    const before = await total();
    const events = Array.from({ length: acknowledged }, (_, index) => request(index + 1)).flat();
    assert.deepEqual(await polar.events.ingest({ events }), { inserted: 0, duplicates: events.length });
    assert.equal(await total(), before);
  });
});
