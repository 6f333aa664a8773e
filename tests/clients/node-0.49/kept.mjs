/** What the tests of a kill send: requests of three events each, everything in them made from the request's number. */

import { Polar } from "@polar-sh/sdk";

export const NAME = "kept";
export const CUSTOMER = "kay";
export const EVENTS_PER_REQUEST = 3;

export const polar = new Polar({
  accessToken: process.env.SEXTANT_TOKEN,
  serverURL: process.env.SEXTANT_URL,
});

/** The events of a request. Each counts 0.1. */
export function request(number) {
  return Array.from({ length: EVENTS_PER_REQUEST }, (_, event) => ({
    name: NAME,
    externalId: `${NAME}-${number}-${event}`,
    externalCustomerId: CUSTOMER,
    timestamp: new Date("2025-03-01T12:00:00Z"),
    metadata: { units: 0.1, request: number },
  }));
}
