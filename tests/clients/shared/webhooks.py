"""Tests of webhooks that are the same for every generation of the client, and what those share that are not."""

import base64
import json
import time

import standardwebhooks

from own import cycle, grant, revoke
from receiver import PATIENCE_SECONDS, Receiver


class WebhookTests:
    """What a receiver gets, and what the API lists of it.

    A subclass is a test case that asks with its client, by `new_endpoint`, `new_customer`, `new_meter`, `new_benefit`, `describe_benefit`,
    `new_secret` and `all_deliveries`, and reads with it: `read` gives what is told, `type_of` the type of that. What is not signed as it
    must be makes `read` raise `Unverified`.
    """

    def setUp(self):
        self.receiver = self.enterContext(Receiver())
        self.aside = []

    def next(self, secret):
        """The next request, and what the client reads in it."""
        received = self.receiver.next()
        return received, self.read(received.body, received.headers, secret)

    def told(self, secret, kind, is_it=lambda data: True):
        """The data of the next event of this kind that is the one; what came before it is kept for the next call."""
        for index, event in enumerate(self.aside):
            if self.type_of(event) == kind and is_it(event.data):
                return self.aside.pop(index).data
        while True:
            _, event = self.next(secret)
            if self.type_of(event) == kind and is_it(event.data):
                return event.data
            self.aside.append(event)

    def deliveries(self, endpoint, count, **query):
        """The deliveries to an endpoint, when there are so many: they are noted after they are answered."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = list(self.all_deliveries(endpoint_id=endpoint.id, **query))
            if len(found) >= count or time.monotonic() > until:
                self.assertEqual(len(found), count)
                return found
            time.sleep(0.02)

    def test_the_life_of_a_benefit_is_told(self):
        meter = self.new_meter("told")
        customer = self.new_customer("benefits")
        grants = [f"benefit_grant.{what}" for what in ("created", "cycled", "revoked")]
        endpoint = self.new_endpoint("benefit.created", "benefit.updated", "customer.state_changed", *grants)
        secret = endpoint.secret
        benefit = self.new_benefit("Ten", meter_id=meter.id, units=10, rollover=False)
        self.assertEqual(self.told(secret, "benefit.created"), benefit)
        benefit = self.describe_benefit(benefit, "Still ten")
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
        other = self.new_secret(endpoint)
        for body, secret in ((received.body + b" ", endpoint.secret), (received.body, other)):
            with self.assertRaises(self.Unverified):
                self.read(body, received.headers, secret)
            key = base64.b64encode(secret.encode()).decode()
            with self.assertRaises(standardwebhooks.WebhookVerificationError):
                standardwebhooks.Webhook(key).verify(body, received.headers)
        self.new_customer("signed-anew")
        self.assertEqual(self.next(other)[1].data.name, "signed-anew")

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
