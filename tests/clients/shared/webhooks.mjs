/** What the tests of webhooks share: waiting for what is told, and who may read it. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { Webhook, WebhookVerificationError } from "standardwebhooks";

import { PATIENCE_MS } from "./receiver.mjs";

/** What a receiver gets, as a client reads it: with `read`, which takes a body, headers and a secret. */
export class Reader {
  #receiver;
  #read;
  #aside = [];

  constructor(receiver, read) {
    this.#receiver = receiver;
    this.#read = read;
  }

  /** The next request, and what the client reads in it. */
  async next(secret) {
    const { body, headers } = await this.#receiver.next();
    return { body, headers, event: await this.#read(body, headers, secret) };
  }

  /** The data of the next event of this type that is the one; what came before it is kept for the next call. */
  async told(secret, type, isIt = () => true) {
    const is = (event) => event.type === type && isIt(event.data);
    const index = this.#aside.findIndex(is);
    if (index >= 0) return this.#aside.splice(index, 1)[0].data;
    for (;;) {
      const { event } = await this.next(secret);
      if (is(event)) return event.data;
      this.#aside.push(event);
    }
  }
}

/** What `list` gives, when it is so many: deliveries are noted after they are answered. */
export async function whenThere(count, list) {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await list();
    if (found.length >= count || Date.now() > until) {
      assert.equal(found.length, count);
      return found;
    }
    await sleep(20);
  }
}

/**
 * That a request is signed with its body and this secret: the package `standardwebhooks` takes it, and refuses it with another body or
 * another secret, as the client does by `assertRefused`.
 */
export async function assertSigned({ body, headers }, secret, other, assertRefused) {
  // The key is the whole secret, and the package takes it in base64.
  const verifier = (key) => new Webhook(Buffer.from(key).toString("base64"));
  assert.deepEqual(verifier(secret).verify(body, headers), JSON.parse(body));
  const spoiled = Buffer.concat([body, Buffer.from(" ")]);
  for (const [wrong, key] of [[spoiled, secret], [body, other]]) {
    await assertRefused(wrong, headers, key);
    assert.throws(() => verifier(key).verify(wrong, headers), WebhookVerificationError);
  }
}
