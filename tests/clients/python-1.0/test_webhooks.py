"""What polar-sdk 1.0.2 does with webhooks: endpoints, deliveries, and what a receiver gets, read and verified by the client and by the
package `standardwebhooks`. For each version of the API that it offers.

The environment is that of `test_client.py`; the server may send to this machine.
"""

import base64
import json
import time
import unittest
import uuid

import standardwebhooks

import client
from client import Client, named
from own import cycle, grant, revoke
from receiver import PATIENCE_SECONDS, Receiver


class Webhooks(Client):
    def setUp(self):
        self.receiver = self.enterContext(Receiver())
        self.aside = []

    def new_endpoint(self, *events):
        endpoint = self.polar.webhooks.create_webhook_endpoint(
            url=self.receiver.url, name=f"of {self.version}", format="raw", events=list(events)
        )
        # A later test would wait for what it is not told.
        self.addCleanup(lambda: self.polar.webhooks.delete_webhook_endpoint(endpoint.id))
        return endpoint

    def new_customer(self, who):
        return self.polar.customers.create(email=f"{who}-{self.version}@example.com", name=who)

    def next(self, secret):
        """The next request, and what the client reads in it."""
        received = self.receiver.next()
        return received, self.webhooks.validate_event(received.body, received.headers, secret)

    def told(self, secret, kind, is_it=lambda data: True):
        """The data of the next event of this kind that is the one; what came before it is kept for the next call."""
        for index, event in enumerate(self.aside):
            if event.type == kind and is_it(event.data):
                return self.aside.pop(index).data
        while True:
            _, event = self.next(secret)
            if event.type == kind and is_it(event.data):
                return event.data
            self.aside.append(event)

    def deliveries(self, endpoint, count, **query):
        """The deliveries to an endpoint, when there are so many: they are noted after they are answered."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = list(self.polar.webhooks.iter_list_webhook_deliveries(endpoint_id=endpoint.id, **query))
            if len(found) >= count or time.monotonic() > until:
                self.assertEqual(len(found), count)
                return found
            time.sleep(0.02)

    def test_an_endpoint_is_created_read_updated_and_deleted(self):
        events = ["benefit.created", "benefit_grant.revoked"]
        made = self.polar.webhooks.create_webhook_endpoint(url="https://receiver.invalid/hook", format="raw", events=events)
        self.assertEqual((made.url, made.format, made.events), ("https://receiver.invalid/hook", "raw", events))
        self.assertEqual((made.name, made.enabled, made.api_version), (None, True, "2026-04"))
        self.assertTrue(made.secret.startswith("whsec_"))
        self.assertEqual(self.polar.webhooks.get_webhook_endpoint(made.id), made)

        changes = {"name": "Named", "url": "https://other.invalid/", "events": ["benefit.updated"], "enabled": False}
        updated = self.polar.webhooks.update_webhook_endpoint(made.id, **changes)
        self.assertEqual((updated.name, updated.url), ("Named", "https://other.invalid/"))
        self.assertEqual((updated.events, updated.enabled), (["benefit.updated"], False))
        self.assertEqual(updated.secret, made.secret)
        renewed = self.polar.webhooks.reset_webhook_endpoint_secret(made.id)
        self.assertNotEqual(renewed.secret, made.secret)
        self.assertEqual(self.polar.webhooks.get_webhook_endpoint(made.id), renewed)

        self.assertIsNone(self.polar.webhooks.delete_webhook_endpoint(made.id))
        self.assert_not_found(
            lambda: self.polar.webhooks.get_webhook_endpoint(made.id),
            lambda: self.polar.webhooks.update_webhook_endpoint(made.id, name="Gone"),
            lambda: self.polar.webhooks.reset_webhook_endpoint_secret(made.id),
            lambda: self.polar.webhooks.delete_webhook_endpoint(made.id),
            lambda: self.polar.webhooks.redeliver_webhook_event(str(uuid.uuid4())),
        )

    def test_endpoints_are_listed_page_by_page(self):
        made = [self.new_endpoint("benefit.updated") for _ in range(3)]
        found = [it for it in self.polar.webhooks.iter_list_webhook_endpoints(limit=2) if it in made]
        self.assertEqual(found, made[::-1])

    def test_an_endpoint_needs_an_address_and_events_that_exist(self):
        def refused(**changes):
            fields = {"url": "https://example.com/", "format": "raw", "events": ["customer.created"], **changes}
            return self.refusal(lambda: self.polar.webhooks.create_webhook_endpoint(**fields))

        self.assertEqual(refused(url="nowhere")[0], ["body", "url"])
        self.assertEqual(refused(format="telegram"), (["body", "format"], "enum"))
        self.assertEqual(refused(events=["customer.sang"]), (["body", "events", 0], "enum"))

    def test_what_is_received_is_what_the_api_gives(self):
        endpoint = self.new_endpoint("customer.created", "customer.updated", "customer.deleted")
        customer = self.new_customer("told")
        received, event = self.next(endpoint.secret)
        self.assertEqual((event.type, event.data), ("customer.created", customer))
        self.assertEqual(received.headers["content-type"], "application/json")
        updated = self.polar.customers.update(customer.id, name="Renamed")
        self.assertEqual(self.next(endpoint.secret)[1].data, updated)
        self.polar.customers.delete(customer.id)
        _, event = self.next(endpoint.secret)
        self.assertEqual((event.type, event.data.id), ("customer.deleted", customer.id))

    def test_the_life_of_a_benefit_is_told(self):
        name = f"told.{self.version}"
        meter = self.polar.meters.create(name=name, filter=named(name), aggregation={"func": "count"})
        customer = self.new_customer("benefits")
        grants = [f"benefit_grant.{what}" for what in ("created", "cycled", "revoked")]
        endpoint = self.new_endpoint("benefit.created", "benefit.updated", "customer.state_changed", *grants)
        secret = endpoint.secret
        properties = {"meter_id": meter.id, "units": 10, "rollover": False}
        benefit = self.polar.benefits.create(type="meter_credit", description="Ten", properties=properties)
        self.assertEqual(self.told(secret, "benefit.created"), benefit)
        benefit = self.polar.benefits.update(benefit.id, type="meter_credit", description="Still ten")
        self.assertEqual(self.told(secret, "benefit.updated"), benefit)

        made = grant(benefit.id, customer.id)
        granted = self.told(secret, "benefit_grant.created")
        self.assertEqual((granted.id, granted.is_granted, granted.benefit), (made["id"], True, benefit))
        self.assertEqual((granted.properties.last_credited_units, granted.customer.id), (10, customer.id))
        state = self.told(secret, "customer.state_changed", lambda it: it.granted_benefits)
        self.assertEqual((state.id, [it.id for it in state.granted_benefits]), (customer.id, [granted.id]))
        self.assertEqual([it.balance for it in state.active_meters if it.meter_id == meter.id], [10])
        cycle(granted.id)
        self.assertEqual(self.told(secret, "benefit_grant.cycled").id, granted.id)
        revoke(granted.id)
        self.assertTrue(self.told(secret, "benefit_grant.revoked").is_revoked)
        # Not one from before the grant, when the customer had no meter.
        state = self.told(secret, "customer.state_changed", lambda it: it.active_meters and not it.granted_benefits)
        self.assertEqual([it.balance for it in state.active_meters if it.meter_id == meter.id], [0])

    def test_a_signature_is_of_the_secret_and_the_body(self):
        endpoint = self.new_endpoint("customer.created")
        self.new_customer("signed")
        received = self.receiver.next()
        # The key is the whole secret, and the package takes it in base64.
        key = base64.b64encode(endpoint.secret.encode()).decode()
        told = standardwebhooks.Webhook(key).verify(received.body, received.headers)
        self.assertEqual(told, json.loads(received.body))
        other = self.polar.webhooks.reset_webhook_endpoint_secret(endpoint.id).secret
        for body, secret in ((received.body + b" ", endpoint.secret), (received.body, other)):
            with self.assertRaises(self.webhooks.PolarWebhookVerificationError):
                self.webhooks.validate_event(body, received.headers, secret)
            key = base64.b64encode(secret.encode()).decode()
            with self.assertRaises(standardwebhooks.WebhookVerificationError):
                standardwebhooks.Webhook(key).verify(body, received.headers)
        self.new_customer("signed-anew")
        self.assertEqual(self.next(other)[1].data.name, "signed-anew")

    def test_deliveries_are_listed_and_repeated(self):
        endpoint = self.new_endpoint("customer.created")
        self.new_customer("delivered")
        received, _ = self.next(endpoint.secret)
        [delivery] = self.deliveries(endpoint, 1)
        event = delivery.webhook_event
        self.assertEqual((delivery.succeeded, delivery.http_code, delivery.response), (True, 200, "thank you"))
        self.assertEqual((event.id, event.type), (received.headers["webhook-id"], "customer.created"))
        self.assertEqual(event.payload.encode(), received.body)
        self.assertEqual((event.succeeded, event.last_http_code, event.api_version), (True, 200, "2026-04"))
        for query in ({"succeeded": False}, {"http_code_class": "5xx"}, {"event_type": "benefit.created"}):
            self.deliveries(endpoint, 0, **query)
        for query in ({"query": event.id}, {"http_code_class": "2xx"}, {"event_type": ["customer.created"]}):
            self.deliveries(endpoint, 1, **query)

        self.polar.webhooks.redeliver_webhook_event(event.id)
        again, _ = self.next(endpoint.secret)
        self.assertEqual((again.headers["webhook-id"], again.body), (event.id, received.body))
        self.deliveries(endpoint, 2, limit=1)

    def test_what_fails_is_sent_again(self):
        endpoint = self.new_endpoint("customer.created")
        self.receiver.answers.put(500)
        self.new_customer("repeated")
        first, second = self.next(endpoint.secret), self.next(endpoint.secret)
        self.assertEqual(first[0].headers["webhook-id"], second[0].headers["webhook-id"])
        self.assertEqual(first[1], second[1])
        latest, earlier = self.deliveries(endpoint, 2)
        self.assertEqual((latest.http_code, latest.succeeded), (200, True))
        self.assertEqual((earlier.http_code, earlier.succeeded), (500, False))


class Version202604(Webhooks, client.Version202604, unittest.TestCase):
    pass


class Version202610(Webhooks, client.Version202610, unittest.TestCase):
    pass


class Version202701(Webhooks, client.Version202701, unittest.TestCase):
    pass
