"""What polar-sdk 0.32.0 does with webhooks: endpoints, deliveries, and what a receiver gets, read and verified by the client and by the
package `standardwebhooks`.

The environment is that of `test_client.py`; the server may send to this machine.
"""

import uuid

from polar_sdk import models
from polar_sdk.webhooks import WebhookVerificationError, validate_event

from client import Client, named, pages
from webhooks import WebhookTests

RAW = models.WebhookFormat.RAW


class Webhooks(WebhookTests, Client):
    Unverified = WebhookVerificationError

    def setUp(self):
        super().setUp()
        self.webhooks = self.polar.webhooks

    def new_endpoint(self, *events):
        request = {"url": self.receiver.url, "format_": RAW, "events": [models.WebhookEventType(it) for it in events]}
        endpoint = self.webhooks.create_webhook_endpoint(request=request)
        # A later test would wait for what it is not told.
        self.addCleanup(lambda: self.webhooks.delete_webhook_endpoint(id=endpoint.id))
        return endpoint

    def new_customer(self, who):
        return self.polar.customers.create(request={"email": f"{who}@example.com", "name": who})

    def new_meter(self, name):
        meter = models.MeterCreate(name=name, filter_=named(name), aggregation=models.CountAggregation())
        return self.polar.meters.create(request=meter)

    def new_benefit(self, description, **properties):
        properties = models.BenefitMeterCreditCreateProperties(**properties)
        benefit = models.BenefitMeterCreditCreate(description=description, properties=properties)
        return self.polar.benefits.create(request=benefit)

    def describe_benefit(self, benefit, description):
        changes = models.BenefitMeterCreditUpdate(description=description)
        return self.polar.benefits.update(id=benefit.id, request_body=changes)

    def new_secret(self, endpoint):
        return self.webhooks.reset_webhook_endpoint_secret(id=endpoint.id).secret

    def all_deliveries(self, **query):
        return pages(self.webhooks.list_webhook_deliveries(**query))

    def read(self, body, headers, secret):
        return validate_event(body, headers, secret)

    def type_of(self, event):
        return event.TYPE

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
