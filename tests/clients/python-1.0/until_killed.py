"""Sends one request after the other, and prints the number of each when it is acknowledged, until the server is killed."""

from polar.base import PolarNetworkError

from kept import CUSTOMER, NAME, polar, request

polar.customers.create(email=f"{CUSTOMER}@example.com", external_id=CUSTOMER)
polar.meters.create(
    name=NAME,
    filter={"conjunction": "and", "clauses": [{"property": "name", "operator": "eq", "value": NAME}]},
    aggregation={"func": "sum", "property": "units"},
)
number = 1
try:
    while True:
        answer = polar.events.ingest(events=request(number))
        assert (answer.inserted, answer.duplicates) == (len(request(number)), 0), answer
        print(number, flush=True)
        number += 1
except PolarNetworkError:
    pass
