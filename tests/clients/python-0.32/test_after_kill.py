"""After a `kill -9` and a restart: what was acknowledged to until_killed.py is there, once.

SEXTANT_ACKNOWLEDGED is the number of the last request that was. The one after it was on its way; it may be there, whole.
"""

import os
import unittest
from datetime import datetime, timezone

from polar_sdk import models

from kept import CUSTOMER, EVENTS_PER_REQUEST, NAME, polar, request

ACKNOWLEDGED = int(os.environ["SEXTANT_ACKNOWLEDGED"])
EVENTS = ACKNOWLEDGED * EVENTS_PER_REQUEST
DAY = datetime(2025, 3, 1, tzinfo=timezone.utc)


class AfterKill(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        [cls.meter] = polar.meters.list(query=NAME).result.items
        cls.customer = polar.customers.get_external(external_id=CUSTOMER)

    def total(self, **query):
        day = {"start_timestamp": DAY, "end_timestamp": DAY, "interval": models.TimeInterval.DAY}
        return polar.meters.quantities(id=self.meter.id, **day, **query).total

    def test_what_was_acknowledged_is_counted_everywhere(self):
        events = polar.events.list(name=NAME, limit=1).pagination.total_count
        self.assertIn(events, (EVENTS, EVENTS + EVENTS_PER_REQUEST))
        self.assertEqual(self.total(), events / 10)
        self.assertEqual(self.total(metadata={"request": ACKNOWLEDGED}), EVENTS_PER_REQUEST / 10)
        rows = polar.customer_meters.list(customer_id=self.customer.id, meter_id=self.meter.id).result.items
        self.assertEqual([row.consumed_units for row in rows], [events / 10])
        active = polar.customers.get_state(id=self.customer.id).active_meters
        self.assertIn((self.meter.id, events / 10), [(meter.meter_id, meter.consumed_units) for meter in active])

    def test_what_was_acknowledged_is_a_duplicate(self):
        before = self.total()
        events = [event for number in range(1, ACKNOWLEDGED + 1) for event in request(number)]
        answer = polar.events.ingest(request=models.EventsIngest(events=events))
        self.assertEqual((answer.inserted, answer.duplicates), (0, EVENTS))
        self.assertEqual(self.total(), before)
