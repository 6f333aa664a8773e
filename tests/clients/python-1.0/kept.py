"""What the tests of a kill send: requests of three events each, everything in them made from the request's number."""

import os

from polar.v2027_01 import Polar

NAME = "kept"
CUSTOMER = "kay"
EVENTS_PER_REQUEST = 3

polar = Polar(access_token=os.environ["SEXTANT_TOKEN"], base_url=os.environ["SEXTANT_URL"])


def request(number):
    """The events of a request. Each counts 0.1."""
    return [
        {
            "name": NAME,
            "external_id": f"{NAME}-{number}-{event}",
            "external_customer_id": CUSTOMER,
            "timestamp": "2025-03-01T12:00:00Z",
            "metadata": {"units": 0.1, "request": number},
        }
        for event in range(EVENTS_PER_REQUEST)
    ]
