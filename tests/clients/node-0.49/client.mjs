/** What the tests share: the client, and what it says of a refusal. */

import assert from "node:assert/strict";

import { Polar } from "@polar-sh/sdk";
import { HTTPValidationError } from "@polar-sh/sdk/models/errors/httpvalidationerror.js";
import { ResourceNotFound } from "@polar-sh/sdk/models/errors/resourcenotfound.js";
import { SDKError } from "@polar-sh/sdk/models/errors/sdkerror.js";

import { accessToken, baseUrl as serverURL } from "./own.mjs";

export const polar = new Polar({ accessToken, serverURL });

/** The filter for events of that name. */
export function named(name) {
  return { conjunction: "and", clauses: [{ property: "name", operator: "eq", value: name }] };
}

/** All items, page by page, by the client's own iterator. */
export async function all(pages) {
  const items = [];
  for await (const page of await pages) items.push(...page.result.items);
  return items;
}

/** What the client throws. */
const refused = (asked) => asked.then(() => assert.fail("not refused"), (error) => error);

/** The only fault of a request that is refused with 422. */
export async function refusal(asked) {
  const error = await refused(asked);
  assert.ok(error instanceof HTTPValidationError, String(error));
  assert.equal(error.statusCode, 422);
  assert.equal(error.detail.length, 1);
  const [{ loc, type }] = error.detail;
  return { loc, type };
}

export async function assertNotFound(...asked) {
  for (const error of await Promise.all(asked.map(refused))) {
    assert.ok(error instanceof ResourceNotFound, String(error));
    assert.deepEqual([error.statusCode, error.error], [404, "ResourceNotFound"]);
  }
}

export async function assertUnauthorized(...asked) {
  for (const error of await Promise.all(asked.map(refused))) {
    assert.ok(error instanceof SDKError, String(error));
    assert.equal(error.statusCode, 401);
  }
}
