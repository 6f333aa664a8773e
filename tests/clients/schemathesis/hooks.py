"""What schemathesis needs to know of the server: the format `uuid4`, and which valid requests are refused and which invalid ones are taken.

Two checks of schemathesis are replaced by the same ones with exceptions, each with its reason.
"""

import json
import os
from datetime import datetime
from fnmatch import fnmatchcase
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

import requests
import schemathesis
from hypothesis import strategies
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from readings import Document

schemathesis.openapi.format("uuid4", strategies.uuids(version=4).map(str))

# Times that are past, and not before what quantities are asked for: of others nearly every request would be refused.
schemathesis.openapi.format(
    "date-time",
    strategies.datetimes(
        datetime(2023, 1, 2), datetime(2025, 1, 1), timezones=strategies.timezones()
    ).map(datetime.isoformat),
)


IN_USE = os.environ["SEXTANT_IN_USE"].split()


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Writes the document in a way that schemathesis makes more of."""
    split(raw_schema)
    for methods in raw_schema["paths"].values():
        for operation in methods.values():
            # The first kind of token is taken, and an organization that was made is the administrator's to see.
            operation.get("security", []).sort(key=lambda token: "admin" not in token)


def split(node):
    """`type: [string, null]` becomes `anyOf`: of a list of types the coverage phase makes texts without their format."""
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        split(child)
    if isinstance(node, dict) and isinstance(kinds := node.get("type"), list):
        rest = {key: node.pop(key) for key in list(node) if key not in ("description", "title", "examples", "default")}
        node["anyOf"] = [{"type": "null"} if kind == "null" else {**rest, "type": kind} for kind in kinds]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes of a valid request one that is served more often, by what a schema cannot say.

    Webhooks never leave this machine, and what the run itself needs stays as it is.
    """
    if case.path_parameters and case.path_parameters.get("id") in IN_USE:
        case.path_parameters = {"id": str(uuid4())}
    if isinstance(case.body, dict):
        case.body = dict(case.body)
        if "/webhooks/" in case.operation.path and "http" in str(case.body.get("url")):
            case.body["url"] = os.environ["SEXTANT_RECEIVER"]
        if case.meta and case.meta.generation.mode.is_positive:
            case.body = _served(case.body, case.operation.path)


def _served(body, path):
    # Names that are free.
    for key, form in {"slug": "made-up-{}", "email": "{}@example.com", "external_id": "{}"}.items():
        if isinstance(body.get(key), str):
            body[key] = form.format(uuid4())
    # Exactly one name of a customer.
    if "external_customer_id" in body or path.endswith(("/credits", "/resets", "/grants")):
        name = body.pop("external_customer_id", None)
        if body.get("customer_id") is None:
            body["external_customer_id"] = name or os.environ["SEXTANT_CUSTOMER"]
    if body.get("units") == 0:
        body["units"] = 1
    # A token stands for its organization, but for the administrator's.
    if "access-tokens" not in path:
        body.pop("organization_id", None)
    return body


# Why the server refuses requests that are valid by the document: of which operations, at which place, and what it says; patterns all.
RULES = {
    "*": [
        ("*", "Value error, This value contains invalid characters"),
        ("body*organization_id", "Setting organization_id is disallowed when using an organization token."),
        # A URL is bounded as it is given back, which may be longer than as it was sent.
        ("body*", "URL should have at most 2083 characters"),
    ],
    "POST /v1/customer-sessions/": [
        # Every fault of a session is told once for each way to name the customer.
        ("body.CustomerSession*.*customer_id", "Field required"),
    ],
    # What is named must be there, and what is called otherwise must have a free name.
    "POST *": [
        ("body*customer_id", "Customer does not exist."),
        ("body*meter_id", "This meter does not exist."),
        ("body*meter_id", "Meter does not exist."),
        ("body*meter_id", "Meter is archived."),
        ("body.*member_id", "Member does not exist."),
        ("body.organization_id", "Organization not found."),
        ("body.slug", "An organization with this slug already exists."),
    ],
    "P* /v1/customers/*": [
        ("body.email", "A customer with this email address already exists."),
        ("body.external_id", "A customer with this external ID already exists."),
        ("body.external_id", "Customer external ID cannot be updated."),
        ("body.team", "Value error, An owner is required for a team customer without an email."),
        ("body.type", "Customer type cannot be downgraded from 'team' to 'individual'."),
        ("body.billing_address", "Country is required to validate tax ID."),
        ("body.billing_address", "Customer billing address cannot be reset to null once set."),
        ("body.tax_id", "Invalid tax ID."),
    ],
    "POST /v1/events/ingest": [
        ("body.events.*.customer_id", "Customer not found."),
        ("body.events.*.member_id", "Member not found."),
        ("body.events.*.timestamp", "Value error, Timestamp must be in the past."),
        # An amount is a decimal, as a text too.
        ("body.events.*._cost.amount", "Input should be a valid decimal"),
        ("body.events.*._cost.amount", "Decimal input should have no more than *"),
        # Every fault of an event is told once for each way to name the customer.
        ("body.events.*.EventCreate*Customer.*customer_id", "Field required"),
    ],
    "GET /v1/events/": [
        # The filter is a text that holds JSON.
        ("", "Invalid JSON: *"),
        ("query.meter_id", "Meter not found."),
        ("query.query", "Query must be at least 3 characters."),
        ("query.query", "Query is only supported when organization_id is provided."),
    ],
    "PATCH /v1/event-types/{id}": [
        # Listed types of system events have no id, and `null` is tried as one.
        ("path.id", "Input should be a valid UUID, invalid character: found `n` at 0"),
    ],
    "P* /v1/meters/*": [
        ("body", "Value error, custom_label is required when unit is 'custom'."),
        ("body", "Value error, custom_label and custom_multiplier are only allowed when unit is 'custom'."),
        ("body.[fa]*", "This field can't be updated because the meter is already aggregating events."),
        ("body.is_archived", "Cannot archive meter that is still referenced by active benefits"),
    ],
    "GET /v1/meters/{id}/quantities": [
        ("query.start_timestamp", "Input should be greater than or equal to 2023-01-01T00:00:00Z"),
        ("query", "The interval is too small for the given date range. *"),
    ],
    "PATCH /v1/organizations/{id}": [
        ("body.embed_hosts.*", "Value error, Not a host that may embed a checkout."),
    ],
    "POST /v1/customer-meters/*": [
        ("body.timestamp", "Value error, Timestamp must be in the past."),
        ("body.units", "Value error, Units must not be 0."),
        ("body.units", "Input should be * than or equal to *9223372036854775*"),
    ],
    "POST /v1/webhooks/endpoints": [
        ("body", "The organization has as many webhook endpoints as it may have."),
    ],
    "POST /v1/benefit-grants/{id}/cycle": [
        ("path.id", "Grant is revoked."),
    ],
    # Of the two names of a customer exactly one; a key of a credit or a reset counts once.
    "POST /v1/*/*": [
        ("body", "Value error, Give either customer_id or external_customer_id."),
        ("body.external_id", "This external ID was used for another credit, reset, grant or cycle."),
    ],
}


