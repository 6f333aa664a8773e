/**
 * What @polar-sh/sdk 1.0.1 does with all that surrounds metering: event types, customers of every kind, the organization, benefits and
 * their grants, customer sessions and the portal. For each version of the API that it offers.
 *
 * The environment is that of `client.test.mjs`.
 */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";

import { all, assertUnauthorized, eachVersion, named, sameInstant } from "./client.mjs";
import { baseUrl, cycle, grant, revoke } from "./own.mjs";

eachVersion(({ version, polar, createPolar, errors, refusal, assertNotFound }) => {
  const newCustomer = (who, fields) =>
    polar.customers.create({ email: `${who}-${version}@example.com`, external_id: `${who} ${version}`, ...fields });

  function newMeter(what) {
    const name = `${what}.${version}`;
    return polar.meters.create({ name, filter: named(name), aggregation: { func: "count" } });
  }

  function newBenefit(meter, fields) {
    const properties = { meter_id: meter.id, units: 10, rollover: false };
    return polar.benefits.create({ type: "meter_credit", description: `10 of ${meter.name}`, properties, ...fields });
  }

  /** What the customer's meter says: consumed, credited, balance. */
  async function units(customer, meter) {
    const { items } = await polar.customerMeters.list({ customer_id: customer.id, meter_id: meter.id });
    return items.flatMap((row) => [row.consumed_units, row.credited_units, row.balance]);
  }

  const ids = (items) => items.map((item) => item.id);

  // Event types

  test("event types are listed with what was sent", async () => {
    const name = `typed.${version}`;
    const external_customer_id = `types-${version}`;
    const times = ["2025-03-02T00:00:00Z", "2025-03-01T00:00:00Z"];
    const events = times.map((timestamp) => ({ name, external_customer_id, timestamp }));
    await polar.events.ingest({ events: [...events, { name: `${name}.other`, external_customer_id }] });
    const [found, other] = await all(polar.eventTypes.iterList({ query: name, sorting: ["last_seen"], limit: 1 }));
    assert.deepEqual([found.name, found.label, found.source, found.occurrences], [name, name, "user", 2]);
    sameInstant(found.first_seen, times[1]);
    sameInstant(found.last_seen, times[0]);
    assert.deepEqual([other.name, other.occurrences], [`${name}.other`, 1]);
    const ofCustomer = await polar.eventTypes.list({ external_customer_id, source: "user", root_events: true });
    assert.deepEqual(ofCustomer.items.map((it) => it.name).sort(), [name, other.name]);
  });

  test("an event type is given a label", async () => {
    const name = `labelled.${version}`;
    const event = { name, external_customer_id: `labels-${version}`, metadata: { title: "First" } };
    await polar.events.ingest({ events: [event] });
    const [found] = (await polar.eventTypes.list({ query: name })).items;
    const label = `Label ${version}`;
    let updated = await polar.eventTypes.update(found.id, { label: ` ${label} ` });
    assert.deepEqual([updated.id, updated.name, updated.label], [found.id, name, label]);
    assert.equal(updated.label_property_selector, null);
    assert.deepEqual((await polar.events.list({ name })).items.map((it) => it.label), [label]);
    assert.deepEqual((await polar.events.listNames({ query: name })).items.map((it) => it.label), [label]);
    updated = await polar.eventTypes.update(found.id, { label: "Title", label_property_selector: "title" });
    assert.deepEqual([updated.label, updated.label_property_selector], ["Title", "title"]);
    assert.deepEqual((await polar.events.list({ name })).items.map((it) => it.label), ["First"]);
    const fault = await refusal(polar.eventTypes.update(found.id, { label: " " }));
    assert.deepEqual(fault, { loc: ["body", "label"], type: "value_error" });
    await assert.rejects(polar.eventTypes.update(randomUUID(), { label: "x" }), errors.EventTypesUpdate404Error);
  });

  // Customers

  test("a team is a customer", async () => {
    const owner = { email: `owner-${version}@example.com`, name: "Olga" };
    const team = await polar.customers.create({ type: "team", name: "Acme", external_id: `acme ${version}`, owner });
    assert.deepEqual([team.type, team.name, team.email], ["team", "Acme", null]);
    assert.deepEqual(await polar.customers.get(team.id), team);
    const state = await polar.customers.getState(team.id);
    assert.deepEqual([state.type, state.id], ["team", team.id]);
    let fault = await refusal(polar.customers.create({ type: "team", name: "Nobody" }));
    assert.deepEqual(fault, { loc: ["body", "team"], type: "value_error" });

    const alone = await newCustomer("grows");
    const grown = await polar.customers.update(alone.id, { type: "team" });
    assert.deepEqual([grown.type, grown.email], ["team", alone.email]);
    fault = await refusal(polar.customers.update(alone.id, { type: "individual" }));
    assert.deepEqual(fault, { loc: ["body", "type"], type: "value_error" });
  });

  test("a tax id belongs to a country", async () => {
    const billing_address = { country: "FR" };
    const customer = await newCustomer("taxed", { tax_id: "FR61954506077", billing_address });
    assert.deepEqual(customer.tax_id, ["FR61954506077", "eu_vat"]);
    let fault = await refusal(newCustomer("wrong", { tax_id: "FR00000000000", billing_address }));
    assert.equal(fault.type, "invalid");
    fault = await refusal(newCustomer("wrong", { tax_id: "FR61954506077" }));
    assert.deepEqual(fault, { loc: ["body", "billing_address"], type: "missing" });
  });

  test("customers are exported", async () => {
    const customer = await newCustomer("exported", { name: 'Zoë "Z", of Paris', metadata: { plan: "pro", seats: 3 } });
    const lines = (await polar.customers.export()).split("\r\n");
    assert.match(lines[0], /^ID,External ID,Created At,Email,Name,/);
    const line = lines.find((line) => line.startsWith(customer.id));
    assert.ok(line.includes(`,${customer.external_id},`) && line.includes(`,${customer.email},`), line);
    assert.ok(line.includes(',"Zoë ""Z"", of Paris",'), line);
    assert.ok(line.endsWith('"{""plan"": ""pro"", ""seats"": 3}"') || line.endsWith('"{""plan"":""pro"",""seats"":3}"'), line);
    const others = await polar.customers.export({ organization_id: randomUUID() });
    assert.deepEqual(others.split("\r\n"), [lines[0], ""]);
  });

  test("a customer is deleted and forgotten", async () => {
    const customer = await newCustomer("forgotten", { name: "Fred" });
    const name = `forgotten.${version}`;
    await polar.events.ingest({ events: [{ name, customer_id: customer.id }] });
    assert.equal(await polar.customers.delete(customer.id, { anonymize: true }), undefined);
    await assertNotFound(
      polar.customers.get(customer.id),
      polar.customers.getExternal(customer.external_id),
      polar.customers.deleteExternal(customer.external_id),
    );
    const [event] = (await polar.events.list({ name })).items;
    assert.equal(event.customer.id, customer.id);
    assert.notEqual(event.customer.email, customer.email);
    assert.notEqual(event.customer.deleted_at, null);
    // Both names are free again.
    const again = await newCustomer("forgotten");
    assert.notEqual(again.id, customer.id);
    assert.equal(await polar.customers.deleteExternal(again.external_id), undefined);
    await assertNotFound(polar.customers.get(again.id));
  });

  // The organization

  test("a token has one organization", async () => {
    const [own, ...others] = await all(polar.organizations.iterList());
    assert.equal(others.length, 0);
    assert.deepEqual(await polar.organizations.get(own.id), own);
    assert.deepEqual(ids((await polar.organizations.list({ slug: own.slug })).items), [own.id]);
    assert.deepEqual((await polar.organizations.list({ slug: "nobodys" })).items, []);
    const changes = { name: `Own ${version}`, website: "https://example.com/" };
    const { modified_at, ...changed } = await polar.organizations.update(own.id, changes);
    assert.notEqual(modified_at, null);
    assert.deepEqual({ ...changed, modified_at: own.modified_at }, { ...own, ...changes });
    assert.deepEqual(await polar.organizations.get(own.id), { ...changed, modified_at });
    const fault = await refusal(polar.organizations.update(own.id, { name: "ab" }));
    assert.deepEqual(fault, { loc: ["body", "name"], type: "string_too_short" });
    const stranger = randomUUID();
    await assertNotFound(
      polar.organizations.get(stranger),
      polar.organizations.update(stranger, { name: "Stranger" }),
    );
    await assertUnauthorized(polar.organizations.create({ name: "Another", slug: "another" }));
  });

  // Benefits and grants

  test("a benefit is created, read, updated and deleted", async () => {
    const type = "meter_credit";
    const meter = await newMeter("benefit");
    const properties = { meter_id: meter.id, units: 10, rollover: false };
    const made = await newBenefit(meter, { properties, metadata: { plan: "pro" } });
    assert.deepEqual([made.type, made.description, made.visibility], [type, `10 of ${meter.name}`, "public"]);
    assert.deepEqual([made.properties, made.metadata, made.is_deleted], [properties, { plan: "pro" }, false]);
    assert.deepEqual(await polar.benefits.get(made.id), made);

    const changes = { description: "Twenty", properties: { meter_id: meter.id, units: 20, rollover: true }, visibility: "private" };
    const { modified_at, ...updated } = await polar.benefits.update(made.id, { type, ...changes });
    assert.deepEqual({ ...updated, modified_at: made.modified_at }, { ...made, ...changes });
    assert.deepEqual(await polar.benefits.get(made.id), { ...updated, modified_at });

    assert.equal(await polar.benefits.delete(made.id), undefined);
    await assertNotFound(
      polar.benefits.get(made.id),
      polar.benefits.update(made.id, { type, description: "Gone" }),
      polar.benefits.delete(made.id),
      polar.benefits.grants(made.id),
    );
  });

  test("a benefit needs a meter", async () => {
    const meter = await newMeter("needed");
    let { loc, type } = await refusal(
      newBenefit(meter, { properties: { meter_id: randomUUID(), units: 1, rollover: false } }),
    );
    assert.deepEqual([loc[0], loc.at(-1), type], ["body", "meter_id", "value_error"]);
    ({ loc, type } = await refusal(newBenefit(meter, { properties: { meter_id: meter.id, units: 0, rollover: false } })));
    assert.deepEqual([loc.at(-1), type], ["units", "greater_than"]);
    await newBenefit(meter);
    const fault = await refusal(polar.meters.update(meter.id, { is_archived: true }));
    assert.deepEqual(fault, { loc: ["body", "is_archived"], type: "value_error" });
  });

  test("benefits are listed page by page", async () => {
    const meter = await newMeter("listed");
    const made = [];
    for (const n of [0, 1, 2, 3, 4]) {
      made.push(await newBenefit(meter, { description: `${version} no. ${n}`, metadata: { n } }));
    }
    const query = `${version} no.`;
    assert.deepEqual(await all(polar.benefits.iterList({ query, limit: 2, sorting: ["description"] })), made);
    assert.deepEqual((await polar.benefits.list({ query, metadata: { n: "3" } })).items, [made[3]]);
    const [first, second] = ids(made);
    const chosen = await polar.benefits.list({ id: [first, second], exclude_id: first, type: "meter_credit" });
    assert.deepEqual(chosen.items, [made[1]]);
  });

  test("a grant credits, is cycled and revoked", async () => {
    const [customer, meter] = [await newCustomer("granted"), await newMeter("granted")];
    const benefit = await newBenefit(meter);
    await polar.events.ingest({ events: Array(3).fill({ name: meter.name, customer_id: customer.id }) });
    const made = await grant(benefit.id, customer.id);
    assert.deepEqual(await units(customer, meter), [3, 10, 7]);

    const [found, ...others] = await all(polar.benefits.iterGrants(benefit.id));
    assert.equal(others.length, 0);
    assert.deepEqual(found, made);
    assert.deepEqual([found.benefit, found.customer.id], [benefit, customer.id]);
    assert.deepEqual([found.is_granted, found.is_revoked], [true, false]);
    assert.equal(found.properties.last_credited_units, 10);
    assert.deepEqual((await polar.benefitGrants.list({ customer_id: customer.id })).items, [found]);
    const byName = { external_customer_id: customer.external_id, is_granted: true };
    assert.deepEqual(await all(polar.benefitGrants.iterList(byName)), [found]);

    const state = await polar.customers.getState(customer.id);
    const [granted] = state.granted_benefits;
    assert.deepEqual([granted.id, granted.benefit_id], [found.id, benefit.id]);
    assert.deepEqual([granted.benefit_type, granted.granted_at], ["meter_credit", found.granted_at]);
    const active = state.active_meters.find((it) => it.meter_id === meter.id);
    assert.deepEqual([active.consumed_units, active.credited_units, active.balance], [3, 10, 7]);

    await cycle(found.id);
    assert.deepEqual(await units(customer, meter), [0, 10, 10]);
    await revoke(found.id);
    assert.deepEqual(await units(customer, meter), [0, 0, 0]);
    const [revoked] = (await polar.benefits.grants(benefit.id, { customer_id: customer.id })).items;
    assert.deepEqual([revoked.id, revoked.is_granted, revoked.is_revoked], [found.id, false, true]);
    assert.deepEqual((await polar.benefits.grants(benefit.id, { is_granted: true })).items, []);
    assert.deepEqual((await polar.customers.getState(customer.id)).granted_benefits, []);

    const ofCustomer = { customer_id: customer.id, source: "system", sorting: ["timestamp"], limit: 100 };
    const told = (await polar.events.list(ofCustomer)).items.filter((it) => it.name.startsWith("benefit."));
    assert.deepEqual(told.map((it) => it.name), ["benefit.granted", "benefit.cycled", "benefit.revoked"]);
    assert.deepEqual(new Set(told.map((it) => it.metadata.benefit_grant_id)), new Set([found.id]));
  });

  // Sessions and the portal

  test("a customer sees the own meters", async () => {
    const [customer, meter] = [await newCustomer("portal"), await newMeter("portal")];
    await polar.events.ingest({ events: Array(2).fill({ name: meter.name, customer_id: customer.id }) });
    const return_url = "https://example.com/back";
    const session = await polar.customerSessions.create({ external_customer_id: customer.external_id, return_url });
    assert.deepEqual([session.customer_id, session.customer.email], [customer.id, customer.email]);
    assert.equal(session.return_url, return_url);
    assert.ok(session.customer_portal_url.includes(session.token));
    const lives = new Date(session.expires_at) - Date.now();
    assert.ok(59 * 60_000 < lives && lives <= 60 * 60_000, String(lives));

    const own = createPolar({ accessToken: session.token, baseUrl });
    const { customerMeters } = own.customerPortal;
    const [found, ...others] = await all(customerMeters.iterList({ query: meter.name, sorting: ["meter_name"] }));
    assert.equal(others.length, 0);
    assert.deepEqual([found.customer_id, found.meter_id], [customer.id, meter.id]);
    assert.deepEqual([found.meter.id, found.meter.name], [meter.id, meter.name]);
    assert.deepEqual([found.consumed_units, found.credited_units, found.balance], [2, 0, -2]);
    assert.deepEqual(await customerMeters.get(found.id), found);
    assert.deepEqual((await customerMeters.list({ meter_id: meter.id })).items, [found]);
    await assertNotFound(customerMeters.get(randomUUID()));
    // A session opens the portal alone, and the portal is for sessions alone.
    await assertUnauthorized(
      own.meters.list(),
      polar.customerPortal.customerMeters.list(),
      polar.customerPortal.customerMeters.get(found.id),
    );
    const other = await newCustomer("portal-other");
    const { token } = await polar.customerSessions.create({ customer_id: other.id });
    await assertNotFound(createPolar({ accessToken: token, baseUrl }).customerPortal.customerMeters.get(found.id));
  });

  test("a session needs a customer", async () => {
    let fault = await refusal(polar.customerSessions.create({ customer_id: randomUUID() }));
    assert.deepEqual(fault, { loc: ["body", "customer_id"], type: "value_error" });
    fault = await refusal(polar.customerSessions.create({ external_customer_id: "nobody" }));
    assert.deepEqual(fault, { loc: ["body", "external_customer_id"], type: "value_error" });
  });
});
