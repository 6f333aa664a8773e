"""What polar-sdk 1.0.2 does with all that surrounds metering: event types, customers of every kind, the organization, benefits and
their grants, customer sessions and the portal. For each version of the API that it offers.

The environment is that of `test_client.py`.
"""

import csv
import io
import json
import unittest
import uuid
from datetime import datetime, timedelta, timezone

from polar import base

import client
from client import Client, instant, named
from own import URL, cycle, grant, revoke


class Management(Client):
    def new_customer(self, who, **fields):
        mail = f"{who}-{self.version}@example.com"
        return self.polar.customers.create(email=mail, external_id=f"{who} {self.version}", **fields)

    def new_meter(self, name):
        name = f"{name}.{self.version}"
        return self.polar.meters.create(name=name, filter=named(name), aggregation={"func": "count"})

    def new_benefit(self, meter, units=10, **fields):
        properties = {"meter_id": meter.id, "units": units, "rollover": False}
        fields = {"description": f"{units} of {meter.name}", "properties": properties, **fields}
        return self.polar.benefits.create(type="meter_credit", **fields)

    def units(self, customer, meter):
        """What the customer's meter says: consumed, credited, balance."""
        [row] = self.polar.customer_meters.list(customer_id=customer.id, meter_id=meter.id).items
        return row.consumed_units, row.credited_units, row.balance

    def assert_unauthorized(self, *calls):
        for call in calls:
            with self.assertRaises(base.PolarClientError) as refused:
                call()
            self.assertEqual(refused.exception.status_code, 401)

    # Event types

    def test_event_types_are_listed_with_what_was_sent(self):
        name, who = f"typed.{self.version}", f"types-{self.version}"
        times = ["2025-03-02T00:00:00Z", "2025-03-01T00:00:00Z"]
        sent = [{"name": name, "external_customer_id": who, "timestamp": time} for time in times]
        sent.append({"name": f"{name}.other", "external_customer_id": who})
        self.polar.events.ingest(events=sent)
        [found, other] = self.polar.event_types.iter_list(query=name, sorting=["last_seen"], limit=1)
        self.assertEqual((found.name, found.label, found.source, found.occurrences), (name, name, "user", 2))
        self.assertEqual(instant(found.first_seen), instant("2025-03-01T00:00:00+00:00"))
        self.assertEqual(instant(found.last_seen), instant("2025-03-02T00:00:00+00:00"))
        self.assertEqual((other.name, other.occurrences), (f"{name}.other", 1))
        of_customer = self.polar.event_types.list(external_customer_id=who, source="user", root_events=True)
        self.assertEqual({it.name for it in of_customer.items}, {name, other.name})

    def test_an_event_type_is_given_a_label(self):
        name, who = f"labelled.{self.version}", f"labels-{self.version}"
        sent = [{"name": name, "external_customer_id": who, "metadata": {"title": "First"}}]
        self.polar.events.ingest(events=sent)
        [found] = self.polar.event_types.list(query=name).items
        updated = self.polar.event_types.update(found.id, label=f" Label {self.version} ")
        self.assertEqual((updated.id, updated.name), (found.id, name))
        self.assertEqual((updated.label, updated.label_property_selector), (f"Label {self.version}", None))
        [event] = self.polar.events.list(name=name).items
        self.assertEqual(event.label, updated.label)
        [found] = self.polar.events.list_names(query=name).items
        self.assertEqual(found.label, updated.label)
        selected = self.polar.event_types.update(updated.id, label="Title", label_property_selector="title")
        self.assertEqual((selected.label, selected.label_property_selector), ("Title", "title"))
        [event] = self.polar.events.list(name=name).items
        self.assertEqual(event.label, "First")
        fault = self.refusal(lambda: self.polar.event_types.update(updated.id, label=" "))
        self.assertEqual(fault, (["body", "label"], "value_error"))
        with self.assertRaises(self.errors.EventTypesUpdate404Error):
            self.polar.event_types.update(str(uuid.uuid4()), label="x")

    # Customers

    def test_a_team_is_a_customer(self):
        team = self.polar.customers.create(
            type="team",
            name="Acme",
            external_id=f"acme {self.version}",
            owner={"email": f"owner-{self.version}@example.com", "name": "Olga"},
        )
        self.assertEqual((team.type, team.name, team.email), ("team", "Acme", None))
        self.assertEqual(self.polar.customers.get(team.id), team)
        state = self.polar.customers.get_state(team.id)
        self.assertEqual((state.type, state.id), ("team", team.id))
        fault = self.refusal(lambda: self.polar.customers.create(type="team", name="Nobody"))
        self.assertEqual(fault, (["body", "team"], "value_error"))

        alone = self.new_customer("grows")
        grown = self.polar.customers.update(alone.id, type="team")
        self.assertEqual((grown.type, grown.email), ("team", alone.email))
        fault = self.refusal(lambda: self.polar.customers.update(alone.id, type="individual"))
        self.assertEqual(fault, (["body", "type"], "value_error"))

    def test_a_tax_id_belongs_to_a_country(self):
        france = {"country": "FR"}
        customer = self.new_customer("taxed", tax_id="FR61954506077", billing_address=france)
        self.assertEqual(customer.tax_id, ["FR61954506077", "eu_vat"])
        wrong = {"email": f"wrong-{self.version}@example.com", "tax_id": "FR00000000000"}
        fault = self.refusal(lambda: self.polar.customers.create(billing_address=france, **wrong))
        self.assertEqual(fault[1], "invalid")
        fault = self.refusal(lambda: self.polar.customers.create(**wrong))
        self.assertEqual(fault, (["body", "billing_address"], "missing"))

    def test_customers_are_exported(self):
        name = 'Zoë "Z", of Paris'
        customer = self.new_customer("exported", name=name, metadata={"plan": "pro", "seats": 3})
        text = self.polar.customers.export()
        self.assertIn("\r\n", text)
        [row] = [row for row in csv.DictReader(io.StringIO(text)) if row["ID"] == customer.id]
        self.assertEqual((row["Name"], row["Email"], row["External ID"]), (name, customer.email, customer.external_id))
        self.assertEqual(json.loads(row["Metadata"]), {"plan": "pro", "seats": 3})
        self.assertEqual(len(self.polar.customers.export(organization_id=str(uuid.uuid4())).splitlines()), 1)

    def test_a_customer_is_deleted_and_forgotten(self):
        customer = self.new_customer("forgotten", name="Fred")
        name = f"forgotten.{self.version}"
        self.polar.events.ingest(events=[{"name": name, "customer_id": customer.id}])
        self.assertIsNone(self.polar.customers.delete(customer.id, anonymize=True))
        self.assert_not_found(
            lambda: self.polar.customers.get(customer.id),
            lambda: self.polar.customers.get_external(customer.external_id),
            lambda: self.polar.customers.delete_external(customer.external_id),
        )
        [event] = self.polar.events.list(name=name).items
        self.assertEqual(event.customer.id, customer.id)
        self.assertNotEqual(event.customer.email, customer.email)
        self.assertIsNotNone(event.customer.deleted_at)
        # Both names are free again.
        again = self.new_customer("forgotten")
        self.assertNotEqual(again.id, customer.id)
        self.assertIsNone(self.polar.customers.delete_external(again.external_id))
        self.assert_not_found(lambda: self.polar.customers.get(again.id))

    # The organization

    def test_a_token_has_one_organization(self):
        [own] = self.polar.organizations.iter_list()
        self.assertEqual(self.polar.organizations.get(own.id), own)
        self.assertEqual([it.id for it in self.polar.organizations.list(slug=own.slug).items], [own.id])
        self.assertEqual(self.polar.organizations.list(slug="nobodys").items, [])
        changed = self.polar.organizations.update(own.id, name=f"Own {self.version}", website="https://example.com/")
        self.assertEqual((changed.name, changed.website), (f"Own {self.version}", "https://example.com/"))
        self.assertEqual((changed.slug, changed.customer_portal_settings), (own.slug, own.customer_portal_settings))
        self.assertEqual(self.polar.organizations.get(own.id), changed)
        fault = self.refusal(lambda: self.polar.organizations.update(own.id, name="ab"))
        self.assertEqual(fault, (["body", "name"], "string_too_short"))
        stranger = str(uuid.uuid4())
        self.assert_not_found(
            lambda: self.polar.organizations.get(stranger),
            lambda: self.polar.organizations.update(stranger, name="Stranger"),
        )
        self.assert_unauthorized(lambda: self.polar.organizations.create(name="Another", slug="another"))

    # Benefits and grants

    def test_a_benefit_is_created_read_updated_and_deleted(self):
        meter = self.new_meter("benefit")
        made = self.new_benefit(meter, metadata={"plan": "pro"})
        self.assertEqual((made.type, made.description), ("meter_credit", f"10 of {meter.name}"))
        self.assertEqual((made.properties.meter_id, made.properties.units), (meter.id, 10))
        self.assertEqual((made.properties.rollover, made.visibility), (False, "public"))
        self.assertEqual((made.is_deleted, made.metadata), (False, {"plan": "pro"}))
        self.assertEqual(self.polar.benefits.get(made.id), made)

        more = {"meter_id": meter.id, "units": 20, "rollover": True}
        kind = {"type": "meter_credit"}
        updated = self.polar.benefits.update(made.id, description="Twenty", properties=more, visibility="private", **kind)
        self.assertEqual((updated.description, updated.visibility), ("Twenty", "private"))
        self.assertEqual((updated.properties.units, updated.properties.rollover), (20, True))
        self.assertEqual((updated.metadata, updated.created_at), (made.metadata, made.created_at))
        self.assertEqual(self.polar.benefits.get(made.id), updated)

        self.assertIsNone(self.polar.benefits.delete(made.id))
        self.assert_not_found(
            lambda: self.polar.benefits.get(made.id),
            lambda: self.polar.benefits.update(made.id, description="Gone", **kind),
            lambda: self.polar.benefits.delete(made.id),
            lambda: self.polar.benefits.grants(made.id),
        )

    def test_a_benefit_needs_a_meter(self):
        stranger = {"units": 1, "rollover": False, "meter_id": str(uuid.uuid4())}
        benefit = {"type": "meter_credit", "description": "Nothing"}
        fault = self.refusal(lambda: self.polar.benefits.create(properties=stranger, **benefit))
        self.assertEqual((fault[0][0], fault[0][-1], fault[1]), ("body", "meter_id", "value_error"))
        meter = self.new_meter("needed")
        none = {"units": 0, "rollover": False, "meter_id": meter.id}
        fault = self.refusal(lambda: self.polar.benefits.create(properties=none, **benefit))
        self.assertEqual((fault[0][-1], fault[1]), ("units", "greater_than"))
        self.new_benefit(meter)
        fault = self.refusal(lambda: self.polar.meters.update(meter.id, is_archived=True))
        self.assertEqual(fault, (["body", "is_archived"], "value_error"))

    def test_benefits_are_listed_page_by_page(self):
        meter = self.new_meter("listed")
        made = [self.new_benefit(meter, description=f"{self.version} no. {n}", metadata={"n": n}) for n in range(5)]
        query = f"{self.version} no."
        found = list(self.polar.benefits.iter_list(query=query, limit=2, sorting=["description"]))
        self.assertEqual(found, made)
        self.assertEqual(self.polar.benefits.list(query=query, metadata={"n": "3"}).items, [made[3]])
        ids = [made[0].id, made[1].id]
        self.assertEqual(self.polar.benefits.list(id=ids, exclude_id=ids[0], type="meter_credit").items, [made[1]])

    def test_a_grant_credits_is_cycled_and_revoked(self):
        customer, meter = self.new_customer("granted"), self.new_meter("granted")
        benefit = self.new_benefit(meter)
        self.polar.events.ingest(events=[{"name": meter.name, "customer_id": customer.id}] * 3)
        made = grant(benefit.id, customer.id)
        self.assertEqual(self.units(customer, meter), (3, 10, 7))

        [found] = self.polar.benefits.iter_grants(benefit.id)
        self.assertEqual((found.id, found.benefit, found.customer.id), (made["id"], benefit, customer.id))
        self.assertEqual((found.is_granted, found.is_revoked), (True, False))
        self.assertEqual(self.polar.benefit_grants.list(customer_id=customer.id).items, [found])
        by_name = self.polar.benefit_grants.iter_list(external_customer_id=customer.external_id, is_granted=True)
        self.assertEqual(list(by_name), [found])

        state = self.polar.customers.get_state(customer.id)
        [granted] = state.granted_benefits
        self.assertEqual((granted.id, granted.benefit_id), (found.id, benefit.id))
        self.assertEqual((granted.benefit_type, granted.granted_at), ("meter_credit", found.granted_at))
        [active] = [it for it in state.active_meters if it.meter_id == meter.id]
        self.assertEqual((active.consumed_units, active.credited_units, active.balance), (3, 10, 7))

        cycle(found.id)
        self.assertEqual(self.units(customer, meter), (0, 10, 10))
        revoke(found.id)
        self.assertEqual(self.units(customer, meter), (0, 0, 0))
        [revoked] = self.polar.benefits.grants(benefit.id, customer_id=customer.id).items
        self.assertEqual((revoked.is_granted, revoked.is_revoked), (False, True))
        self.assertEqual(self.polar.benefits.grants(benefit.id, is_granted=True).items, [])
        self.assertEqual(self.polar.customers.get_state(customer.id).granted_benefits, [])

        events = self.polar.events.list(customer_id=customer.id, source="system", sorting=["timestamp"], limit=100)
        benefits = [it for it in events.items if it.name.startswith("benefit.")]
        self.assertEqual([it.name for it in benefits], ["benefit.granted", "benefit.cycled", "benefit.revoked"])
        self.assertEqual({it.metadata.benefit_grant_id for it in benefits}, {found.id})

    # Sessions and the portal

    def test_a_customer_sees_the_own_meters(self):
        customer, meter = self.new_customer("portal"), self.new_meter("portal")
        self.polar.events.ingest(events=[{"name": meter.name, "customer_id": customer.id}] * 2)
        back = "https://example.com/back"
        session = self.polar.customer_sessions.create(external_customer_id=customer.external_id, return_url=back)
        self.assertEqual((session.customer_id, session.customer.email), (customer.id, customer.email))
        self.assertEqual(session.return_url, back)
        self.assertIn(session.token, session.customer_portal_url)
        lives = instant(session.expires_at) - datetime.now(timezone.utc)
        self.assertTrue(timedelta(minutes=59) < lives <= timedelta(hours=1), lives)

        with self.sdk.Polar(access_token=session.token, base_url=URL) as own:
            [found] = own.customer_portal.customer_meters.iter_list(query=meter.name, sorting=["meter_name"])
            self.assertEqual((found.customer_id, found.meter_id), (customer.id, meter.id))
            self.assertEqual((found.meter.id, found.meter.name), (meter.id, meter.name))
            self.assertEqual((found.consumed_units, found.credited_units, found.balance), (2, 0, -2))
            self.assertEqual(own.customer_portal.customer_meters.get(found.id), found)
            self.assertEqual(own.customer_portal.customer_meters.list(meter_id=meter.id).items, [found])
            self.assert_not_found(lambda: own.customer_portal.customer_meters.get(str(uuid.uuid4())))
            # A session opens the portal alone, and the portal is for sessions alone.
            self.assert_unauthorized(
                lambda: own.meters.list(),
                lambda: self.polar.customer_portal.customer_meters.list(),
                lambda: self.polar.customer_portal.customer_meters.get(found.id),
            )
            other = self.new_customer("portal-other")
            session = self.polar.customer_sessions.create(customer_id=other.id)
            with self.sdk.Polar(access_token=session.token, base_url=URL) as others:
                self.assert_not_found(lambda: others.customer_portal.customer_meters.get(found.id))

    def test_a_session_needs_a_customer(self):
        fault = self.refusal(lambda: self.polar.customer_sessions.create(customer_id=str(uuid.uuid4())))
        self.assertEqual(fault, (["body", "customer_id"], "value_error"))
        fault = self.refusal(lambda: self.polar.customer_sessions.create(external_customer_id="nobody"))
        self.assertEqual(fault, (["body", "external_customer_id"], "value_error"))


class Version202604(Management, client.Version202604, unittest.TestCase):
    pass


class Version202610(Management, client.Version202610, unittest.TestCase):
    pass


class Version202701(Management, client.Version202701, unittest.TestCase):
    pass
