"""What polar-sdk 1.0.2 does with webhooks: endpoints, deliveries, and what a receiver gets, read and verified by the client and by the
package `standardwebhooks`. For each version of the API that it offers.

The environment is that of `test_client.py`; the server may send to this machine.
"""

import unittest
import uuid

import client
from client import Client, named
from webhooks import WebhookTests


class Webhooks(WebhookTests, Client):
    @property
    def Unverified(self):
        return self.webhooks.PolarWebhookVerificationError

    def new_endpoint(self, *events):
        endpoint = self.polar.webhooks.create_webhook_endpoint(
            url=self.receiver.url, name=f"of {self.version}", format="raw", events=list(events)
        )
        # A later test would wait for what it is not told.
        self.addCleanup(lambda: self.polar.webhooks.delete_webhook_endpoint(endpoint.id))
        return endpoint

    def new_customer(self, who):
        return self.polar.customers.create(email=f"{who}-{self.version}@example.com", name=who)

    def new_meter(self, what):
        name = f"{what}.{self.version}"
        return self.polar.meters.create(name=name, filter=named(name), aggregation={"func": "count"})

    def new_benefit(self, description, **properties):
        return self.polar.benefits.create(type="meter_credit", description=description, properties=properties)

    def describe_benefit(self, benefit, description):
        return self.polar.benefits.update(benefit.id, type="meter_credit", description=description)

    def new_secret(self, endpoint):
        return self.polar.webhooks.reset_webhook_endpoint_secret(endpoint.id).secret

    def all_deliveries(self, **query):
        return self.polar.webhooks.iter_list_webhook_deliveries(**query)

    def read(self, body, headers, secret):
        return self.webhooks.validate_event(body, headers, secret)

    def type_of(self, event):
        return event.type

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


class Version202604(Webhooks, client.Version202604, unittest.TestCase):
    pass


class Version202610(Webhooks, client.Version202610, unittest.TestCase):
    pass


class Version202701(Webhooks, client.Version202701, unittest.TestCase):
    pass
