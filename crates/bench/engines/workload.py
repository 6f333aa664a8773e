"""The workload that an engine is given: events counted once, the kinds of the metadata keys, meters and questions.

The stream of a workload holds retries. No engine here but PostgreSQL has an answer of its own to them, so the first
occurrence of each external id is written to a file of its own, once for a workload, and every engine loads that
file. Finding the kinds of the keys goes along: it is what a person who designs a schema would know.
"""

import json
import os
import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import orjson

# Raise it when what is written beside the workload changes.
VERSION = 2

# Nested objects that an event may carry; their members are reached as `_llm.model`.
NESTED = ("_cost", "_llm")


@dataclass
class Key:
    """What one metadata key holds, over all events. A key whose values are of several kinds is several of these."""

    name: str
    kind: str  # text, integer, decimal or bool
    alone: bool  # the key has values of this kind only
    always: bool  # every event has it, of this kind
    values: int  # distinct texts, counted up to VALUES_MAX
    least: float = 0
    greatest: float = 0
    places: int = 0  # after the point, seen

    @property
    def number(self):
        return self.kind in ("integer", "decimal")

    @property
    def small(self):
        """A whole number that leaves a bit to spare in 32 bits."""
        return self.kind == "integer" and -(2**30) <= self.least and self.greatest < 2**30


# Above so many distinct texts a key is no dictionary.
VALUES_MAX = 10_000


@dataclass
class Workload:
    folder: Path
    rows: int
    uuids: bool  # every external id is a UUID
    keys: dict = field(default_factory=dict)  # the name of each, and its kinds
    questions: list = field(default_factory=list)
    meters: dict = field(default_factory=dict)
    months: list = field(default_factory=list)  # "2025-01", those that have events

    @property
    def clean(self):
        """One event a line, each external id once."""
        return self.folder / "engines" / "clean.jsonl"

    def lines(self, start=0, count=None):
        """The event lines of a range, as bytes, without the line ends."""
        end = None if count is None else start + count
        with self.clean.open("rb") as file:
            for index, line in enumerate(file):
                if index < start:
                    continue
                if end is not None and index >= end:
                    return
                yield line.rstrip(b"\n")


def read(folder):
    """Reads a workload, and makes the clean file if it is not there yet or is older than the events."""
    folder = Path(folder).resolve()
    work = folder / "engines"
    work.mkdir(exist_ok=True)
    stamp = work / "profile.json"
    events = folder / "events.jsonl"
    source = [VERSION, events.stat().st_size, events.stat().st_mtime_ns]
    profile = json.loads(stamp.read_text()) if stamp.exists() else None
    if profile is None or profile["source"] != source:
        profile = {"source": source} | make_clean(events, work / "clean.jsonl")
        stamp.write_text(json.dumps(profile, indent=1))
    keys = {}
    for key in profile["keys"]:
        keys.setdefault(key["name"], []).append(Key(**key))
    return Workload(
        folder=folder,
        rows=profile["rows"],
        uuids=profile["uuids"],
        keys=keys,
        months=profile["months"],
        questions=json.loads((folder / "questions.json").read_text()),
        meters={meter["slug"]: meter for meter in json.loads((folder / "meters.json").read_text())},
    )


class Seen:
    """What has been seen of one key so far."""

    __slots__ = ("counts", "least", "greatest", "texts", "places")

    def __init__(self):
        self.counts = {}
        self.least = None
        self.greatest = None
        self.texts = set()
        self.places = 0

    def add(self, value):
        kind = type(value)
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind is int or kind is float:
            if self.least is None:
                self.least = self.greatest = value
            elif value < self.least:
                self.least = value
            elif value > self.greatest:
                self.greatest = value
        elif kind is str and len(self.texts) <= VALUES_MAX:
            self.texts.add(value)

    def keys(self, name, rows):
        kinds = {{str: "text", bool: "bool", int: "integer", float: "decimal"}[kind] for kind in self.counts}
        if "decimal" in kinds:
            kinds.discard("integer")
        kinds = sorted(kinds, reverse=True)
        return [
            {
                "name": name,
                "kind": kind,
                "alone": len(kinds) == 1,
                "always": len(kinds) == 1 and sum(self.counts.values()) == rows,
                "values": len(self.texts),
                "least": self.least or 0,
                "greatest": self.greatest or 0,
                "places": self.places,
            }
            for kind in kinds
        ]


DECIMALS = re.compile(rb'"([^"]+)"\s*:\s*-?[0-9]+(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]+))?')


def make_clean(events, clean):
    """Writes the first event of each external id and returns what was seen of them."""
    known = set()
    keys = {}
    months = set()
    rows = 0
    uuids = True
    part = clean.with_suffix(".part")
    with events.open("rb") as source, part.open("wb", buffering=1 << 20) as out:
        for line in source:
            event = orjson.loads(line)
            identity = event.get("external_id")
            if identity is not None:
                try:
                    packed = uuid_bytes(identity)
                except ValueError:
                    uuids = False
                    packed = identity
                if packed in known:
                    continue
                known.add(packed)
            else:
                uuids = False
            if "timestamp" not in event:
                raise ValueError("a first event without a timestamp would depend on the clock")
            out.write(line if line.endswith(b"\n") else line + b"\n")
            months.add(month(event["timestamp"]))
            for name, value in members(event.get("metadata") or {}):
                seen = keys.get(name)
                if seen is None:
                    seen = keys[name] = Seen()
                seen.add(value)
            # The text of numbers is needed only for how many places there are; a sample tells.
            if rows % 16 == 0:
                for name, digits, exponent in DECIMALS.findall(line):
                    seen = keys.get(name.decode())
                    if seen is not None:
                        seen.places = max(seen.places, len(digits) - int(exponent or 0))
            rows += 1
    os.replace(part, clean)
    return {
        "rows": rows,
        "uuids": uuids,
        "months": sorted(months),
        "keys": [key for name, seen in sorted(keys.items()) for key in seen.keys(name, rows)],
    }


def month(timestamp):
    """The month of a time in UTC: `2025-03`."""
    if timestamp.endswith("Z"):
        return timestamp[:7]
    return datetime.fromisoformat(timestamp).astimezone(timezone.utc).strftime("%Y-%m")


def uuid_bytes(text):
    """The bytes of a UUID in its canonical spelling."""
    if len(text) == 36:
        return bytes.fromhex(text.replace("-", ""))
    return uuid.UUID(text).bytes


def members(metadata):
    """Path and value of each scalar."""
    for name, value in metadata.items():
        if name in NESTED and isinstance(value, dict):
            for inner, scalar in value.items():
                if scalar is not None:
                    yield f"{name}.{inner}", scalar
        else:
            yield name, value
