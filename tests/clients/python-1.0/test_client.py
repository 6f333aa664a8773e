"""What polar-sdk 1.0.2 does against Sextant, for each version of the API that it offers.

Nothing is changed but the address and the token. The environment names the server (SEXTANT_URL), a token that may do
everything (SEXTANT_TOKEN) and one that may only read meters (SEXTANT_READER_TOKEN), both of one organization that is new.
"""

import asyncio
import json
import unittest
import uuid
from datetime import datetime, timedelta, timezone
from unittest import mock

import httpx
from polar import base

import client
from client import Client, instant, named
from own import READER_TOKEN, TOKEN, URL, credit

MARCH = {"start_timestamp": "2025-03-01T00:00:00Z", "end_timestamp": "2025-03-03T00:00:00Z", "interval": "day"}


class Operations(Client):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.call = f"call.{cls.version}"
        cls.bob = f"bob-{cls.version}"
        cls.ada = cls.polar.customers.create(
            email=f"ada-{cls.version}@example.com", name="Ada", external_id=f"ada-{cls.version}", metadata={"plan": "pro"}
        )
        # Ada is named in both ways; nobody has made Bob; the second time has an offset that puts it on another day.
        cls.events = [
            {
                "name": cls.call,
                "external_id": f"{cls.version}-1",
                "external_customer_id": cls.ada.external_id,
                "timestamp": "2025-03-01T10:00:00Z",
                "metadata": {"model": "large", "tokens": 1200, "cost": 0.1},
            },
            {
                "name": cls.call,
                "external_id": f"{cls.version}-2",
                "customer_id": cls.ada.id,
                "timestamp": "2025-03-02T00:30:00+01:00",
                "metadata": {"model": "small", "tokens": 300, "cost": 0.2, "cached": True},
            },
            {
                "name": cls.call,
                "external_id": f"{cls.version}-3",
                "external_customer_id": cls.bob,
                "timestamp": "2025-03-03T08:00:00.123456Z",
                "metadata": {"model": "large", "tokens": 500, "cost": 0.3},
            },
        ]
        cls.ingested = cls.polar.events.ingest(events=cls.events)
        cls.tokens = cls.create_meter("tokens", {"func": "sum", "property": "tokens"})

    @classmethod
    def create_meter(cls, what, aggregation):
        return cls.polar.meters.create(name=f"{cls.version} {what}", filter=named(cls.call), aggregation=aggregation)

    def quantities(self, meter, **query):
        answer = self.polar.meters.quantities(meter.id, **{**MARCH, **query})
        return [point.quantity for point in answer.quantities], answer.total

    # Meters

    def test_a_meter_is_created_read_and_updated(self):
        made = self.polar.meters.create(
            name=f"{self.version} requests",
            unit="custom",
            custom_label="request",
            custom_multiplier=1000,
            metadata={"team": "api", "tier": 2, "share": 0.5, "beta": True},
            filter={
                "conjunction": "or",
                "clauses": [
                    {"property": "name", "operator": "like", "value": "nobody sends this"},
                    {
                        "conjunction": "and",
                        "clauses": [
                            {"property": "metadata.tokens", "operator": "gte", "value": 10},
                            {"property": "metadata.cached", "operator": "eq", "value": False},
                        ],
                    },
                ],
            },
            aggregation={"func": "count"},
        )
        self.assertEqual((made.unit, made.custom_label, made.custom_multiplier), ("custom", "request", 1000))
        self.assertEqual(made.metadata, {"team": "api", "tier": 2, "share": 0.5, "beta": True})
        self.assertEqual(made.filter.clauses[1].clauses[0].property, "tokens")
        self.assertIs(made.filter.clauses[1].clauses[1].value, False)
        self.assertEqual(made.aggregation.func, "count")
        self.assertIsNone(made.archived_at)
        self.assertEqual(self.polar.meters.get(made.id), made)

        updated = self.polar.meters.update(
            made.id,
            name=f"{self.version} renamed",
            metadata={"team": "data"},
            aggregation={"func": "max", "property": "tokens"},
        )
        self.assertEqual((updated.name, updated.metadata), (f"{self.version} renamed", {"team": "data"}))
        self.assertEqual((updated.aggregation.func, updated.aggregation.property), ("max", "tokens"))
        self.assertEqual(updated.filter, made.filter)
        self.assertEqual(self.polar.meters.get(made.id), updated)

        archived = self.polar.meters.update(made.id, is_archived=True)
        self.assertIsNotNone(archived.archived_at)
        listed = self.polar.meters.list(is_archived=True, query=f"{self.version} renamed")
        self.assertEqual([meter.id for meter in listed.items], [made.id])
        self.assertIsNone(self.polar.meters.update(made.id, is_archived=False).archived_at)

    def test_meters_are_listed_page_by_page(self):
        names = [f"{self.version} page {letter}" for letter in "abcde"]
        for name in names:
            self.polar.meters.create(name=name, filter=named("page"), aggregation={"func": "count"})
        query = f"{self.version} page"
        found = self.polar.meters.iter_list(query=query, limit=2)
        self.assertEqual([meter.name for meter in found], names)
        found = self.polar.meters.iter_list(query=query, limit=2, sorting=["-name"])
        self.assertEqual([meter.name for meter in found], names[::-1])
        page = self.polar.meters.list(query=query, limit=2, page=3)
        self.assertEqual((page.pagination.total_count, page.pagination.max_page, len(page.items)), (5, 3, 1))

    def test_a_meter_that_has_counted_keeps_its_filter(self):
        fault = self.refusal(lambda: self.polar.meters.update(self.tokens.id, filter=named("other")))
        self.assertEqual(fault, (["body", "filter"], "forbidden"))
        self.assertEqual(self.polar.meters.get(self.tokens.id), self.tokens)

    # Events and quantities

    def test_events_count_once_for_ever(self):
        self.assertEqual((self.ingested.inserted, self.ingested.duplicates), (3, 0))
        again = self.polar.events.ingest(events=self.events)
        self.assertEqual((again.inserted, again.duplicates), (0, 3))
        nothing = self.polar.events.ingest(events=[])
        self.assertEqual((nothing.inserted, nothing.duplicates), (0, 0))

    def test_quantities_of_every_aggregation(self):
        of_tokens = {"property": "tokens"}
        expected = [
            ({"func": "count"}, [2, 0, 1], 3),
            ({"func": "sum", **of_tokens}, [1500, 0, 500], 2000),
            ({"func": "max", **of_tokens}, [1200, 0, 500], 1200),
            ({"func": "min", **of_tokens}, [300, 0, 500], 300),
            ({"func": "avg", **of_tokens}, [750, 0, 500], 2000 / 3),
            ({"func": "unique", "property": "model"}, [2, 0, 1], 2),
            # In floats 0.1 + 0.2 + 0.3 is 0.6000000000000001.
            ({"func": "sum", "property": "cost"}, [0.3, 0, 0.3], 0.6),
        ]
        for aggregation, quantities, total in expected:
            with self.subTest(aggregation):
                meter = self.create_meter(str(aggregation), aggregation)
                self.assertEqual(self.quantities(meter), (quantities, total))

    def test_quantities_are_cut_by_the_day_of_a_time_zone(self):
        asked = {
            "start_timestamp": "2025-03-01T00:00:00+01:00",
            "end_timestamp": "2025-03-03T00:00:00+01:00",
            "interval": "day",
        }
        answer = self.polar.meters.quantities(self.tokens.id, timezone="Europe/Paris", **asked)
        self.assertEqual([point.quantity for point in answer.quantities], [1200, 300, 500])
        first = instant("2025-03-01T00:00:00+01:00")
        expected = [first + timedelta(days=day) for day in range(3)]
        self.assertEqual([instant(point.timestamp) for point in answer.quantities], expected)

    def test_quantities_of_a_customer_under_either_identifier(self):
        for who in ({"customer_id": self.ada.id}, {"external_customer_id": self.ada.external_id}):
            self.assertEqual(self.quantities(self.tokens, **who), ([1500, 0, 0], 1500))
        self.assertEqual(self.quantities(self.tokens, external_customer_id=self.bob), ([0, 0, 500], 500))
        both = [self.ada.external_id, self.bob]
        self.assertEqual(self.quantities(self.tokens, external_customer_id=both), ([1500, 0, 500], 2000))

    def test_quantities_of_metadata_and_over_customers(self):
        self.assertEqual(self.quantities(self.tokens, metadata={"model": "large"}), ([1200, 0, 500], 1700))
        either = {"model": ["large", "small"]}
        self.assertEqual(self.quantities(self.tokens, metadata=either), ([1500, 0, 500], 2000))
        over = {"customer_aggregation_function": "count"}
        self.assertEqual(self.quantities(self.tokens, **over), ([1, 0, 1], 2))

    def test_events_are_listed_and_read(self):
        newest, second, oldest = self.polar.events.list(name=self.call).items
        self.assertEqual(instant(newest.timestamp), instant("2025-03-03T08:00:00.123456+00:00"))
        self.assertEqual((newest.external_customer_id, newest.customer), (self.bob, None))
        self.assertEqual(instant(second.timestamp), instant("2025-03-01T23:30:00+00:00"))
        self.assertEqual((second.customer_id, second.customer.email), (self.ada.id, self.ada.email))
        self.assertEqual(second.metadata, {"model": "small", "tokens": 300, "cost": 0.2, "cached": True})
        self.assertIs(type(second.metadata["tokens"]), int)
        self.assertEqual((oldest.name, oldest.label, oldest.source), (self.call, self.call, "user"))
        self.assertEqual(self.polar.events.get(second.id), second)

    def test_events_are_found_by_what_they_are(self):
        def found(**query):
            page = self.polar.events.list(**{"name": self.call, "sorting": ["timestamp"], **query})
            self.assertEqual(page.pagination.total_count, len(page.items))
            return [event.metadata["tokens"] for event in page.items]

        self.assertEqual(found(), [1200, 300, 500])
        self.assertEqual(found(customer_id=self.ada.id), [1200, 300])
        self.assertEqual(found(external_customer_id=[self.bob]), [500])
        self.assertEqual(found(metadata={"model": "large"}), [1200, 500])
        self.assertEqual(found(meter_id=self.tokens.id), [1200, 300, 500])
        self.assertEqual(found(source="system"), [])
        self.assertEqual(found(start_timestamp="2025-03-01T10:00:00Z"), [300, 500])
        self.assertEqual(found(end_timestamp="2025-03-02T00:30:00+01:00"), [1200])
        above = {"conjunction": "and", "clauses": [{"property": "tokens", "operator": "gt", "value": 400}]}
        self.assertEqual(found(filter=json.dumps(above)), [1200, 500])

    def test_structured_metadata_comes_back(self):
        name = f"llm.{self.version}"
        llm = {
            "vendor": "acme",
            "model": "large",
            "input_tokens": 10,
            "cached_input_tokens": 2,
            "output_tokens": 5,
            "total_tokens": 15,
        }
        cost = {"amount": 1.25, "currency": "usd"}
        sent = {"name": name, "external_customer_id": self.bob, "metadata": {"_llm": llm, "_cost": cost, "who": "bob"}}
        self.polar.events.ingest(events=[sent])
        [event] = self.polar.events.list(name=name).items
        self.assertEqual(event.metadata["who"], "bob")
        self.assertEqual(event.metadata["_llm"].total_tokens, 15)
        self.assertEqual(float(event.metadata["_cost"].amount), 1.25)

    def test_events_have_children(self):
        name = f"span.{self.version}"
        key = f"{name}.root"
        root = {"name": name, "external_customer_id": self.bob, "external_id": key}
        child = {"name": f"{name}.child", "external_customer_id": self.bob, "parent_id": key}
        self.polar.events.ingest(events=[root, child, child])
        [parent] = self.polar.events.list(name=name).items
        self.assertEqual((parent.parent_id, parent.child_count), (None, 2))
        children = self.polar.events.list(parent_id=parent.id).items
        self.assertEqual([event.parent_id for event in children], [parent.id] * 2)

    def test_names_of_events_are_counted(self):
        [found] = self.polar.events.iter_list_names(query=self.call.upper())
        self.assertEqual((found.name, found.label, found.source, found.occurrences), (self.call, self.call, "user", 3))
        self.assertEqual(instant(found.first_seen), instant("2025-03-01T10:00:00+00:00"))
        self.assertEqual(instant(found.last_seen), instant("2025-03-03T08:00:00.123456+00:00"))

    # Customers

    def test_a_customer_is_created_read_updated_and_deleted(self):
        email, external_id = f"eve-{self.version}@example.com", f"eve {self.version}"
        made = self.polar.customers.create(
            email=email,
            name="Eve",
            external_id=external_id,
            billing_address={"country": "FR", "city": "Paris"},
            metadata={"plan": "free"},
        )
        self.assertEqual((made.email, made.external_id, made.type), (email, external_id, "individual"))
        self.assertEqual((made.billing_address.country, made.billing_address.city), ("FR", "Paris"))
        self.assertEqual(self.polar.customers.get(made.id), made)
        self.assertEqual(self.polar.customers.get_external(external_id), made)

        updated = self.polar.customers.update(made.id, name="Evelyn", metadata={"plan": "pro"})
        self.assertEqual((updated.name, updated.metadata), ("Evelyn", {"plan": "pro"}))
        updated = self.polar.customers.update_external(external_id, name="Eva")
        self.assertEqual(self.polar.customers.get(made.id), updated)
        self.assertIsNotNone(updated.modified_at)

        self.assertIsNone(self.polar.customers.delete(made.id))
        with self.assertRaises(self.errors.ResourceNotFound):
            self.polar.customers.get(made.id)

    def test_customers_are_listed_page_by_page(self):
        team = f"team-{self.version}"
        for number in range(5):
            self.polar.customers.create(email=f"{number}@{team}.example.com", metadata={"team": team})
        found = list(self.polar.customers.iter_list(metadata={"team": team}, limit=2, sorting=["email"]))
        self.assertEqual([customer.email for customer in found], [f"{n}@{team}.example.com" for n in range(5)])
        [found] = self.polar.customers.list(email=self.ada.email.upper()).items
        self.assertEqual(found.id, self.ada.id)

    # Customer meters and state

    def test_a_customer_meter_tells_what_was_used_and_credited(self):
        [found] = self.polar.customer_meters.iter_list(customer_id=self.ada.id, meter_id=self.tokens.id)
        self.assertEqual((found.consumed_units, found.credited_units, found.balance), (1500, 0, -1500))
        self.assertEqual((found.customer_id, found.meter_id), (self.ada.id, self.tokens.id))
        self.assertEqual((found.customer.id, found.customer.email), (self.ada.id, self.ada.email))
        self.assertEqual(found.meter, self.tokens)
        self.assertEqual(self.polar.customer_meters.get(found.id), found)

        other = self.create_meter("to be credited", {"func": "count"})
        credit(self.ada.id, other.id, 10)
        [found] = self.polar.customer_meters.list(external_customer_id=self.ada.external_id, meter_id=other.id).items
        self.assertEqual((found.consumed_units, found.credited_units, found.balance), (2, 10, 8))
        [event] = [
            event
            for event in self.polar.events.list(source="system", name="meter.credited", customer_id=self.ada.id).items
            if event.metadata.meter_id == other.id
        ]
        self.assertEqual((event.metadata.units, event.metadata.rollover), (10, False))
        self.assertEqual(event.label, "Meter Credited")

    def test_customer_meters_are_listed_page_by_page(self):
        for what in ("one", "two"):
            self.create_meter(f"row {what}", {"func": "count"})
        whole = self.polar.customer_meters.list(customer_id=self.ada.id, limit=100)
        self.assertGreaterEqual(len(whole.items), 3)
        paged = self.polar.customer_meters.iter_list(customer_id=self.ada.id, limit=2, sorting=["meter_name"])
        names = [row.meter.name for row in paged]
        self.assertEqual(len(names), whole.pagination.total_count)
        self.assertEqual(names, sorted(names))

    def test_the_state_of_a_customer_holds_its_meters(self):
        state = self.polar.customers.get_state(self.ada.id)
        self.assertEqual((state.id, state.email, state.metadata), (self.ada.id, self.ada.email, {"plan": "pro"}))
        self.assertEqual((state.active_subscriptions, state.granted_benefits), ([], []))
        [used] = [meter for meter in state.active_meters if meter.meter_id == self.tokens.id]
        self.assertEqual((used.consumed_units, used.credited_units, used.balance), (1500, 0, -1500))
        external = self.polar.customers.get_state_external(self.ada.external_id)
        self.assertEqual(external.id, self.ada.id)
        self.assertIn(used, external.active_meters)

    def test_an_event_shows_in_balances_at_once(self):
        name = f"at-once.{self.version}"
        meter = self.polar.meters.create(name=name, filter=named(name), aggregation={"func": "sum", "property": "units"})
        for number in range(1, 11):
            event = {"name": name, "customer_id": self.ada.id, "metadata": {"units": 0.1}}
            self.polar.events.ingest(events=[event])
            [row] = self.polar.customer_meters.list(customer_id=self.ada.id, meter_id=meter.id).items
            self.assertEqual(row.consumed_units, number / 10)

    # Refusals

    def test_what_is_not_there_is_a_typed_error(self):
        missing = str(uuid.uuid4())
        calls = [
            lambda: self.polar.meters.get(missing),
            lambda: self.polar.meters.update(missing, name="something"),
            lambda: self.polar.meters.quantities(missing, **MARCH),
            lambda: self.polar.events.get(missing),
            lambda: self.polar.customer_meters.get(missing),
            lambda: self.polar.customers.get(missing),
            lambda: self.polar.customers.get_external("nobody"),
            lambda: self.polar.customers.delete(missing),
            lambda: self.polar.customers.get_state(missing),
            lambda: self.polar.customers.get_state_external("nobody"),
        ]
        self.assert_not_found(*calls)

    def test_what_is_wrong_is_told_by_place_and_kind(self):
        fault = self.refusal(lambda: self.polar.meters.get("not-an-id"))
        self.assertEqual(fault, (["path", "id"], "uuid_parsing"))
        short = {"name": "ab", "filter": named("x"), "aggregation": {"func": "count"}}
        fault = self.refusal(lambda: self.polar.meters.create(**short))
        self.assertEqual(fault, (["body", "name"], "string_too_short"))
        tomorrow = (datetime.now(timezone.utc) + timedelta(days=1)).isoformat()
        late = {"name": "late", "external_customer_id": self.bob, "timestamp": tomorrow}
        with self.assertRaises(self.errors.HTTPValidationError) as refused:
            self.polar.events.ingest(events=[late])
        self.assertIn("timestamp", [fault.loc[-1] for fault in refused.exception.error.detail])
        stranger = {"name": "stray", "customer_id": str(uuid.uuid4())}
        fault = self.refusal(lambda: self.polar.events.ingest(events=[stranger]))
        self.assertEqual(fault, (["body", "events", 0, "customer_id"], "customer_id"))
        fault = self.refusal(lambda: self.polar.customers.create(email=self.ada.email))
        self.assertEqual(fault, (["body", "email"], "value_error"))
        decade = {"start_timestamp": "2024-01-01T00:00:00Z", "end_timestamp": "2034-01-01T00:00:00Z", "interval": "hour"}
        fault = self.refusal(lambda: self.polar.meters.quantities(self.tokens.id, **decade))
        self.assertEqual(fault, (["query"], "value_error"))

    def test_tokens_are_checked(self):
        stranger = self.enterContext(self.sdk.Polar(access_token="nobodys", base_url=URL))
        with self.assertRaises(base.PolarClientError) as refused:
            stranger.meters.list()
        self.assertEqual(refused.exception.status_code, 401)
        reader = self.enterContext(self.sdk.Polar(access_token=READER_TOKEN, base_url=URL))
        self.assertEqual(reader.meters.get(self.tokens.id), self.tokens)
        with self.assertRaises(base.PolarClientError) as refused:
            reader.events.ingest(events=self.events)
        self.assertEqual(refused.exception.status_code, 403)

    # The client itself

    def test_the_version_asked_for_is_answered(self):
        answers = []
        send = httpx.Client.send

        def note(client, request, **options):
            answers.append(send(client, request, **options))
            return answers[-1]

        own = self.tokens.organization_id
        polar = self.enterContext(self.sdk.Polar(access_token=TOKEN, base_url=URL, organization_id=own))
        with mock.patch.object(httpx.Client, "send", note):
            self.assertEqual(polar.meters.get(self.tokens.id), self.tokens)
        [answer] = answers
        self.assertEqual(answer.request.headers["Polar-Version"], self.version)
        self.assertEqual(answer.headers["Polar-Version"], self.version)

    def test_the_asynchronous_client_does_the_same(self):
        async def ask():
            async with self.sdk.PolarAsync(access_token=TOKEN, base_url=URL) as polar:
                ingested = await polar.events.ingest(events=self.events)
                rows = [row async for row in polar.customer_meters.iter_list(customer_id=self.ada.id, limit=1)]
                return ingested, rows, await polar.meters.quantities(self.tokens.id, **MARCH)

        ingested, rows, quantities = asyncio.run(ask())
        self.assertEqual((ingested.inserted, ingested.duplicates), (0, 3))
        self.assertIn(self.tokens.id, [row.meter_id for row in rows])
        self.assertEqual(quantities.total, 2000)


class Version202604(Operations, client.Version202604, unittest.TestCase):
    pass


class Version202610(Operations, client.Version202610, unittest.TestCase):
    pass


class Version202701(Operations, client.Version202701, unittest.TestCase):
    pass
