/** Where the server is, and the operations of Sextant's own that no Polar client knows, as plain HTTP. */

import assert from "node:assert/strict";

export const baseUrl = process.env.SEXTANT_URL;
export const accessToken = process.env.SEXTANT_TOKEN;
export const readerToken = process.env.SEXTANT_READER_TOKEN;

/** The JSON of an answer, which must have this status. */
export async function ask(status, method, path, body) {
  const answer = await fetch(`${baseUrl}${path}`, {
    method,
    headers: { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.equal(answer.status, status, text);
  return JSON.parse(text);
}

/** Credits a customer meter. */
export const credit = (customer_id, meter_id, units) =>
  ask(201, "POST", "/v1/customer-meters/credits", { customer_id, meter_id, units });

/** Grants a benefit; the grant. */
export const grant = (benefitId, customer_id) => ask(201, "POST", `/v1/benefits/${benefitId}/grants`, { customer_id });

/** Starts the next period of a grant; the grant. */
export const cycle = (grantId) => ask(200, "POST", `/v1/benefit-grants/${grantId}/cycle`, {});

/** Takes a grant back; the grant. */
export const revoke = (grantId) => ask(200, "DELETE", `/v1/benefit-grants/${grantId}`);
