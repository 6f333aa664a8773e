"""What polar-sdk 0.32.0 does with webhooks: endpoints, deliveries, and what a receiver gets, read and verified by the client and by the
package `standardwebhooks`.

The environment is that of `test_client.py`; the server may send to this machine.
"""

import base64
import json
import time
import uuid

import standardwebhooks
from polar_sdk import models
from polar_sdk.webhooks import WebhookVerificationError, validate_event

from client import Client, named, pages
from own import cycle, grant, revoke
from receiver import PATIENCE_SECONDS, Receiver

RAW = models.WebhookFormat.RAW


class Webhooks(Client):
    def setUp(self):
        self.webhooks = self.polar.webhooks
        self.receiver = self.enterContext(Receiver())
        self.aside = []

    def new_endpoint(self, *events):
        request = {"url": self.receiver.url, "format_": RAW, "events": [models.WebhookEventType(it) for it in events]}
        endpoint = self.webhooks.create_webhook_endpoint(request=request)
        # A later test would wait for what it is not told.
        self.addCleanup(lambda: self.webhooks.delete_webhook_endpoint(id=endpoint.id))
        return endpoint

    def new_customer(self, who):
        return self.polar.customers.create(request={"email": f"{who}@example.com", "name": who})

    def next(self, secret):
        """The next request, and what the client reads in it."""
        received = self.receiver.next()
        return received, validate_event(received.body, received.headers, secret)

    def told(self, secret, kind, is_it=lambda data: True):
        """The data of the next event of this kind that is the one; what came before it is kept for the next call."""
        for index, event in enumerate(self.aside):
            if event.TYPE == kind and is_it(event.data):
                return self.aside.pop(index).data
        while True:
            _, event = self.next(secret)
            if event.TYPE == kind and is_it(event.data):
                return event.data
            self.aside.append(event)

    def deliveries(self, endpoint, count, **query):
        """The deliveries to an endpoint, when there are so many: they are noted after they are answered."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = list(pages(self.webhooks.list_webhook_deliveries(endpoint_id=endpoint.id, **query)))
            if len(found) >= count or time.monotonic() > until:
                self.assertEqual(len(found), count)
                return found
            time.sleep(0.02)

    def test_an_endpoint_is_created_read_updated_and_deleted(self):
        events = [models.WebhookEventType.BENEFIT_CREATED, models.WebhookEventType.BENEFIT_GRANT_REVOKED]
        request = models.WebhookEndpointCreate(url="https://receiver.invalid/hook", format_=RAW, events=events)
        made = self.webhooks.create_webhook_endpoint(request=request)
        self.assertEqual((made.url, made.format_, made.events), ("https://receiver.invalid/hook", RAW, events))
        self.assertEqual((made.name, made.enabled), (None, True))
        self.assertTrue(made.secret.startswith("whsec_"))
        self.assertEqual(self.webhooks.get_webhook_endpoint(id=made.id), made)

        events = [models.WebhookEventType.BENEFIT_UPDATED]
        changes = models.WebhookEndpointUpdate(name="Named", url="https://other.invalid/", events=events, enabled=False)
        updated = self.webhooks.update_webhook_endpoint(id=made.id, webhook_endpoint_update=changes)
        self.assertEqual((updated.name, updated.url), ("Named", "https://other.invalid/"))
        self.assertEqual((updated.events, updated.enabled), (events, False))
        self.assertEqual(updated.secret, made.secret)
        renewed = self.webhooks.reset_webhook_endpoint_secret(id=made.id)
        self.assertNotEqual(renewed.secret, made.secret)
        self.assertEqual(self.webhooks.get_webhook_endpoint(id=made.id), renewed)

        self.assertIsNone(self.webhooks.delete_webhook_endpoint(id=made.id))
        self.assert_not_found(
            lambda: self.webhooks.get_webhook_endpoint(id=made.id),
            lambda: self.webhooks.update_webhook_endpoint(id=made.id, webhook_endpoint_update={"name": "Gone"}),
            lambda: self.webhooks.reset_webhook_endpoint_secret(id=made.id),
            lambda: self.webhooks.delete_webhook_endpoint(id=made.id),
            lambda: self.webhooks.redeliver_webhook_event(id=str(uuid.uuid4())),
        )

    def test_endpoints_are_listed_page_by_page(self):
        made = [self.new_endpoint("benefit.updated") for _ in range(3)]
        found = [it for it in pages(self.webhooks.list_webhook_endpoints(limit=2)) if it in made]
        self.assertEqual(found, made[::-1])

    def test_an_endpoint_needs_an_address(self):
        request = models.WebhookEndpointCreate(url="nowhere", format_=RAW, events=[])
        fault = self.refusal(lambda: self.webhooks.create_webhook_endpoint(request=request))
        self.assertEqual(fault[0], ["body", "url"])

    def test_what_is_received_is_what_the_api_gives(self):
        endpoint = self.new_endpoint("customer.created", "customer.updated", "customer.deleted")
        customer = self.new_customer("told")
        received, event = self.next(endpoint.secret)
        self.assertEqual((event.TYPE, event.data), ("customer.created", customer))
        self.assertEqual(received.headers["content-type"], "application/json")
        updated = self.polar.customers.update(id=customer.id, customer_update={"name": "Renamed"})
        self.assertEqual(self.next(endpoint.secret)[1].data, updated)
        self.polar.customers.delete(id=customer.id)
        _, event = self.next(endpoint.secret)
        self.assertEqual((event.TYPE, event.data.id), ("customer.deleted", customer.id))

    def test_the_life_of_a_benefit_is_told(self):
        meter = models.MeterCreate(name="told", filter_=named("told"), aggregation=models.CountAggregation())
        meter = self.polar.meters.create(request=meter)
        customer = self.new_customer("benefits")
        grants = [f"benefit_grant.{what}" for what in ("created", "cycled", "revoked")]
        endpoint = self.new_endpoint("benefit.created", "benefit.updated", "customer.state_changed", *grants)
        secret = endpoint.secret
        properties = models.BenefitMeterCreditCreateProperties(meter_id=meter.id, units=10, rollover=False)
        benefit = models.BenefitMeterCreditCreate(description="Ten", properties=properties)
        benefit = self.polar.benefits.create(request=benefit)
        self.assertEqual(self.told(secret, "benefit.created"), benefit)
        changes = models.BenefitMeterCreditUpdate(description="Still ten")
        benefit = self.polar.benefits.update(id=benefit.id, request_body=changes)
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
        other = self.webhooks.reset_webhook_endpoint_secret(id=endpoint.id).secret
        for body, secret in ((received.body + b" ", endpoint.secret), (received.body, other)):
            with self.assertRaises(WebhookVerificationError):
                validate_event(body, received.headers, secret)
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
        self.assertEqual(event.id, received.headers["webhook-id"])
        self.assertEqual((event.type, event.succeeded), (models.WebhookEventType.CUSTOMER_CREATED, True))
        self.assertEqual(event.payload.encode(), received.body)
        others = ({"succeeded": False}, {"http_code_class": "5xx"}, {"event_type": "benefit.created"})
        for query in others:
            self.deliveries(endpoint, 0, **query)
        for query in ({"query": event.id}, {"http_code_class": "2xx"}, {"event_type": ["customer.created"]}):
            self.deliveries(endpoint, 1, **query)

        self.webhooks.redeliver_webhook_event(id=event.id)
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
