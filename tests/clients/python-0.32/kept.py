"""What the tests of a kill send: requests of three events each, everything in them made from the request's number."""

import os
from datetime import datetime, timezone

from polar_sdk import Polar, models

NAME = "kept"
CUSTOMER = "kay"
EVENTS_PER_REQUEST = 3

polar = Polar(access_token=os.environ["SEXTANT_TOKEN"], server_url=os.environ["SEXTANT_URL"])


def request(number):
    """The events of a request. Each counts 0.1."""
    return [
        models.EventCreateExternalCustomer(
            name=NAME,
            external_id=f"{NAME}-{number}-{event}",
            external_customer_id=CUSTOMER,
            timestamp=datetime(2025, 3, 1, 12, tzinfo=timezone.utc),
            metadata={"units": 0.1, "request": number},
        )
        for event in range(EVENTS_PER_REQUEST)
    ]
