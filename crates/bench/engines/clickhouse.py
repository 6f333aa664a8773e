"""ClickHouse, as the chdb package embeds it: the same server code, without the network."""

import os
import shutil
import time
from decimal import Decimal
from pathlib import Path

import chdb

from series import moment_text
from sql import Dialect, Unsupported
from workload import VALUES_MAX

WHY = """\
-- MergeTree, one table for all meters, as OpenMeter and ClickHouse's own guides do.
-- ORDER BY: each question is about a time, some about one customer, few about one event name. Week, then customer lets the primary key
--   skip for time and customer both. Month first was up to 1.9 times slower, name first 1.5 times for one customer, time alone 10 times (8 million events).
-- The week is in the key and not in PARTITION BY: late events would make each insert write a part for every partition they touch.
-- Metadata: a named tuple, whose elements are columns of their own. JSONEachRow reads the nested object into it as it comes;
--   measured beside flat columns (input_format_import_nested_json: 15 to 30 % more CPU an insert) and
--   JSON with typed paths (60 to 90 % more). LowCardinality where a key has at most 10,000 texts.
-- Numbers: Decimal(18, 9) for exact sums (OpenMeter uses Decimal128(19) for the same reason), the smallest integers that fit.
--   No Nullable but for numbers and booleans that some events lack. Dynamic where clients send a key as a number and as a text.
-- Codecs: Delta before the general codec for the time, LZ4 for speed elsewhere: ZSTD(1) takes 40 % more CPU
--   for a scan and a quarter fewer bytes (bytes_on_disk_zstd: measured after the questions). A random UUID does not compress.
-- De-duplication: none in the table. ReplacingMergeTree needs external_id as the sort key, without the time, and FINAL in each question;
--   what its metering users do is to de-duplicate before the insert (OpenMeter: Redis in front of Kafka Connect).
--   So each event is given once, and the cost of finding repeats is not in the figures.
"""


