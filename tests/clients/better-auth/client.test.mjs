/**
 * What @polar-sh/better-auth 1.8.4 does against Sextant: a whole better-auth, with its users in memory, whose people sign up, use something
 * and look at what they used. All that the plugin does for metering: customers made, changed and deleted with their users, the
 * plugin `usage`, and of `portal` and `webhooks` what there is without a shop.
 *
 * The environment names the server (SEXTANT_URL), which may send to this machine, and a token of a new organization (SEXTANT_TOKEN).
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { polar, portal, usage, webhooks } from "@polar-sh/better-auth";
import { Polar } from "@polar-sh/sdk";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";

const serverURL = process.env.SEXTANT_URL;
const client = new Polar({ accessToken: process.env.SEXTANT_TOKEN, serverURL });

/** How long a webhook may be on its way. */
const PATIENCE_MS = 30_000;

/** What the webhooks told, and who waits for it. */
const told = [];
let wake = () => {};

let auth, origin, server, ada;

before(async () => {
  server = createServer((request, response) => toNodeHandler(auth)(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${server.address().port}`;
  const endpoint = await client.webhooks.createWebhookEndpoint({
    url: `${origin}/api/auth/polar/webhooks`,
    format: "raw",
    events: ["customer.created", "customer.updated", "customer.deleted"],
  });
  auth = betterAuth({
    baseURL: origin,
    secret: "a secret of the tests, long enough to be one",
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    emailAndPassword: { enabled: true },
    user: { deleteUser: { enabled: true } },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
    plugins: [
      polar({
        client,
        createCustomerOnSignUp: true,
        getCustomerCreateParams: async () => ({ metadata: { from: "sign-up" } }),
        use: [
          portal({ returnUrl: "https://example.com/back", theme: "dark" }),
          usage(),
          webhooks({
            secret: endpoint.secret,
            onPayload: async (payload) => {
              told.push(payload);
              wake();
            },
          }),
        ],
      }),
    ],
  });
  ada = await signUp("ada", "Ada");
});

after(() => server.close().closeAllConnections());

/** A person who has signed up: the user's id, and what the browser sends from then on. */
async function signUp(who, name) {
  const answer = await ask("POST", "/sign-up/email", { body: { email: `${who}@example.com`, password: "password", name } });
  assert.equal(answer.status, 200, answer.text);
  return { id: answer.json.user.id, cookie: answer.cookies };
}

/** An answer of better-auth, as a browser gets it. */
async function ask(method, path, { cookie, body } = {}) {
  const answer = await fetch(`${origin}/api/auth${path}`, {
    method,
    headers: { origin, "Content-Type": "application/json", ...(cookie && { cookie }) },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  const cookies = answer.headers.getSetCookie().map((it) => it.split(";")[0]).join("; ");
  return { status: answer.status, text, json: text && JSON.parse(text), cookies };
}

/** The first that was told of this type and this customer. */
async function toldOf(type, id) {
  const timer = setTimeout(() => wake(new Error(`${type} is not told`)), PATIENCE_MS);
  for (;;) {
    const found = told.find((it) => it.type === type && it.data.id === id);
    if (found) {
      clearTimeout(timer);
      return found.data;
    }
    const error = await new Promise((resolve) => (wake = resolve));
    if (error) throw error;
  }
}

test("who signs up is a customer", async () => {
  const customer = await client.customers.getExternal({ externalId: ada.id });
  assert.deepEqual([customer.email, customer.name], ["ada@example.com", "Ada"]);
  assert.deepEqual(customer.metadata, { from: "sign-up" });
});

test("who was a customer before signing up stays the same customer", async () => {
  const { id } = await client.customers.create({ email: "bob@example.com", name: "Robert" });
  const bob = await signUp("bob", "Bob");
  const customer = await client.customers.getExternal({ externalId: bob.id });
  assert.deepEqual([customer.id, customer.name], [id, "Robert"]);
});

test("what a user uses is in the meters that the user sees", async () => {
  const meter = await client.meters.create({
    name: "tokens",
    filter: { conjunction: "and", clauses: [{ property: "name", operator: "eq", value: "call" }] },
    aggregation: { func: "sum", property: "tokens" },
  });
  for (const tokens of [1, 0.5]) {
    const body = { event: "call", metadata: { tokens, model: "large", cached: false } };
    const sent = await ask("POST", "/usage/ingest", { ...ada, body });
    assert.equal(sent.status, 200, sent.text);
    assert.equal(sent.json.inserted, 1);
  }
  const seen = await ask("GET", "/usage/meters/list?page=1&limit=10", ada);
  assert.equal(seen.status, 200, seen.text);
  const { items, pagination } = seen.json.result;
  assert.deepEqual([items.length, pagination.totalCount], [1, 1]);
  const [{ meterId, consumedUnits, creditedUnits, balance }] = items;
  assert.deepEqual([meterId, consumedUnits, creditedUnits, balance], [meter.id, 1.5, 0, -1.5]);

  const state = await ask("GET", "/customer/state", ada);
  assert.equal(state.status, 200, state.text);
  assert.equal(state.json.externalId, ada.id);
  assert.deepEqual(state.json.activeMeters.map((it) => [it.meterId, it.balance]), [[meter.id, -1.5]]);
});

test("nobody uses anything without a session", async () => {
  const body = { event: "call", metadata: {} };
  assert.equal((await ask("POST", "/usage/ingest", { body })).status, 401);
  assert.equal((await ask("GET", "/usage/meters/list")).status, 401);
});

test("a user is sent to a portal with a session", async () => {
  const { status, json, text } = await ask("POST", "/customer/portal", { ...ada, body: { redirect: false } });
  assert.equal(status, 200, text);
  const url = new URL(json.url);
  assert.equal(url.searchParams.get("theme"), "dark");
  const security = { customerSession: url.searchParams.get("customer_session_token") };
  const { result } = await client.customerPortal.customerMeters.list(security, {});
  assert.equal(result.pagination.totalCount, result.items.length);
});

test("a customer changes and goes with the user, and webhooks tell of it", async () => {
  const eve = await signUp("eve", "Eve");
  const { id } = await client.customers.getExternal({ externalId: eve.id });
  assert.equal((await toldOf("customer.created", id)).email, "eve@example.com");
  const changed = await ask("POST", "/update-user", { ...eve, body: { name: "Evelyn" } });
  assert.equal(changed.status, 200, changed.text);
  assert.equal((await client.customers.get({ id })).name, "Evelyn");
  assert.equal((await toldOf("customer.updated", id)).id, id);
  const deleted = await ask("POST", "/delete-user", { ...eve, body: { password: "password" } });
  assert.equal(deleted.status, 200, deleted.text);
  await assert.rejects(client.customers.get({ id }), { statusCode: 404 });
  assert.equal((await toldOf("customer.deleted", id)).id, id);
});

test("a webhook that is not signed is refused", async () => {
  const headers = {
    "Content-Type": "application/json",
    "webhook-id": "x",
    "webhook-timestamp": String(Math.floor(Date.now() / 1000)),
    "webhook-signature": "v1,x",
  };
  const forged = await fetch(`${origin}/api/auth/polar/webhooks`, { method: "POST", headers, body: "{}" });
  assert.equal(forged.status, 400);
});
