"""Where the server is, and the operations of Sextant's own that no Polar client knows, as plain HTTP."""

import json
import os
from urllib.error import HTTPError
from urllib.request import Request, urlopen

URL = os.environ["SEXTANT_URL"]
TOKEN = os.environ["SEXTANT_TOKEN"]
READER_TOKEN = os.environ["SEXTANT_READER_TOKEN"]


def ask(method, path, body=None):
    """The status and the JSON of an answer, whatever it is."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(f"{URL}{path}", data, headers, method=method)) as answer:
            return answer.status, json.load(answer)
    except HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def credit(customer_id, meter_id, units):
    """Credits a customer meter."""
    body = {"customer_id": customer_id, "meter_id": meter_id, "units": units}
    status, answer = ask("POST", "/v1/customer-meters/credits", body)
    assert status == 201, answer


def grant(benefit_id, customer_id):
    """Grants a benefit; the grant."""
    status, answer = ask("POST", f"/v1/benefits/{benefit_id}/grants", {"customer_id": customer_id})
    assert status == 201, answer
    return answer


def cycle(grant_id):
    """Starts the next period of a grant; the grant."""
    status, answer = ask("POST", f"/v1/benefit-grants/{grant_id}/cycle", {})
    assert status == 200, answer
    return answer


def revoke(grant_id):
    """Takes a grant back; the grant."""
    status, answer = ask("DELETE", f"/v1/benefit-grants/{grant_id}")
    assert status == 200, answer
    return answer