class ClickHouse(Dialect):
    NAME = "clickhouse"
    TEXT = "Nullable(String)"
    DEDUPLICATION = "none: repeats are removed before (its metering users do so in front of it)"

    def __init__(self, workload, scratch):
        super().__init__(workload.keys)
        self.workload = workload
        self.folder = Path(scratch) / "clickhouse"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.connection = chdb.connect(str(self.folder))
        self.version = f"{self.ask('SELECT version()')} (chdb {chdb.__version__})"

    # Schema

    def schema(self):
        identity = "UUID CODEC(NONE)" if self.workload.uuids else "String"
        return (
            f"CREATE TABLE events (\n"
            f"    name LowCardinality(String),\n"
            f"    external_customer_id String,\n"
            f"    timestamp DateTime64(6, 'UTC') CODEC(Delta, LZ4),\n"
            f"    external_id {identity},\n"
            f"    metadata {self.tuple()}\n"
            f") ENGINE = MergeTree\n"
            f"ORDER BY (toMonday(timestamp), external_customer_id, timestamp)"
        )

    def tuple(self):
        """The type of the metadata; `_llm.model` is an element of an element."""
        tree = {}
        for key in self.columns_of():
            *outer, name = key.name.split(".") if key.name.startswith("_") else [key.name]
            branch = tree
            for part in outer:
                branch = branch.setdefault(part, {})
            branch[name] = self.type(key)
        return tuple_of(tree)

    def type(self, key):
        if not key.alone:
            return "Dynamic(max_types = 3)"
        if key.kind == "text":
            return "LowCardinality(String)" if key.values <= VALUES_MAX else "String"
        if key.kind == "bool":
            plain = "Bool"
        elif key.kind == "decimal":
            plain = f"Decimal({18 if abs(key.greatest) < 1e9 and key.places <= 9 else 38}, {max(9, key.places)})"
        elif key.small:
            plain = "UInt16" if key.least >= 0 and key.greatest < 2**15 else "Int32"
        else:
            plain = "Int64"
        return plain if key.always else f"Nullable({plain})"

    # Loading

    def create(self):
        self.ask("CREATE DATABASE bench ENGINE = Atomic")
        self.ask("USE bench")
        self.ask(self.schema())
        self.ask("SET date_time_input_format = 'best_effort', allow_suspicious_low_cardinality_types = 1")
        # A text stays a text in a Dynamic, also when it looks like a number or a date.
        self.ask("SET input_format_json_try_infer_numbers_from_strings = 0")
        self.ask("SET input_format_try_infer_dates = 0, input_format_try_infer_datetimes = 0")
        self.ask(f"SET max_threads = {os.cpu_count()}")

    def bulk(self, rows):
        """The first rows of the file, by the engine's own reader. One file is read in its order, so that a limit means the first."""
        structure = (
            f"name String, external_customer_id String, timestamp DateTime64(6, ''UTC''), "
            f"external_id {'UUID' if self.workload.uuids else 'String'}, metadata {self.tuple()}"
        ).replace("''", "\\'")
        limit = f" LIMIT {rows}" if rows < self.workload.rows else ""
        self.ask(
            f"INSERT INTO events SELECT name, external_customer_id, timestamp, external_id, metadata "
            f"FROM file({self.text(str(self.workload.clean))}, 'JSONEachRow', '{structure}'){limit} SETTINGS max_insert_threads = {os.cpu_count()}"
        )

    def insert(self, lines):
        """One statement with the lines as they are, as an HTTP client would send them."""
        self.connection.query("INSERT INTO events FORMAT JSONEachRow\n" + b"\n".join(lines).decode())

    def optimise(self):
        self.ask("OPTIMIZE TABLE events FINAL")

    def sizes(self):
        """Bytes of the table, and of them those of external_id."""
        parts = self.ask("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'events'")
        keys = self.ask(
            "SELECT sum(data_compressed_bytes) FROM system.columns WHERE table = 'events' AND name = 'external_id'"
        )
        return {"bytes_on_disk": int(parts), "external_id_bytes": int(keys)}

    def afterwards(self):
        """The bytes of the same rows under the other common codec, which is slower to read."""
        self.ask("ALTER TABLE events MODIFY SETTING default_compression_codec = 'ZSTD(1)'")
        self.ask("OPTIMIZE TABLE events FINAL")
        return {"bytes_on_disk_zstd": self.sizes()["bytes_on_disk"]}

    # Asking

    def ask(self, statement):
        return self.connection.query(statement, "TSV").data().rstrip("\n")

    def timed(self, statement):
        """Seconds and rows."""
        start = time.perf_counter()
        told = self.connection.query(statement, "TSV").data()
        seconds = time.perf_counter() - start
        body, _, totals = told.partition("\n\n")
        rows = [parsed(line) for line in body.splitlines() if line]
        if totals.strip():
            rows.append([None, *parsed(totals.strip("\n"))[1:]])
        return seconds, rows

    def close(self):
        self.connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Dialect

    def text(self, value):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def stored(self, key):
        path = "metadata." + ".".join(f"`{part}`" for part in key.name.split("."))
        if key.alone:
            return path
        if key.kind == "decimal":
            raise Unsupported(f"decimals of {key.name} are floats beside other kinds")
        return path + {"text": ".String", "integer": ".Int64", "bool": ".Bool"}[key.kind]

    def column(self, key):
        if key.alone and key.kind == "text" and not key.always:
            return f"nullIf({self.stored(key)}, '')"
        return self.stored(key)

    def contains(self, text, part):
        return f"(position({text}, {self.text(part)}) > 0)" if part else f"isNotNull({text})"

    def moment(self, micros):
        return f"toDateTime64('{moment_text(micros)}', 6, 'UTC')"

    def unix_seconds(self):
        return "intDiv(toUnixTimestamp64Micro(timestamp) + 500000, 1000000)"

    def bucket(self, series):
        zone = f"'{series.zone.key}'"
        if series.interval == "hour" and not series.whole_hours:
            # toStartOfHour loses its way where clocks are set back by half an hour.
            seconds = "toInt64(toUnixTimestamp(timestamp))"
            return f"({seconds} - positiveModulo({seconds} + timeZoneOffset(toTimeZone(timestamp, {zone})), 3600))"
        return {
            "hour": f"toUnixTimestamp(toStartOfHour(timestamp, {zone}))",
            "day": f"toDate(timestamp, {zone})",
            "week": f"toStartOfWeek(timestamp, 1, {zone})",
            "month": f"toStartOfMonth(timestamp, {zone})",
            "year": f"toStartOfYear(timestamp, {zone})",
        }[series.interval]

    def distinct(self, question, bucket, value, where):
        # The states of the buckets are merged for the total; a second pass over the rows is not needed.
        return f"SELECT {bucket}, uniqExact({value}) FROM events WHERE {where} GROUP BY {bucket} WITH TOTALS"

    def distinct_by_customer(self, question, bucket, value, where, outer):
        outer = outer.replace("count(DISTINCT v)", "uniqExact(v)")
        return (
            f"SELECT bucket, {outer} FROM (SELECT {bucket} AS bucket, uniqExact({value}) AS v FROM events "
            f"WHERE {where} GROUP BY bucket, external_customer_id) GROUP BY bucket "
            f"UNION ALL SELECT NULL, uniqExact({value}){', 0' if 'count(*)' in outer and ',' in outer else ''} FROM events WHERE {where}"
        )


def tuple_of(tree):
    parts = (f"`{name}` {kind if isinstance(kind, str) else tuple_of(kind)}" for name, kind in tree.items())
    return "Tuple(" + ", ".join(parts) + ")"


def parsed(line):
    first, *numbers = line.split("\t")
    return [None if first == "\\N" else first, *(None if cell == "\\N" else Decimal(cell) for cell in numbers)]
