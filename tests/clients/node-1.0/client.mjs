/** What the tests share: the client of each version of the API, and what it says of a refusal. */

import assert from "node:assert/strict";
import { describe } from "node:test";

import { PolarClientError } from "@polar-sh/sdk";
import * as sdk202604 from "@polar-sh/sdk/2026-04";
import * as sdk202610 from "@polar-sh/sdk/2026-10";
import * as sdk202701 from "@polar-sh/sdk/2027-01";

import { accessToken, baseUrl } from "./own.mjs";

/** The filter for events of that name. */
export function named(name) {
  return { conjunction: "and", clauses: [{ property: "name", operator: "eq", value: name }] };
}

/** All items of the client's own iterator. */
export async function all(iterator) {
  const items = [];
  for await (const item of iterator) items.push(item);
  return items;
}

export function sameInstant(text, expected) {
  assert.equal(new Date(text).toISOString(), new Date(expected).toISOString());
}

/** What the client throws. */
export const refused = (asked) => asked.then(() => assert.fail("not refused"), (error) => error);

export async function assertUnauthorized(...asked) {
  for (const error of await Promise.all(asked.map(refused))) {
    assert.ok(error instanceof PolarClientError, String(error));
    assert.equal(error.statusCode, 401);
  }
}

/** Runs the tests with the client of each version, which is in what they are given. */
export function eachVersion(tests) {
  for (const [version, { createPolar, errors, webhooks }] of [
    ["2026-04", sdk202604],
    ["2026-10", sdk202610],
    ["2027-01", sdk202701],
  ]) {
    const polar = createPolar({ accessToken, baseUrl });

    /** The only fault of a request that is refused with 422. */
    async function refusal(asked) {
      const error = await refused(asked);
      assert.ok(error instanceof errors.HTTPValidationError, String(error));
      assert.equal(error.statusCode, 422);
      assert.equal(error.error.detail.length, 1);
      const [{ loc, type }] = error.error.detail;
      return { loc, type };
    }

    async function assertNotFound(...asked) {
      for (const error of await Promise.all(asked.map(refused))) {
        assert.ok(error instanceof errors.ResourceNotFound, String(error));
        assert.deepEqual([error.statusCode, error.error.error], [404, "ResourceNotFound"]);
      }
    }

    const given = { version, polar, createPolar, errors, webhooks, refusal, assertNotFound };
    describe(`version ${version}`, () => tests(given));
  }
}