@schemathesis.check
def valid_data_is_accepted(ctx, response, case):
    """`positive_data_acceptance`, but for the rules above."""
    try:
        positive_data_acceptance(ctx, response, case)
    except RejectedPositiveData:
        if response.status_code != 422:
            raise
        operation = case.operation.label
        if not all(_is_by_a_rule(operation, fault) for fault in response.json()["detail"]):
            raise


def _is_by_a_rule(operation, fault):
    place = ".".join(str(part) for part in fault["loc"])
    return any(
        fnmatchcase(place, at) and fnmatchcase(fault["msg"], says)
        for operations, rules in RULES.items()
        if fnmatchcase(operation, operations)
        for at, says in rules
    )


@schemathesis.check
def invalid_data_is_rejected(ctx, response, case):
    """`negative_data_rejection`, but for what the server reads more widely than the document writes it."""
    try:
        negative_data_rejection(ctx, response, case)
    except AcceptedNegativeData:
        if not _is_read(response.request, case.operation):
            raise


def _is_read(request, operation):
    """Whether what was sent is valid in the way that the server reads it."""
    document = Document(operation.schema.raw_schema)
    definition = operation.definition.raw
    address = urlsplit(request.url)
    sent = {
        "query": parse_qs(address.query, keep_blank_values=True),
        "path": _path(operation.path, address.path),
    }
    for parameter in definition.get("parameters", ()):
        if parameter.get("style") == "deepObject":
            # Sent as `name[key]`; the bare name is a parameter that nobody knows, which the server passes over.
            continue
        values = sent.get(parameter["in"], {}).get(parameter["name"])
        if values is None:
            if parameter.get("required") and parameter["in"] in sent:
                return False
        # Of a repeated parameter that has one value, the last counts.
        elif not any(document.is_read(value, parameter["schema"]) for value in (values, values[-1])):
            return False
    body = definition.get("requestBody")
    if body is None:
        return True
    try:
        value = json.loads(request.body)
    except (TypeError, ValueError):
        return False
    return document.is_read(value, body["content"]["application/json"]["schema"])


def _path(template, path):
    """The parameters in a path, each as a list of one."""
    pairs = zip(template.split("/"), path.split("/"), strict=False)
    return {name[1:-1]: [unquote(value)] for name, value in pairs if name.startswith("{")}


@schemathesis.check
def strangers_find_nothing(ctx, response, case):
    """What a token of one organization was given, that of another is not, nor may it change it."""
    sent = response.request
    is_of_one = "{" in case.operation.path and sent.headers.get("Authorization") == f"Bearer {os.environ['SEXTANT_TOKEN']}"
    if is_of_one and 200 <= response.status_code < 300:
        headers = {**sent.headers, "Authorization": f"Bearer {os.environ['SEXTANT_STRANGER_TOKEN']}"}
        asked = requests.request(sent.method, sent.url, headers=headers, data=sent.body, timeout=10)
        if asked.status_code != 404:
            raise AssertionError(f"another organization was answered {asked.status_code}: {asked.text}")
