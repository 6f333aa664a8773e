"""Sends one request after the other, and prints the number of each when it is acknowledged, until the server is killed."""

import httpx
from polar_sdk import models

from kept import CUSTOMER, NAME, polar, request

polar.customers.create(request={"email": f"{CUSTOMER}@example.com", "external_id": CUSTOMER})
clause = models.FilterClause(property="name", operator=models.FilterOperator.EQ, value=NAME)
polar.meters.create(
    request=models.MeterCreate(
        name=NAME,
        filter_=models.Filter(conjunction=models.FilterConjunction.AND, clauses=[clause]),
        aggregation=models.PropertyAggregation(func=models.Func.SUM, property="units"),
    )
)
number = 1
try:
    while True:
        answer = polar.events.ingest(request=models.EventsIngest(events=request(number)))
        assert (answer.inserted, answer.duplicates) == (len(request(number)), 0), answer
        print(number, flush=True)
        number += 1
except httpx.TransportError:
    pass
