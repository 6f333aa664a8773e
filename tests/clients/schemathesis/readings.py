"""How the server reads values that the OpenAPI document, which says how to write them, does not name.

Clients of the API write whole numbers with a point and times as numbers of seconds; such a request is no invalid one. What is read more
widely than it is written, and nothing else:

- booleans as 0 and 1 and as words, numbers as text, whole numbers with a point;
- times with a space, without seconds, or as Unix times; durations as numbers of seconds;
- UUIDs in every spelling.
"""

import json
import math
import uuid
from datetime import datetime

import jsonschema_rs

WORDS = {word: value for value in (True, False) for word in ("1 t true y yes on" if value else "0 f false n no off").split()}


class Document:
    """The schemas of an OpenAPI document."""

    def __init__(self, raw):
        self._components = raw.get("components", {})
        self._validators = {}

    def read(self, value, schema):
        """The value as the document writes it, if the server can read it so; else as it is."""
        schema = self._resolve(schema)
        for either in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            reading = self.read(value, either)
            if self.is_valid(reading, either):
                return reading
        if isinstance(value, dict):
            others = schema.get("additionalProperties")
            return {key: self._read_property(key, part, schema, others) for key, part in value.items()}
        if isinstance(value, list):
            return [self.read(part, schema.get("items", {})) for part in value]
        return _scalar(value, schema)

    def is_valid(self, value, schema):
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = {**schema, "components": self._components}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True, formats=FORMATS)
        return self._validators[key].is_valid(value)

    def is_read(self, value, schema):
        """Whether the server reads in the value what the schema asks for."""
        return self.is_valid(self.read(value, schema), schema)

    def _read_property(self, key, value, schema, others):
        schema = schema.get("properties", {}).get(key, others)
        return self.read(value, schema) if isinstance(schema, dict) else value

    def _resolve(self, schema):
        while "$ref" in schema:
            schema = self._components["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        return schema


def _scalar(value, schema):
    kind, form = schema.get("type"), schema.get("format")
    if kind == "boolean" and str(value).lower() in WORDS:
        return WORDS[str(value).lower()]
    if kind in ("integer", "number"):
        number = _number(value)
        return int(number) if kind == "integer" and number is not None and number == int(number) else number
    if form == "date-time" and (_number(value) is not None or _is_time(value)):
        return "2000-01-01T00:00:00Z"
    if form == "duration" and _number(value) is not None:
        return "PT1S"
    if form == "uuid4" and isinstance(value, str):
        try:
            return str(uuid.UUID(value))
        except ValueError:
            return value
    return value


def _number(value):
    """The finite number that a value is, or that it spells."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _is_time(value):
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def is_uuid4(text):
    """Whether a text is a UUID of version 4, as the document writes it."""
    try:
        return str(uuid.UUID(text)) == text.lower() and uuid.UUID(text).version == 4
    except ValueError:
        return False


FORMATS = {"uuid4": is_uuid4}
