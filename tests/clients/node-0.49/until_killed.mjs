/** Sends one request after the other, and prints the number of each when it is acknowledged, until the server is killed. */

import assert from "node:assert/strict";

import { HTTPClientError } from "@polar-sh/sdk/models/errors/httpclienterrors.js";

import { CUSTOMER, NAME, polar, request } from "./kept.mjs";

await polar.customers.create({ email: `${CUSTOMER}@example.com`, externalId: CUSTOMER });
await polar.meters.create({
  name: NAME,
  filter: { conjunction: "and", clauses: [{ property: "name", operator: "eq", value: NAME }] },
  aggregation: { func: "sum", property: "units" },
});
try {
  for (let number = 1; ; number++) {
    const events = request(number);
    assert.deepEqual(await polar.events.ingest({ events }), { inserted: events.length, duplicates: 0 });
    console.log(number);
  }
} catch (error) {
  if (!(error instanceof HTTPClientError)) throw error;
}
