/**
 * What @polar-sh/sdk 0.49.0 does with all that surrounds metering: event types, customers of every kind, the organization, benefits and
 * their grants, customer sessions and the portal.
 *
 * The environment is that of `client.test.mjs`.
 */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";

import { Polar } from "@polar-sh/sdk";

import { all, assertNotFound, assertUnauthorized, named, polar, refusal } from "./client.mjs";
import { accessToken, baseUrl as serverURL, cycle, grant, revoke } from "./own.mjs";

describe("management", () => {
  const newCustomer = (who, fields) =>
    polar.customers.create({ email: `${who}@example.com`, externalId: `${who} 1`, ...fields });

  const newMeter = (name) => polar.meters.create({ name, filter: named(name), aggregation: { func: "count" } });

  function newBenefit(meter, fields) {
    const properties = { meterId: meter.id, units: 10, rollover: false };
    return polar.benefits.create({ type: "meter_credit", description: `10 of ${meter.name}`, properties, ...fields });
  }

  /** What the customer's meter says: consumed, credited, balance. */
  async function units(customer, meter) {
    const rows = await all(polar.customerMeters.list({ customerId: customer.id, meterId: meter.id }));
    return rows.flatMap((row) => [row.consumedUnits, row.creditedUnits, row.balance]);
  }

  const ids = (items) => items.map((item) => item.id);
  const labels = async (pages) => (await all(pages)).map((item) => item.label);

  // The list of events has no iterator: its pages come in two forms.
  const listEvents = async (query) => (await polar.events.list(query)).items;

  // Event types

  test("event types are listed with what was sent", async () => {
    const externalCustomerId = "types";
    const [first, last] = [new Date("2025-03-01T00:00:00Z"), new Date("2025-03-02T00:00:00Z")];
    const events = [last, first].map((timestamp) => ({ name: "typed", externalCustomerId, timestamp }));
    await polar.events.ingest({ events: [...events, { name: "typed.other", externalCustomerId }] });
    const [found, other] = await all(polar.eventTypes.list({ query: "typed", sorting: ["last_seen"], limit: 1 }));
    assert.deepEqual([found.name, found.label, found.source, found.occurrences], ["typed", "typed", "user", 2]);
    assert.deepEqual([found.firstSeen, found.lastSeen], [first, last]);
    assert.deepEqual([other.name, other.occurrences], ["typed.other", 1]);
    const ofCustomer = await all(polar.eventTypes.list({ externalCustomerId, source: "user", rootEvents: true }));
    assert.deepEqual(ofCustomer.map((it) => it.name).sort(), ["typed", "typed.other"]);
  });

  test("an event type is given a label", async () => {
    const name = "labelled";
    await polar.events.ingest({ events: [{ name, externalCustomerId: "labels", metadata: { title: "First" } }] });
    const [{ id }] = await all(polar.eventTypes.list({ query: name }));
    let updated = await polar.eventTypes.update({ id, eventTypeUpdate: { label: " A label " } });
    assert.deepEqual([updated.id, updated.name, updated.label], [id, name, "A label"]);
    assert.equal(updated.labelPropertySelector, null);
    assert.deepEqual((await listEvents({ name })).map((it) => it.label), ["A label"]);
    assert.deepEqual(await labels(polar.events.listNames({ query: name })), ["A label"]);
    const eventTypeUpdate = { label: "Title", labelPropertySelector: "title" };
    updated = await polar.eventTypes.update({ id, eventTypeUpdate });
    assert.deepEqual([updated.label, updated.labelPropertySelector], ["Title", "title"]);
    assert.deepEqual((await listEvents({ name })).map((it) => it.label), ["First"]);
    const fault = await refusal(polar.eventTypes.update({ id, eventTypeUpdate: { label: " " } }));
    assert.deepEqual(fault, { loc: ["body", "label"], type: "value_error" });
    await assert.rejects(polar.eventTypes.update({ id: randomUUID(), eventTypeUpdate }), { statusCode: 404 });
  });

  // Customers

  test("a team is a customer", async () => {
    const owner = { email: "owner@example.com", name: "Olga" };
    const team = await polar.customers.create({ type: "team", name: "Acme", externalId: "acme", owner });
    assert.deepEqual([team.type, team.name, team.email], ["team", "Acme", null]);
    assert.deepEqual(await polar.customers.get({ id: team.id }), team);
    const state = await polar.customers.getState({ id: team.id });
    assert.deepEqual([state.type, state.id], ["team", team.id]);
    let fault = await refusal(polar.customers.create({ type: "team", name: "Nobody" }));
    assert.deepEqual(fault, { loc: ["body", "team"], type: "value_error" });

    const { id, email } = await newCustomer("grows");
    const grown = await polar.customers.update({ id, customerUpdate: { type: "team" } });
    assert.deepEqual([grown.type, grown.email], ["team", email]);
    fault = await refusal(polar.customers.update({ id, customerUpdate: { type: "individual" } }));
    assert.deepEqual(fault, { loc: ["body", "type"], type: "value_error" });
  });

  test("a tax id belongs to a country", async () => {
    const billingAddress = { country: "FR" };
    const customer = await newCustomer("taxed", { taxId: "FR61954506077", billingAddress });
    assert.deepEqual(customer.taxId, ["FR61954506077", "eu_vat"]);
    let fault = await refusal(newCustomer("wrong", { taxId: "FR00000000000", billingAddress }));
    assert.equal(fault.type, "invalid");
    fault = await refusal(newCustomer("wrong", { taxId: "FR61954506077" }));
    assert.deepEqual(fault, { loc: ["body", "billing_address"], type: "missing" });
  });

  test("customers are exported", async () => {
    const customer = await newCustomer("exported", { name: 'Zoë "Z", of Paris', metadata: { plan: "pro" } });
    const lines = (await polar.customers.export({})).split("\r\n");
    assert.match(lines[0], /^ID,External ID,Created At,Email,Name,/);
    const line = lines.find((line) => line.startsWith(customer.id));
    assert.ok(line.includes(`,${customer.externalId},`) && line.includes(`,${customer.email},`), line);
    assert.ok(line.includes(',"Zoë ""Z"", of Paris",') && line.includes("pro"), line);
    const others = await polar.customers.export({ organizationId: randomUUID() });
    assert.deepEqual(others.split("\r\n"), [lines[0], ""]);
  });

  test("a customer is deleted and forgotten", async () => {
    const { id, externalId, email } = await newCustomer("forgotten", { name: "Fred" });
    await polar.events.ingest({ events: [{ name: "forgotten", customerId: id }] });
    assert.equal(await polar.customers.delete({ id, anonymize: true }), undefined);
    await assertNotFound(
      polar.customers.get({ id }),
      polar.customers.getExternal({ externalId }),
      polar.customers.deleteExternal({ externalId }),
    );
    const [event] = await listEvents({ name: "forgotten" });
    assert.equal(event.customer.id, id);
    assert.notEqual(event.customer.email, email);
    assert.notEqual(event.customer.deletedAt, null);
    // Both names are free again.
    const again = await newCustomer("forgotten");
    assert.notEqual(again.id, id);
    assert.equal(await polar.customers.deleteExternal({ externalId }), undefined);
    await assertNotFound(polar.customers.get({ id: again.id }));
  });

  // The organization

  test("a token has one organization", async () => {
    const { organizations } = polar;
    const [own, ...others] = await all(organizations.listOrganizations({}));
    assert.equal(others.length, 0);
    const { id, slug } = own;
    assert.deepEqual(await organizations.get({ id }), own);
    assert.deepEqual(ids(await all(organizations.listOrganizations({ slug }))), [id]);
    assert.deepEqual(await all(organizations.listOrganizations({ slug: "nobodys" })), []);
    const changes = { name: "Our own", website: "https://example.com/" };
    const { modifiedAt, ...changed } = await organizations.update({ id, organizationUpdate: changes });
    assert.notEqual(modifiedAt, null);
    assert.deepEqual({ ...changed, modifiedAt: own.modifiedAt }, { ...own, ...changes });
    assert.deepEqual(await organizations.get({ id }), { ...changed, modifiedAt });
    const fault = await refusal(organizations.update({ id, organizationUpdate: { name: "ab" } }));
    assert.deepEqual(fault, { loc: ["body", "name"], type: "string_too_short" });
    const stranger = randomUUID();
    await assertNotFound(
      organizations.get({ id: stranger }),
      organizations.update({ id: stranger, organizationUpdate: { name: "Stranger" } }),
    );
    await assertUnauthorized(organizations.create({ name: "Another", slug: "another" }));
  });

  // Benefits and grants

  test("a benefit is created, read, updated and deleted", async () => {
    const type = "meter_credit";
    const meter = await newMeter("benefit");
    const properties = { meterId: meter.id, units: 10, rollover: false };
    const made = await newBenefit(meter, { properties, metadata: { plan: "pro" } });
    const { id } = made;
    assert.deepEqual([made.type, made.description, made.visibility], [type, "10 of benefit", "public"]);
    assert.deepEqual([made.properties, made.metadata, made.isDeleted], [properties, { plan: "pro" }, false]);
    assert.deepEqual(await polar.benefits.get({ id }), made);

    const more = { meterId: meter.id, units: 20, rollover: true };
    const changes = { description: "Twenty", properties: more, visibility: "private" };
    const { modifiedAt, ...updated } = await polar.benefits.update({ id, requestBody: { type, ...changes } });
    assert.deepEqual({ ...updated, modifiedAt: made.modifiedAt }, { ...made, ...changes });
    assert.deepEqual(await polar.benefits.get({ id }), { ...updated, modifiedAt });

    assert.equal(await polar.benefits.delete({ id }), undefined);
    await assertNotFound(
      polar.benefits.get({ id }),
      polar.benefits.update({ id, requestBody: { type, description: "Gone" } }),
      polar.benefits.delete({ id }),
      polar.benefits.grants({ id }),
    );
  });

  test("a benefit needs a meter", async () => {
    const meter = await newMeter("needed");
    const stranger = { meterId: randomUUID(), units: 1, rollover: false };
    let { loc, type } = await refusal(newBenefit(meter, { properties: stranger }));
    assert.deepEqual([loc[0], loc.at(-1), type], ["body", "meter_id", "value_error"]);
    const none = { meterId: meter.id, units: 0, rollover: false };
    ({ loc, type } = await refusal(newBenefit(meter, { properties: none })));
    assert.deepEqual([loc.at(-1), type], ["units", "greater_than"]);
    await newBenefit(meter);
    const fault = await refusal(polar.meters.update({ id: meter.id, meterUpdate: { isArchived: true } }));
    assert.deepEqual(fault, { loc: ["body", "is_archived"], type: "value_error" });
  });

  test("benefits are listed page by page", async () => {
    const meter = await newMeter("listed");
    const made = [];
    for (const n of [0, 1, 2, 3, 4]) {
      made.push(await newBenefit(meter, { description: `Listed no. ${n}`, metadata: { n } }));
    }
    const list = (query) => all(polar.benefits.list(query));
    const query = "listed no.";
    assert.deepEqual(await list({ query, limit: 2, sorting: ["description"] }), made);
    assert.deepEqual(await list({ query, metadata: { n: "3" } }), [made[3]]);
    const [first, second] = ids(made);
    assert.deepEqual(await list({ id: [first, second], excludeId: first, typeFilter: "meter_credit" }), [made[1]]);
  });

  test("a grant credits, is cycled and revoked", async () => {
    const [customer, meter] = [await newCustomer("granted"), await newMeter("granted")];
    const benefit = await newBenefit(meter);
    await polar.events.ingest({ events: Array(3).fill({ name: meter.name, customerId: customer.id }) });
    const made = await grant(benefit.id, customer.id);
    assert.deepEqual(await units(customer, meter), [3, 10, 7]);

    const [found, ...others] = await all(polar.benefits.grants({ id: benefit.id }));
    assert.equal(others.length, 0);
    assert.deepEqual([found.id, found.benefit, found.customer.id], [made.id, benefit, customer.id]);
    assert.deepEqual([found.isGranted, found.isRevoked], [true, false]);
    assert.deepEqual(await all(polar.benefitGrants.list({ customerId: customer.id })), [found]);
    const byName = { externalCustomerId: customer.externalId, isGranted: true };
    assert.deepEqual(await all(polar.benefitGrants.list(byName)), [found]);

    const state = await polar.customers.getState({ id: customer.id });
    const [granted] = state.grantedBenefits;
    assert.deepEqual([granted.id, granted.benefitId], [found.id, benefit.id]);
    assert.deepEqual([granted.benefitType, granted.grantedAt], ["meter_credit", found.grantedAt]);
    const active = state.activeMeters.find((it) => it.meterId === meter.id);
    assert.deepEqual([active.consumedUnits, active.creditedUnits, active.balance], [3, 10, 7]);

    await cycle(found.id);
    assert.deepEqual(await units(customer, meter), [0, 10, 10]);
    await revoke(found.id);
    assert.deepEqual(await units(customer, meter), [0, 0, 0]);
    const [revoked] = await all(polar.benefits.grants({ id: benefit.id, customerId: customer.id }));
    assert.deepEqual([revoked.id, revoked.isGranted, revoked.isRevoked], [found.id, false, true]);
    assert.deepEqual(await all(polar.benefits.grants({ id: benefit.id, isGranted: true })), []);
    assert.deepEqual((await polar.customers.getState({ id: customer.id })).grantedBenefits, []);

    const ofCustomer = { customerId: customer.id, source: "system", sorting: ["timestamp"], limit: 100 };
    const told = (await listEvents(ofCustomer)).filter((it) => it.name.startsWith("benefit."));
    assert.deepEqual(told.map((it) => it.name), ["benefit.granted", "benefit.cycled", "benefit.revoked"]);
    assert.deepEqual(new Set(told.map((it) => it.metadata.benefitGrantId)), new Set([found.id]));
  });

  // Sessions and the portal

  test("a customer sees the own meters", async () => {
    const [customer, meter] = [await newCustomer("portal"), await newMeter("portal")];
    await polar.events.ingest({ events: Array(2).fill({ name: meter.name, customerId: customer.id }) });
    const returnUrl = "https://example.com/back";
    const session = await polar.customerSessions.create({ externalCustomerId: customer.externalId, returnUrl });
    assert.deepEqual([session.customerId, session.customer.email], [customer.id, customer.email]);
    assert.equal(session.returnUrl, returnUrl);
    assert.ok(session.customerPortalUrl.includes(session.token));
    const lives = session.expiresAt - Date.now();
    assert.ok(59 * 60_000 < lives && lives <= 60 * 60_000, String(lives));

    const { customerMeters } = new Polar({ serverURL }).customerPortal;
    const security = { customerSession: session.token };
    const [found, ...others] = await all(customerMeters.list(security, { query: "portal", sorting: ["meter_name"] }));
    assert.equal(others.length, 0);
    assert.deepEqual([found.customerId, found.meterId], [customer.id, meter.id]);
    assert.deepEqual([found.meter.id, found.meter.name], [meter.id, meter.name]);
    assert.deepEqual([found.consumedUnits, found.creditedUnits, found.balance], [2, 0, -2]);
    assert.deepEqual(await customerMeters.get(security, { id: found.id }), found);
    assert.deepEqual(await all(customerMeters.list(security, { meterId: meter.id })), [found]);
    await assertNotFound(customerMeters.get(security, { id: randomUUID() }));
    // A session opens the portal alone, and the portal is for sessions alone.
    const wrong = { customerSession: accessToken };
    await assertUnauthorized(
      new Polar({ accessToken: session.token, serverURL }).meters.list({}),
      customerMeters.list(wrong, {}),
      customerMeters.get(wrong, { id: found.id }),
    );
    const other = await newCustomer("portal-other");
    const { token } = await polar.customerSessions.create({ customerId: other.id });
    await assertNotFound(customerMeters.get({ customerSession: token }, { id: found.id }));
  });

  test("a session needs a customer", async () => {
    let fault = await refusal(polar.customerSessions.create({ customerId: randomUUID() }));
    assert.deepEqual(fault, { loc: ["body", "customer_id"], type: "value_error" });
    fault = await refusal(polar.customerSessions.create({ externalCustomerId: "nobody" }));
    assert.deepEqual(fault, { loc: ["body", "external_customer_id"], type: "value_error" });
  });
});
