/** What the server says has arrived, as plain HTTP. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { ask } from "./own.mjs";

/** How long an event may be on its way that is sent without being waited for. */
const PATIENCE_MS = 30_000;

/** The events of this name, by time, when there are so many. */
export async function arrived(name, count) {
  const path = `/v1/events/?${new URLSearchParams({ name, sorting: "timestamp", limit: "100" })}`;
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const { items } = await ask(200, "GET", path);
    if (items.length >= count || Date.now() > until) {
      assert.equal(items.length, count);
      return items;
    }
    await sleep(20);
  }
}

/** The sum of a property over all events of this name, as a meter gives it. */
export async function sumOf(name, property) {
  const filter = { conjunction: "and", clauses: [{ property: "name", operator: "eq", value: name }] };
  const aggregation = { func: "sum", property };
  const { id } = await ask(201, "POST", "/v1/meters/", { name: `${name} ${property}`, filter, aggregation });
  const [start_timestamp, end_timestamp] = [Date.now() - 86_400_000, Date.now()].map((ms) => new Date(ms).toISOString());
  const query = new URLSearchParams({ start_timestamp, end_timestamp, interval: "day" });
  return (await ask(200, "GET", `/v1/meters/${id}/quantities?${query}`)).total;
}
