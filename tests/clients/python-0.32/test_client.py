"""What polar-sdk 0.32.0 does against Sextant.

Nothing is changed but the address and the token. The environment names the server (SEXTANT_URL), a token that may do
everything (SEXTANT_TOKEN) and one that may only read meters (SEXTANT_READER_TOKEN), both of one organization that is new.
"""

import asyncio
import json
import uuid
from datetime import datetime, timedelta, timezone

import httpx
from polar_sdk import Polar, models

from client import Client, named, pages
from own import READER_TOKEN, TOKEN, URL, credit

CALL = "call"
UTC = timezone.utc
PARIS = timezone(timedelta(hours=1))
MARCH = {
    "start_timestamp": datetime(2025, 3, 1, tzinfo=UTC),
    "end_timestamp": datetime(2025, 3, 3, tzinfo=UTC),
    "interval": models.TimeInterval.DAY,
}
COUNT = models.CountAggregation()


def over(func, value):
    return models.PropertyAggregation(func=models.Func(func), property=value)


class Operations(Client):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = cls.polar.customers.create(
            request=models.CustomerIndividualCreate(
                email="ada@example.com", name="Ada", external_id="ada", metadata={"plan": "pro"}
            )
        )
        # Ada is named in both ways; nobody has made Bob; the second time has an offset that puts it on another day.
        cls.events = [
            models.EventCreateExternalCustomer(
                name=CALL,
                external_id="1",
                external_customer_id="ada",
                timestamp=datetime(2025, 3, 1, 10, tzinfo=UTC),
                metadata={"model": "large", "tokens": 1200, "cost": 0.1},
            ),
            models.EventCreateCustomer(
                name=CALL,
                external_id="2",
                customer_id=cls.ada.id,
                timestamp=datetime(2025, 3, 2, 0, 30, tzinfo=PARIS),
                metadata={"model": "small", "tokens": 300, "cost": 0.2, "cached": True},
            ),
            models.EventCreateExternalCustomer(
                name=CALL,
                external_id="3",
                external_customer_id="bob",
                timestamp=datetime(2025, 3, 3, 8, 0, 0, 123456, tzinfo=UTC),
                metadata={"model": "large", "tokens": 500, "cost": 0.3},
            ),
        ]
        cls.ingested = cls.ingest(*cls.events)
        cls.tokens = cls.create_meter("tokens", over("sum", "tokens"))

    @classmethod
    def create_meter(cls, name, aggregation, filter_=None):
        request = models.MeterCreate(name=name, filter_=filter_ or named(CALL), aggregation=aggregation)
        return cls.polar.meters.create(request=request)

    def quantities(self, meter, **query):
        answer = self.polar.meters.quantities(id=meter.id, **{**MARCH, **query})
        return [point.quantity for point in answer.quantities], answer.total

    # Meters

    def test_a_meter_is_created_read_and_updated(self):
        made = self.polar.meters.create(
            request={
                "name": "requests",
                "unit": models.MeterUnit.CUSTOM,
                "custom_label": "request",
                "custom_multiplier": 1000,
                "metadata": {"team": "api", "tier": 2, "share": 0.5, "beta": True},
                "filter_": {
                    "conjunction": models.FilterConjunction.OR,
                    "clauses": [
                        {"property": "name", "operator": models.FilterOperator.LIKE, "value": "nobody sends this"},
                        {
                            "conjunction": models.FilterConjunction.AND,
                            "clauses": [
                                {"property": "metadata.tokens", "operator": models.FilterOperator.GTE, "value": 10},
                                {"property": "metadata.cached", "operator": models.FilterOperator.EQ, "value": False},
                            ],
                        },
                    ],
                },
                "aggregation": {"func": "count"},
            }
        )
        self.assertEqual((made.unit, made.custom_label, made.custom_multiplier), ("custom", "request", 1000))
        self.assertEqual(made.metadata, {"team": "api", "tier": 2, "share": 0.5, "beta": True})
        self.assertEqual(made.filter_.clauses[1].clauses[0].property, "tokens")
        self.assertIs(made.filter_.clauses[1].clauses[1].value, False)
        self.assertIsInstance(made.aggregation, models.CountAggregation)
        self.assertIsNone(made.archived_at)
        self.assertEqual(self.polar.meters.get(id=made.id), made)

        changes = models.MeterUpdate(name="renamed", metadata={"team": "data"}, aggregation=over("max", "tokens"))
        updated = self.polar.meters.update(id=made.id, meter_update=changes)
        self.assertEqual((updated.name, updated.metadata), ("renamed", {"team": "data"}))
        self.assertEqual(updated.aggregation, over("max", "tokens"))
        self.assertEqual(updated.filter_, made.filter_)
        self.assertEqual(self.polar.meters.get(id=made.id), updated)

        archived = self.polar.meters.update(id=made.id, meter_update={"is_archived": True})
        self.assertIsNotNone(archived.archived_at)
        listed = self.polar.meters.list(is_archived=True, query="renamed").result
        self.assertEqual([meter.id for meter in listed.items], [made.id])
        self.assertIsNone(self.polar.meters.update(id=made.id, meter_update={"is_archived": False}).archived_at)

    def test_meters_are_listed_page_by_page(self):
        names = [f"page {letter}" for letter in "abcde"]
        for name in names:
            self.create_meter(name, COUNT, named("page"))
        found = pages(self.polar.meters.list(query="page", limit=2))
        self.assertEqual([meter.name for meter in found], names)
        found = pages(self.polar.meters.list(query="page", limit=2, sorting=[models.MeterSortProperty.MINUS_NAME]))
        self.assertEqual([meter.name for meter in found], names[::-1])
        page = self.polar.meters.list(query="page", limit=2, page=3).result
        self.assertEqual((page.pagination.total_count, page.pagination.max_page, len(page.items)), (5, 3, 1))

    def test_a_meter_that_has_counted_keeps_its_filter(self):
        changes = models.MeterUpdate(filter_=named("other"))
        fault = self.refusal(lambda: self.polar.meters.update(id=self.tokens.id, meter_update=changes))
        self.assertEqual(fault, (["body", "filter"], "forbidden"))
        self.assertEqual(self.polar.meters.get(id=self.tokens.id), self.tokens)

    # Events and quantities

    def test_events_count_once_for_ever(self):
        self.assertEqual((self.ingested.inserted, self.ingested.duplicates), (3, 0))
        again = self.ingest(*self.events)
        self.assertEqual((again.inserted, again.duplicates), (0, 3))
        nothing = self.ingest()
        self.assertEqual((nothing.inserted, nothing.duplicates), (0, 0))

    def test_quantities_of_every_aggregation(self):
        expected = [
            (COUNT, [2, 0, 1], 3),
            (over("sum", "tokens"), [1500, 0, 500], 2000),
            (over("max", "tokens"), [1200, 0, 500], 1200),
            (over("min", "tokens"), [300, 0, 500], 300),
            (over("avg", "tokens"), [750, 0, 500], 2000 / 3),
            (models.UniqueAggregation(property="model"), [2, 0, 1], 2),
            # In floats 0.1 + 0.2 + 0.3 is 0.6000000000000001.
            (over("sum", "cost"), [0.3, 0, 0.3], 0.6),
        ]
        for aggregation, quantities, total in expected:
            with self.subTest(aggregation):
                meter = self.create_meter("an aggregation", aggregation)
                self.assertEqual(self.quantities(meter), (quantities, total))

    def test_quantities_are_cut_by_the_day_of_a_time_zone(self):
        first = datetime(2025, 3, 1, tzinfo=PARIS)
        answer = self.polar.meters.quantities(
            id=self.tokens.id,
            start_timestamp=first,
            end_timestamp=first + timedelta(days=2),
            interval=models.TimeInterval.DAY,
            timezone="Europe/Paris",
        )
        self.assertEqual([point.quantity for point in answer.quantities], [1200, 300, 500])
        expected = [first + timedelta(days=day) for day in range(3)]
        self.assertEqual([point.timestamp for point in answer.quantities], expected)

    def test_quantities_of_a_customer_under_either_identifier(self):
        for who in ({"customer_id": self.ada.id}, {"external_customer_id": "ada"}):
            self.assertEqual(self.quantities(self.tokens, **who), ([1500, 0, 0], 1500))
        self.assertEqual(self.quantities(self.tokens, external_customer_id="bob"), ([0, 0, 500], 500))
        both = self.quantities(self.tokens, external_customer_id=["ada", "bob"])
        self.assertEqual(both, ([1500, 0, 500], 2000))

    def test_quantities_of_metadata_and_over_customers(self):
        self.assertEqual(self.quantities(self.tokens, metadata={"model": "large"}), ([1200, 0, 500], 1700))
        either = {"model": ["large", "small"]}
        self.assertEqual(self.quantities(self.tokens, metadata=either), ([1500, 0, 500], 2000))
        over_customers = {"customer_aggregation_function": models.AggregationFunction.COUNT}
        self.assertEqual(self.quantities(self.tokens, **over_customers), ([1, 0, 1], 2))

    def test_events_are_listed_and_read(self):
        newest, second, oldest = self.polar.events.list(name=CALL).items
        self.assertEqual(newest.timestamp, datetime(2025, 3, 3, 8, 0, 0, 123456, tzinfo=UTC))
        self.assertEqual((newest.external_customer_id, newest.customer), ("bob", None))
        self.assertEqual(second.timestamp, datetime(2025, 3, 1, 23, 30, tzinfo=UTC))
        self.assertEqual((second.customer_id, second.customer.email), (self.ada.id, self.ada.email))
        self.assertEqual(second.metadata, {"model": "small", "tokens": 300, "cost": 0.2, "cached": True})
        self.assertIs(type(second.metadata["tokens"]), int)
        self.assertIsInstance(oldest, models.UserEvent)
        self.assertEqual((oldest.name, oldest.label), (CALL, CALL))
        self.assertEqual(self.polar.events.get(id=second.id), second)

    def test_events_are_found_by_what_they_are(self):
        def found(**query):
            page = self.polar.events.list(
                **{"name": CALL, "sorting": [models.EventSortProperty.TIMESTAMP], **query}
            )
            self.assertEqual(page.pagination.total_count, len(page.items))
            return [event.metadata["tokens"] for event in page.items]

        self.assertEqual(found(), [1200, 300, 500])
        self.assertEqual(found(customer_id=self.ada.id), [1200, 300])
        self.assertEqual(found(external_customer_id=["bob"]), [500])
        self.assertEqual(found(metadata={"model": "large"}), [1200, 500])
        self.assertEqual(found(meter_id=self.tokens.id), [1200, 300, 500])
        self.assertEqual(found(source=models.EventSource.SYSTEM), [])
        self.assertEqual(found(start_timestamp=datetime(2025, 3, 1, 10, tzinfo=UTC)), [300, 500])
        self.assertEqual(found(end_timestamp=datetime(2025, 3, 2, 0, 30, tzinfo=PARIS)), [1200])
        above = {"conjunction": "and", "clauses": [{"property": "tokens", "operator": "gt", "value": 400}]}
        self.assertEqual(found(filter_=json.dumps(above)), [1200, 500])

    def test_structured_metadata_comes_back(self):
        llm = models.LLMMetadata(
            vendor="acme", model="large", input_tokens=10, cached_input_tokens=2, output_tokens=5, total_tokens=15
        )
        cost = models.CostMetadataInput(amount=1.25, currency="usd")
        metadata = {"_llm": llm, "_cost": cost, "who": "bob"}
        self.ingest(models.EventCreateExternalCustomer(name="llm", external_customer_id="bob", metadata=metadata))
        [event] = self.polar.events.list(name="llm").items
        self.assertEqual(event.metadata["who"], "bob")
        self.assertEqual(event.metadata["_llm"].total_tokens, 15)
        self.assertEqual(float(event.metadata["_cost"].amount), 1.25)

    def test_events_have_children(self):
        root = models.EventCreateExternalCustomer(name="span", external_customer_id="bob", external_id="span.root")
        child = models.EventCreateExternalCustomer(name="span.child", external_customer_id="bob", parent_id="span.root")
        self.ingest(root, child, child)
        [parent] = self.polar.events.list(name="span").items
        self.assertEqual((parent.parent_id, parent.child_count), (None, 2))
        children = self.polar.events.list(parent_id=parent.id).items
        self.assertEqual([event.parent_id for event in children], [parent.id] * 2)

    def test_names_of_events_are_counted(self):
        [found] = pages(self.polar.events.list_names(query="CALL", source=models.EventSource.USER))
        self.assertEqual((found.name, found.label, found.source, found.occurrences), (CALL, CALL, "user", 3))
        self.assertEqual(found.first_seen, datetime(2025, 3, 1, 10, tzinfo=UTC))
        self.assertEqual(found.last_seen, datetime(2025, 3, 3, 8, 0, 0, 123456, tzinfo=UTC))

    # Customers

    def test_a_customer_is_created_read_updated_and_deleted(self):
        made = self.polar.customers.create(
            request={
                "email": "eve@example.com",
                "name": "Eve",
                "external_id": "eve 1",
                "billing_address": {"country": "FR", "city": "Paris"},
                "metadata": {"plan": "free"},
            }
        )
        self.assertIsInstance(made, models.CustomerIndividual)
        self.assertEqual((made.email, made.external_id), ("eve@example.com", "eve 1"))
        self.assertEqual((made.billing_address.country, made.billing_address.city), ("FR", "Paris"))
        self.assertEqual(self.polar.customers.get(id=made.id), made)
        self.assertEqual(self.polar.customers.get_external(external_id="eve 1"), made)

        changes = models.CustomerUpdate(name="Evelyn", metadata={"plan": "pro"})
        updated = self.polar.customers.update(id=made.id, customer_update=changes)
        self.assertEqual((updated.name, updated.metadata), ("Evelyn", {"plan": "pro"}))
        changes = models.CustomerUpdateExternalID(name="Eva")
        updated = self.polar.customers.update_external(external_id="eve 1", customer_update_external_id=changes)
        self.assertEqual(self.polar.customers.get(id=made.id), updated)
        self.assertIsNotNone(updated.modified_at)

        self.assertIsNone(self.polar.customers.delete(id=made.id))
        with self.assertRaises(models.ResourceNotFound):
            self.polar.customers.get(id=made.id)

    def test_customers_are_listed_page_by_page(self):
        emails = [f"{number}@team.example.com" for number in range(5)]
        for email in emails:
            self.polar.customers.create(request={"email": email, "metadata": {"team": "red"}})
        by_email = [models.CustomerSortProperty.EMAIL]
        found = pages(self.polar.customers.list(metadata={"team": "red"}, limit=2, sorting=by_email))
        self.assertEqual([customer.email for customer in found], emails)
        [found] = self.polar.customers.list(email=self.ada.email.upper()).result.items
        self.assertEqual(found.id, self.ada.id)

    # Customer meters and state

    def test_a_customer_meter_tells_what_was_used_and_credited(self):
        [found] = pages(self.polar.customer_meters.list(customer_id=self.ada.id, meter_id=self.tokens.id))
        self.assertEqual((found.consumed_units, found.credited_units, found.balance), (1500, 0, -1500))
        self.assertEqual((found.customer_id, found.meter_id), (self.ada.id, self.tokens.id))
        self.assertEqual((found.customer.id, found.customer.email), (self.ada.id, self.ada.email))
        self.assertEqual(found.meter, self.tokens)
        self.assertEqual(self.polar.customer_meters.get(id=found.id), found)

        other = self.create_meter("to be credited", COUNT)
        credit(self.ada.id, other.id, 10)
        [found] = self.polar.customer_meters.list(external_customer_id="ada", meter_id=other.id).result.items
        self.assertEqual((found.consumed_units, found.credited_units, found.balance), (2, 10, 8))
        system = self.polar.events.list(source=models.EventSource.SYSTEM, customer_id=self.ada.id).items
        [event] = [event for event in system if event.metadata.meter_id == other.id]
        self.assertIsInstance(event, models.MeterCreditEvent)
        self.assertEqual((event.metadata.units, event.metadata.rollover), (10, False))
        self.assertEqual(event.label, "Meter Credited")

    def test_customer_meters_are_listed_page_by_page(self):
        for name in ("row one", "row two"):
            self.create_meter(name, COUNT)
        whole = self.polar.customer_meters.list(customer_id=self.ada.id, limit=100).result
        self.assertGreaterEqual(len(whole.items), 3)
        by_name = [models.CustomerMeterSortProperty.METER_NAME]
        paged = pages(self.polar.customer_meters.list(customer_id=self.ada.id, limit=2, sorting=by_name))
        names = [row.meter.name for row in paged]
        self.assertEqual(len(names), whole.pagination.total_count)
        self.assertEqual(names, sorted(names))

    def test_the_state_of_a_customer_holds_its_meters(self):
        state = self.polar.customers.get_state(id=self.ada.id)
        self.assertEqual((state.id, state.email, state.metadata), (self.ada.id, self.ada.email, {"plan": "pro"}))
        self.assertEqual((state.active_subscriptions, state.granted_benefits), ([], []))
        [used] = [meter for meter in state.active_meters if meter.meter_id == self.tokens.id]
        self.assertEqual((used.consumed_units, used.credited_units, used.balance), (1500, 0, -1500))
        external = self.polar.customers.get_state_external(external_id="ada")
        self.assertEqual(external.id, self.ada.id)
        self.assertIn(used, external.active_meters)

    def test_an_event_shows_in_balances_at_once(self):
        meter = self.create_meter("at once", over("sum", "units"), named("at once"))
        for number in range(1, 11):
            self.ingest(
                models.EventCreateCustomer(name="at once", customer_id=self.ada.id, metadata={"units": 0.1})
            )
            [row] = self.polar.customer_meters.list(customer_id=self.ada.id, meter_id=meter.id).result.items
            self.assertEqual(row.consumed_units, number / 10)

    # Refusals

    def test_what_is_not_there_is_a_typed_error(self):
        missing = str(uuid.uuid4())
        calls = [
            lambda: self.polar.meters.get(id=missing),
            lambda: self.polar.meters.update(id=missing, meter_update={"name": "something"}),
            lambda: self.polar.meters.quantities(id=missing, **MARCH),
            lambda: self.polar.events.get(id=missing),
            lambda: self.polar.customer_meters.get(id=missing),
            lambda: self.polar.customers.get(id=missing),
            lambda: self.polar.customers.get_external(external_id="nobody"),
            lambda: self.polar.customers.delete(id=missing),
            lambda: self.polar.customers.get_state(id=missing),
            lambda: self.polar.customers.get_state_external(external_id="nobody"),
        ]
        self.assert_not_found(*calls)

    def test_what_is_wrong_is_told_by_place_and_kind(self):
        fault = self.refusal(lambda: self.polar.meters.get(id="not-an-id"))
        self.assertEqual(fault, (["path", "id"], "uuid_parsing"))
        fault = self.refusal(lambda: self.create_meter("ab", COUNT))
        self.assertEqual(fault, (["body", "name"], "string_too_short"))
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        late = models.EventCreateExternalCustomer(name="late", external_customer_id="bob", timestamp=tomorrow)
        with self.assertRaises(models.HTTPValidationError) as refused:
            self.ingest(late)
        self.assertIn("timestamp", [fault.loc[-1] for fault in refused.exception.data.detail])
        stranger = models.EventCreateCustomer(name="stray", customer_id=str(uuid.uuid4()))
        fault = self.refusal(lambda: self.ingest(stranger))
        self.assertEqual(fault, (["body", "events", 0, "customer_id"], "customer_id"))
        fault = self.refusal(lambda: self.polar.customers.create(request={"email": self.ada.email}))
        self.assertEqual(fault, (["body", "email"], "value_error"))
        decade = {
            "start_timestamp": datetime(2024, 1, 1, tzinfo=UTC),
            "end_timestamp": datetime(2034, 1, 1, tzinfo=UTC),
            "interval": models.TimeInterval.HOUR,
        }
        fault = self.refusal(lambda: self.polar.meters.quantities(id=self.tokens.id, **decade))
        self.assertEqual(fault, (["query"], "value_error"))

    def test_tokens_are_checked(self):
        stranger = self.enterContext(Polar(access_token="nobodys", server_url=URL))
        with self.assertRaises(models.SDKError) as refused:
            stranger.meters.list()
        self.assertEqual(refused.exception.status_code, 401)
        reader = self.enterContext(Polar(access_token=READER_TOKEN, server_url=URL))
        self.assertEqual(reader.meters.get(id=self.tokens.id), self.tokens)
        with self.assertRaises(models.SDKError) as refused:
            reader.events.ingest(request={"events": []})
        self.assertEqual(refused.exception.status_code, 403)

    # The client itself

    def test_a_client_that_names_no_version_gets_the_first(self):
        answers = []
        http = self.enterContext(httpx.Client(event_hooks={"response": [answers.append]}))
        polar = Polar(access_token=TOKEN, server_url=URL, client=http)
        self.assertEqual(polar.meters.get(id=self.tokens.id), self.tokens)
        [answer] = answers
        self.assertNotIn("Polar-Version", answer.request.headers)
        self.assertEqual(answer.headers["Polar-Version"], "2026-04")

    def test_the_asynchronous_client_does_the_same(self):
        async def ask():
            async with Polar(access_token=TOKEN, server_url=URL) as polar:
                ingested = await polar.events.ingest_async(request=models.EventsIngest(events=self.events))
                rows = await polar.customer_meters.list_async(customer_id=self.ada.id, limit=1)
                return ingested, rows.result, await polar.meters.quantities_async(id=self.tokens.id, **MARCH)

        ingested, rows, quantities = asyncio.run(ask())
        self.assertEqual((ingested.inserted, ingested.duplicates), (0, 3))
        self.assertEqual(rows.items[0].customer_id, self.ada.id)
        self.assertEqual(quantities.total, 2000)
