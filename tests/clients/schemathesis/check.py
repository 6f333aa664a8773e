"""Requests made up from the OpenAPI document that the server itself gives, by schemathesis: valid ones and invalid ones, one by one and in
chains, and what must hold of every answer.

The environment names the server (SEXTANT_URL), the administrator's token (SEXTANT_ADMIN_TOKEN) and one that may do everything in a new
organization (SEXTANT_TOKEN). Fails when an answer is not as it must be, and when an operation never had a request that it served.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

URL = os.environ["SEXTANT_URL"]
ADMIN_TOKEN = os.environ["SEXTANT_ADMIN_TOKEN"]
TOKEN = os.environ["SEXTANT_TOKEN"]

HERE = Path(__file__).parent
# How long a webhook may be on its way.
PATIENCE_SECONDS = 30
SCOPES = "customers customer_sessions benefits meters events webhooks organizations".split()


def ask(token, path, body=None):
    """The JSON of an answer, which must be one of success."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urlopen(Request(URL + path, data, headers)) as answer:
        return json.load(answer)


def ids(token, path):
    """The ids of what a list holds."""
    return [it["id"] for it in ask(token, f"{path}?limit=100")["items"]]


def new_organization(slug):
    """A token of a new organization."""
    made = ask(ADMIN_TOKEN, "/v1/organizations/", {"name": slug, "slug": slug})
    body = {"organization_id": made["id"], "comment": "made up", "scopes": [f"{it}:write" for it in SCOPES] + ["customer_meters:read", "customer_meters:write"]}
    return ask(ADMIN_TOKEN, "/v1/organization-access-tokens/", body)["token"]


class Seeds:
    """What is there from the start, by the names of the dictionaries of `schemathesis.toml`."""

    def __init__(self, token, slug, customers_count):
        self.token = token
        aggregation = {"func": "sum", "property": "units"}
        everything = {"conjunction": "and", "clauses": []}
        meter = {"name": f"{slug} meter", "filter": everything, "aggregation": aggregation}
        self.external_customers = [f"{slug}-{number}" for number in range(customers_count)]
        self.meters = [ask(token, "/v1/meters/", meter)["id"] for _ in range(2)]
        self.customers = []
        for name in self.external_customers:
            customer = {"email": f"{name}@example.com", "external_id": name}
            self.customers.append(ask(token, "/v1/customers/", customer)["id"])
        event = {"name": "seed", "metadata": {"units": 1}}
        events = [{**event, "customer_id": it} for it in self.customers]
        ask(token, "/v1/events/ingest", {"events": events})

    def ids(self, path):
        return ids(self.token, path)

    def grant(self):
        """Benefits of the meters, and grants of them to the customers; their ids."""
        benefits = []
        for meter in self.meters:
            properties = {"meter_id": meter, "units": 10, "rollover": True}
            benefit = {"type": "meter_credit", "description": "Made up", "properties": properties}
            benefits.append(ask(self.token, "/v1/benefits/", benefit)["id"])
        path = f"/v1/benefits/{benefits[0]}/grants"
        return benefits, [ask(self.token, path, {"customer_id": it})["id"] for it in self.customers]


    def redeliverable(self, path="/v1/webhooks/deliveries"):
        """The ids of the webhooks that were sent, when there are any."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not (found := ask(self.token, path)["items"]):
            if time.monotonic() > until:
                sys.exit("no webhook was sent")
            time.sleep(0.05)
        return [it["webhook_event"]["id"] for it in found]


@contextmanager
def receiver():
    """The address of who takes all webhooks, on this machine."""

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def main(url):
    # Sessions and what they see are another organization's, whose customers nobody deletes here.
    portal = Seeds(new_organization("portal-of-documents"), "portal", 1)
    session = ask(portal.token, "/v1/customer-sessions/", {"customer_id": portal.customers[0]})
    seeds = Seeds(TOKEN, "seed", 8)
    webhooks = {"url": url, "format": "raw", "events": ["benefit.created"]}
    endpoint = ask(TOKEN, "/v1/webhooks/endpoints", webhooks)["id"]
    benefits, grants = seeds.grant()
    dictionaries = {
        "customers": seeds.customers,
        "external_customers": seeds.external_customers,
        "meters": seeds.meters,
        "events": seeds.ids("/v1/events/"),
        "customer_meters": seeds.ids("/v1/customer-meters/"),
        "portal_meters": portal.ids("/v1/customer-meters/"),
        "benefits": benefits,
        "grants": grants,
        "webhooks": seeds.redeliverable(),
    }
    environment = {
        **os.environ,
        "SEXTANT_SESSION_TOKEN": session["token"],
        "SEXTANT_IN_USE": " ".join([endpoint, *ids(ADMIN_TOKEN, "/v1/organization-access-tokens/")]),
        "SEXTANT_RECEIVER": url,
        "SEXTANT_CUSTOMER": seeds.external_customers[0],
        "SEXTANT_STRANGER_TOKEN": portal.token,
    }
    with tempfile.TemporaryDirectory() as folder:
        report = run(Path(folder), dictionaries, environment)
    never = [operation for operation, rates in report["valid_rates"].items() if not is_ever_accepted(rates)]
    if never:
        sys.exit("never served: " + ", ".join(never))
    operations, requests = report["operations"]["tested"], report["test_cases"]["generated"]
    print(f"schemathesis: {report['schemathesis_version']} finds no fault in {operations} operations: {requests} requests")


def is_ever_accepted(rates):
    return any(phase["accepted"] for phase in rates.values())


def run(folder, dictionaries, environment):
    """Runs schemathesis with its settings and these dictionaries; its report."""
    settings = (HERE / "schemathesis.toml").read_text()
    for name, values in dictionaries.items():
        settings += f"\n[dictionaries.{name}]\nvalues = {json.dumps(values)}\n"
    (folder / "schemathesis.toml").write_text(settings)
    report = folder / "report.json"
    command = [Path(sys.executable).with_name("schemathesis"), "run", f"{URL}/openapi.json", "--no-color"]
    command += ["--report-json-path", report, *sys.argv[1:]]
    # It keeps what it found in the folder that it runs in; the hooks are here.
    environment = {**environment, "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(command, cwd=folder, env=environment, check=False)
    if ended.returncode:
        sys.exit(ended.returncode)
    return json.loads(report.read_text())


with receiver() as address:
    main(address)
