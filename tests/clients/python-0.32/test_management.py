"""What polar-sdk 0.32.0 does with all that surrounds metering: event types, customers of every kind, the organization, benefits and
their grants, customer sessions and the portal.

The environment is that of `test_client.py`.
"""

import csv
import io
import json
import time
import uuid
from datetime import datetime, timedelta, timezone

from polar_sdk import Polar, models
from polar_sdk.ingestion import Ingestion

from client import Client, named, pages
from own import TOKEN, URL, cycle, grant, revoke


def event(name, customer, **fields):
    """An event of a customer, by the external id."""
    return models.EventCreateExternalCustomer(name=name, external_customer_id=customer, **fields)


class Management(Client):
    def new_customer(self, who, **fields):
        return self.polar.customers.create(request={"email": f"{who}@example.com", "external_id": f"{who} 1", **fields})

    def new_meter(self, name):
        request = models.MeterCreate(name=name, filter_=named(name), aggregation=models.CountAggregation())
        return self.polar.meters.create(request=request)

    def new_benefit(self, meter, **fields):
        properties = models.BenefitMeterCreditCreateProperties(meter_id=meter.id, units=10, rollover=False)
        fields = {"description": f"10 of {meter.name}", "properties": properties, **fields}
        return self.polar.benefits.create(request=models.BenefitMeterCreditCreate(**fields))

    def units(self, customer, meter):
        """What the customer's meter says: consumed, credited, balance."""
        [row] = self.polar.customer_meters.list(customer_id=customer.id, meter_id=meter.id).result.items
        return row.consumed_units, row.credited_units, row.balance

    def assert_unauthorized(self, *calls):
        for call in calls:
            with self.assertRaises(models.SDKError) as refused:
                call()
            self.assertEqual(refused.exception.status_code, 401)

    # Event types

    def test_event_types_are_listed_with_what_was_sent(self):
        first, last = (datetime(2025, 3, day, tzinfo=timezone.utc) for day in (1, 2))
        sent = [event("typed", "types", timestamp=time) for time in (last, first)]
        self.ingest(*sent, event("typed.other", "types"))
        by_last = [models.EventTypesSortProperty.LAST_SEEN]
        [found, other] = pages(self.polar.event_types.list(query="typed", sorting=by_last, limit=1))
        self.assertEqual((found.name, found.label, found.occurrences), ("typed", "typed", 2))
        self.assertEqual((found.source, found.first_seen, found.last_seen), (models.EventSource.USER, first, last))
        self.assertEqual((other.name, other.occurrences), ("typed.other", 1))
        of_customer = self.polar.event_types.list(
            external_customer_id="types", source=models.EventSource.USER, root_events=True
        )
        self.assertEqual({it.name for it in of_customer.result.items}, {"typed", "typed.other"})

    def test_an_event_type_is_given_a_label(self):
        self.ingest(event("labelled", "labels", metadata={"title": "First"}))
        [found] = self.polar.event_types.list(query="labelled").result.items
        updated = self.polar.event_types.update(id=found.id, event_type_update={"label": " A label "})
        self.assertEqual((updated.id, updated.name), (found.id, "labelled"))
        self.assertEqual((updated.label, updated.label_property_selector), ("A label", None))
        [shown] = self.polar.events.list(name="labelled").items
        self.assertEqual(shown.label, "A label")
        [shown] = self.polar.events.list_names(query="labelled").result.items
        self.assertEqual(shown.label, "A label")
        selected = models.EventTypeUpdate(label="Title", label_property_selector="title")
        updated = self.polar.event_types.update(id=found.id, event_type_update=selected)
        self.assertEqual((updated.label, updated.label_property_selector), ("Title", "title"))
        [shown] = self.polar.events.list(name="labelled").items
        self.assertEqual(shown.label, "First")
        blank = {"label": " "}
        fault = self.refusal(lambda: self.polar.event_types.update(id=found.id, event_type_update=blank))
        self.assertEqual(fault, (["body", "label"], "value_error"))
        with self.assertRaises(models.SDKError) as refused:
            self.polar.event_types.update(id=str(uuid.uuid4()), event_type_update={"label": "x"})
        self.assertEqual(refused.exception.status_code, 404)

    # Customers

    def test_a_team_is_a_customer(self):
        owner = models.MemberOwnerCreate(email="owner@example.com", name="Olga")
        request = models.CustomerTeamCreate(name="Acme", external_id="acme", owner=owner)
        team = self.polar.customers.create(request=request)
        self.assertIsInstance(team, models.CustomerTeam)
        self.assertEqual((team.name, team.email), ("Acme", None))
        self.assertEqual(self.polar.customers.get(id=team.id), team)
        state = self.polar.customers.get_state(id=team.id)
        self.assertIsInstance(state, models.CustomerStateTeam)
        nobodys = models.CustomerTeamCreate(name="Nobody")
        fault = self.refusal(lambda: self.polar.customers.create(request=nobodys))
        self.assertEqual(fault, (["body", "team"], "value_error"))

        alone = self.new_customer("grows")
        team, individual = ({"type": kind} for kind in (models.CustomerType.TEAM, models.CustomerType.INDIVIDUAL))
        grown = self.polar.customers.update(id=alone.id, customer_update=team)
        self.assertIsInstance(grown, models.CustomerTeam)
        self.assertEqual(grown.email, alone.email)
        fault = self.refusal(lambda: self.polar.customers.update(id=alone.id, customer_update=individual))
        self.assertEqual(fault, (["body", "type"], "value_error"))

    def test_a_tax_id_belongs_to_a_country(self):
        france = {"country": "FR"}
        customer = self.new_customer("taxed", tax_id="FR61954506077", billing_address=france)
        self.assertEqual(customer.tax_id, ["FR61954506077", models.TaxIDFormat.EU_VAT])
        fault = self.refusal(lambda: self.new_customer("wrong", tax_id="FR00000000000", billing_address=france))
        self.assertEqual(fault[1], "invalid")
        fault = self.refusal(lambda: self.new_customer("wrong", tax_id="FR61954506077"))
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
        self.ingest(event("forgotten", customer.external_id))
        self.assertIsNone(self.polar.customers.delete(id=customer.id, anonymize=True))
        self.assert_not_found(
            lambda: self.polar.customers.get(id=customer.id),
            lambda: self.polar.customers.get_external(external_id=customer.external_id),
            lambda: self.polar.customers.delete_external(external_id=customer.external_id),
        )
        # Both names are free again.
        again = self.new_customer("forgotten")
        self.assertNotEqual(again.id, customer.id)
        self.assertIsNone(self.polar.customers.delete_external(external_id=again.external_id))
        self.assert_not_found(lambda: self.polar.customers.get(id=again.id))

    # The organization

    def test_a_token_has_one_organization(self):
        organizations = self.polar.organizations
        [own] = pages(organizations.list_organizations())
        self.assertEqual(organizations.get(id=own.id), own)
        self.assertEqual([it.id for it in organizations.list_organizations(slug=own.slug).result.items], [own.id])
        self.assertEqual(organizations.list_organizations(slug="nobodys").result.items, [])
        changes = models.OrganizationUpdate(name="Our own", website="https://example.com/")
        changed = organizations.update(id=own.id, organization_update=changes)
        self.assertEqual((changed.name, changed.website), ("Our own", "https://example.com/"))
        self.assertEqual((changed.slug, changed.customer_portal_settings), (own.slug, own.customer_portal_settings))
        self.assertEqual(organizations.get(id=own.id), changed)
        fault = self.refusal(lambda: organizations.update(id=own.id, organization_update={"name": "ab"}))
        self.assertEqual(fault, (["body", "name"], "string_too_short"))
        stranger = str(uuid.uuid4())
        self.assert_not_found(
            lambda: organizations.get(id=stranger),
            lambda: organizations.update(id=stranger, organization_update={"name": "Stranger"}),
        )
        self.assert_unauthorized(lambda: organizations.create(request={"name": "Another", "slug": "another"}))

    # Benefits and grants

    def test_a_benefit_is_created_read_updated_and_deleted(self):
        meter = self.new_meter("benefit")
        made = self.new_benefit(meter, metadata={"plan": "pro"})
        self.assertIsInstance(made, models.BenefitMeterCredit)
        self.assertEqual((made.description, made.visibility), ("10 of benefit", models.BenefitVisibility.PUBLIC))
        self.assertEqual((made.properties.meter_id, made.properties.units), (meter.id, 10))
        self.assertEqual((made.properties.rollover, made.is_deleted, made.metadata), (False, False, {"plan": "pro"}))
        self.assertEqual(self.polar.benefits.get(id=made.id), made)

        more = models.BenefitMeterCreditCreateProperties(meter_id=meter.id, units=20, rollover=True)
        private = models.BenefitVisibility.PRIVATE
        changes = models.BenefitMeterCreditUpdate(description="Twenty", properties=more, visibility=private)
        updated = self.polar.benefits.update(id=made.id, request_body=changes)
        self.assertEqual((updated.description, updated.visibility), ("Twenty", private))
        self.assertEqual((updated.properties.units, updated.properties.rollover), (20, True))
        self.assertEqual((updated.metadata, updated.created_at), (made.metadata, made.created_at))
        self.assertEqual(self.polar.benefits.get(id=made.id), updated)

        self.assertIsNone(self.polar.benefits.delete(id=made.id))
        self.assert_not_found(
            lambda: self.polar.benefits.get(id=made.id),
            lambda: self.polar.benefits.update(id=made.id, request_body=changes),
            lambda: self.polar.benefits.delete(id=made.id),
            lambda: self.polar.benefits.grants(id=made.id),
        )

    def test_a_benefit_needs_a_meter(self):
        stranger = models.BenefitMeterCreditCreateProperties(meter_id=str(uuid.uuid4()), units=1, rollover=False)
        meter = self.new_meter("needed")
        fault = self.refusal(lambda: self.new_benefit(meter, properties=stranger))
        self.assertEqual((fault[0][0], fault[0][-1], fault[1]), ("body", "meter_id", "value_error"))
        none = models.BenefitMeterCreditCreateProperties(meter_id=meter.id, units=0, rollover=False)
        fault = self.refusal(lambda: self.new_benefit(meter, properties=none))
        self.assertEqual((fault[0][-1], fault[1]), ("units", "greater_than"))
        self.new_benefit(meter)
        archived = {"is_archived": True}
        fault = self.refusal(lambda: self.polar.meters.update(id=meter.id, meter_update=archived))
        self.assertEqual(fault, (["body", "is_archived"], "value_error"))

    def test_benefits_are_listed_page_by_page(self):
        meter = self.new_meter("listed")
        made = [self.new_benefit(meter, description=f"Listed no. {n}", metadata={"n": n}) for n in range(5)]
        listed = self.polar.benefits.list
        by_description = [models.BenefitSortProperty.DESCRIPTION]
        self.assertEqual(list(pages(listed(query="listed no.", limit=2, sorting=by_description))), made)
        self.assertEqual(listed(query="listed no.", metadata={"n": "3"}).result.items, [made[3]])
        ids = [made[0].id, made[1].id]
        kind = models.BenefitType.METER_CREDIT
        self.assertEqual(listed(id=ids, exclude_id=ids[0], type_filter=kind).result.items, [made[1]])

    def test_a_grant_credits_is_cycled_and_revoked(self):
        customer, meter = self.new_customer("granted"), self.new_meter("granted")
        benefit = self.new_benefit(meter)
        self.ingest(*[event(meter.name, customer.external_id)] * 3)
        made = grant(benefit.id, customer.id)
        self.assertEqual(self.units(customer, meter), (3, 10, 7))

        [found] = pages(self.polar.benefits.grants(id=benefit.id))
        self.assertEqual((found.id, found.benefit, found.customer.id), (made["id"], benefit, customer.id))
        self.assertEqual((found.is_granted, found.is_revoked), (True, False))
        self.assertEqual(self.polar.benefit_grants.list(customer_id=customer.id).result.items, [found])
        by_name = self.polar.benefit_grants.list(external_customer_id=customer.external_id, is_granted=True)
        self.assertEqual(list(pages(by_name)), [found])

        state = self.polar.customers.get_state(id=customer.id)
        [granted] = state.granted_benefits
        self.assertEqual((granted.id, granted.benefit_id), (found.id, benefit.id))
        self.assertEqual((granted.benefit_type, granted.granted_at), (models.BenefitType.METER_CREDIT, found.granted_at))
        [active] = [it for it in state.active_meters if it.meter_id == meter.id]
        self.assertEqual((active.consumed_units, active.credited_units, active.balance), (3, 10, 7))

        cycle(found.id)
        self.assertEqual(self.units(customer, meter), (0, 10, 10))
        revoke(found.id)
        self.assertEqual(self.units(customer, meter), (0, 0, 0))
        [revoked] = self.polar.benefits.grants(id=benefit.id, customer_id=customer.id).result.items
        self.assertEqual((revoked.is_granted, revoked.is_revoked), (False, True))
        self.assertEqual(self.polar.benefits.grants(id=benefit.id, is_granted=True).result.items, [])
        self.assertEqual(self.polar.customers.get_state(id=customer.id).granted_benefits, [])

        by_time = [models.EventSortProperty.TIMESTAMP]
        of_system = models.EventSource.SYSTEM
        events = self.polar.events.list(customer_id=customer.id, source=of_system, sorting=by_time, limit=100)
        told = [it for it in events.items if it.NAME.startswith("benefit.")]
        self.assertEqual([it.NAME for it in told], ["benefit.granted", "benefit.cycled", "benefit.revoked"])
        self.assertEqual({it.metadata.benefit_grant_id for it in told}, {found.id})

    # Sessions and the portal

    def test_a_customer_sees_the_own_meters(self):
        customer, meter = self.new_customer("portal"), self.new_meter("portal")
        self.ingest(*[event(meter.name, customer.external_id)] * 2)
        back = "https://example.com/back"
        request = models.CustomerSessionCustomerExternalIDCreate(
            external_customer_id=customer.external_id, return_url=back
        )
        session = self.polar.customer_sessions.create(request=request)
        self.assertEqual((session.customer_id, session.customer.email), (customer.id, customer.email))
        self.assertEqual(session.return_url, back)
        self.assertIn(session.token, session.customer_portal_url)
        lives = session.expires_at - datetime.now(timezone.utc)
        self.assertTrue(timedelta(minutes=59) < lives <= timedelta(hours=1), lives)

        meters = self.enterContext(Polar(server_url=URL)).customer_portal.customer_meters
        security = {"customer_session": session.token}
        [found] = pages(meters.list(security=security, query="portal"))
        self.assertEqual((found.customer_id, found.meter_id), (customer.id, meter.id))
        self.assertEqual((found.meter.id, found.meter.name), (meter.id, meter.name))
        self.assertEqual((found.consumed_units, found.credited_units, found.balance), (2, 0, -2))
        self.assertEqual(meters.get(security=security, id=found.id), found)
        self.assertEqual(meters.list(security=security, meter_id=meter.id).result.items, [found])
        self.assert_not_found(lambda: meters.get(security=security, id=str(uuid.uuid4())))
        # A session opens the portal alone, and the portal is for sessions alone.
        own = self.enterContext(Polar(access_token=session.token, server_url=URL))
        self.assert_unauthorized(
            lambda: own.meters.list(),
            lambda: meters.list(security={"customer_session": TOKEN}),
            lambda: meters.get(security={"customer_session": TOKEN}, id=found.id),
        )
        other = self.new_customer("portal-other")
        request = models.CustomerSessionCustomerIDCreate(customer_id=other.id)
        others = {"customer_session": self.polar.customer_sessions.create(request=request).token}
        self.assert_not_found(lambda: meters.get(security=others, id=found.id))

    def test_a_session_needs_a_customer(self):
        by_id = models.CustomerSessionCustomerIDCreate(customer_id=str(uuid.uuid4()))
        fault = self.refusal(lambda: self.polar.customer_sessions.create(request=by_id))
        self.assertEqual(fault, (["body", "customer_id"], "value_error"))
        by_name = models.CustomerSessionCustomerExternalIDCreate(external_customer_id="nobody")
        fault = self.refusal(lambda: self.polar.customer_sessions.create(request=by_name))
        self.assertEqual(fault, (["body", "external_customer_id"], "value_error"))

    # The client's own thread that sends events

    def test_events_sent_in_the_background_arrive_once(self):
        ingestion = Ingestion(access_token=TOKEN, server_url=URL, max_batch_size=7, flush_interval=0.01)
        numbers = range(40)
        for number in numbers:
            metadata = {"number": number, "_cost": {"amount": 0.25, "currency": "usd"}}
            ingestion.ingest({"name": "background", "external_customer_id": "thread", "metadata": metadata})
        until = time.monotonic() + 30
        while ingestion._queue.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.01)
        ingestion.close()
        found = self.polar.events.list(name="background", limit=100).items
        self.assertEqual(sorted(it.metadata["number"] for it in found), list(numbers))
        self.assertEqual(sum(float(it.metadata["_cost"].amount) for it in found), 10)
