/** What the tests of a kill send: requests of three events each, everything in them made from the request's number. */

import { createPolar } from "@polar-sh/sdk/2027-01";

export const NAME = "kept";
export const CUSTOMER = "kay";
export const EVENTS_PER_REQUEST = 3;

export const polar = createPolar({
  accessToken: process.env.SEXTANT_TOKEN,
  baseUrl: process.env.SEXTANT_URL,
});

/** The events of a request. Each counts 0.1. */
export function request(number) {
  return Array.from({ length: EVENTS_PER_REQUEST }, (_, event) => ({
    name: NAME,
    external_id: `${NAME}-${number}-${event}`,
    external_customer_id: CUSTOMER,
    timestamp: "2025-03-01T12:00:00Z",
    metadata: { units: 0.1, request: number },
  }));
}
