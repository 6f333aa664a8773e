"""DuckDB, in the process, on a database file."""

import json
import os
import time
from pathlib import Path

import duckdb

from series import moment_text
from sql import Dialect

WHY = """\
-- One table in a database file. Typed columns for all metadata keys, one for each kind that clients send; DuckDB finds the dictionaries and bit widths itself.
-- Rows ordered by time (rewritten in that order after loading): the least and greatest value of each row group
--   then let a question read the groups of its days alone. Few meters name an event, so that the name is not in front. No index: an ART index serves point
--   look-ups of few rows, must fit in memory, and slows every insert.
-- Times are TIMESTAMP in UTC. A zone's offsets over the days of a question are a few constants, which the statement adds: AT TIME ZONE asks ICU
--   for every row, and is several times slower.
-- Numbers: DECIMAL for exact sums, else the integers that fit.
-- De-duplication: none in the table, as with ClickHouse: a PRIMARY KEY on a random UUID is an ART index over the whole history. Each event
--   is given once, and the cost of finding repeats is not in the figures.
"""


class DuckDb(Dialect):
    NAME = "duckdb"
    TEXT = "VARCHAR"
    DEDUPLICATION = "none: repeats are removed before (a primary key is an index over the whole history in memory)"

    def __init__(self, workload, scratch):
        super().__init__(workload.keys)
        self.workload = workload
        self.folder = Path(scratch) / "duckdb"
        self.folder.mkdir(exist_ok=True)
        self.generation = 0
        self.forget()
        self.connection = duckdb.connect(str(self.file()))
        self.version = self.connection.execute("SELECT library_version FROM pragma_version()").fetchone()[0]
        self.settings()

    def file(self):
        return self.folder / f"events-{self.generation}.duckdb"

    def forget(self):
        for path in self.folder.glob("events-*"):
            path.unlink()

    def settings(self):
        self.ask("SET TimeZone = 'UTC'")
        self.ask(f"SET threads = {os.cpu_count()}")
        self.ask("SET memory_limit = '8GB'")
        self.ask("SET enable_progress_bar = false")

    # Schema

    def columns(self):
        """Name and type of each column, and the path it comes from."""
        yield "name", "VARCHAR", ("name",)
        yield "external_customer_id", "VARCHAR", ("external_customer_id",)
        yield "timestamp", "TIMESTAMP", ("timestamp",)
        yield "external_id", "UUID" if self.workload.uuids else "VARCHAR", ("external_id",)
        for key in self.columns_of():
            path = key.name.split(".") if key.name.startswith("_") else [key.name]
            yield self.column_name(key), self.type(key), ("metadata", *path)

    def column_name(self, key):
        return f"m_{key.name}" if key.alone else f"m_{key.name}_{key.kind}"

    def type(self, key):
        if key.kind == "text":
            return "VARCHAR"
        if key.kind == "bool":
            return "BOOLEAN"
        if key.kind == "decimal":
            return f"DECIMAL({18 if abs(key.greatest) < 1e9 and key.places <= 9 else 38}, {max(9, key.places)})"
        return "INTEGER" if key.small else "BIGINT"

    def schema(self):
        body = ",\n".join(f"    {quoted(name)} {kind}" for name, kind, _ in self.columns())
        return f"CREATE TABLE events (\n{body}\n)"

    def tree(self):
        """The shape of an event for the JSON reader."""
        tree = {}
        for _, kind, path in self.columns():
            branch = tree
            for part in path[:-1]:
                branch = branch.setdefault(part, {})
            # With its zone, so that an offset other than UTC's is understood.
            branch[path[-1]] = "TIMESTAMPTZ" if path == ("timestamp",) else "JSON" if path in self.mixed() else kind
        return tree

    def mixed(self):
        """The paths of keys with values of several kinds."""
        return [("metadata", key.name) for key in self.columns_of() if not key.alone]

    def selected(self):
        return ", ".join(self.source(kind, path) for _, kind, path in self.columns())

    def source(self, kind, path):
        value = "e." + ".".join(map(quoted, path))
        if path == ("timestamp",):
            return f"timezone('UTC', {value})"
        if path not in self.mixed():
            return value
        told = {"VARCHAR": "= 'VARCHAR'", "BOOLEAN": "= 'BOOLEAN'"}.get(kind, "IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')")
        return f"CASE WHEN json_type({value}) {told} THEN CAST({value} ->> '$' AS {kind}) END"

    # Loading

    def create(self):
        self.ask(self.schema())

    def bulk(self, rows):
        """The first rows of the file, by the engine's own reader."""
        columns = ", ".join(f"{quoted(name)}: {self.text(shape_of(kind))}" for name, kind in self.tree().items())
        limit = f" LIMIT {rows}" if rows < self.workload.rows else ""
        self.ask(
            f"INSERT INTO events SELECT {self.selected()} FROM (SELECT * FROM read_json({self.text(str(self.workload.clean))}, "
            f"format = 'newline_delimited', columns = {{{columns}}}){limit}) AS e"
        )

    def insert(self, lines):
        """One statement, committed on its own, with the lines as they are."""
        self.connection.execute(self.inserting(), ["[" + b",".join(lines).decode() + "]"])

    def inserting(self):
        shape = self.text(json.dumps([self.tree()]))
        return f"INSERT INTO events SELECT {self.selected()} FROM (SELECT unnest(from_json(?::JSON, {shape})) AS e)"

    def optimise(self):
        """The same rows in order, in a new file: a file does not give the room of dropped rows back."""
        old, self.generation = self.file(), self.generation + 1
        self.ask(f"ATTACH {self.text(str(self.file()))} AS tidy")
        self.ask(self.schema().replace("TABLE events", "TABLE tidy.events"))
        self.ask("INSERT INTO tidy.events SELECT * FROM events ORDER BY timestamp")
        self.ask("DETACH tidy")
        self.connection.close()
        old.unlink()
        self.connection = duckdb.connect(str(self.file()))
        self.settings()
        self.ask("CHECKPOINT")

    def sizes(self):
        total = sum(path.stat().st_size for path in self.folder.glob("events-*"))
        blocks = self.connection.execute(
            "SELECT count(DISTINCT block_id) FROM pragma_storage_info('events') WHERE column_name = 'external_id' AND persistent"
        ).fetchone()[0]
        return {"bytes_on_disk": total, "external_id_bytes": blocks * 262_144}

    # Asking

    def ask(self, statement):
        return self.connection.execute(statement)

    def timed(self, statement):
        """Seconds and rows."""
        start = time.perf_counter()
        rows = self.connection.execute(statement).fetchall()
        return time.perf_counter() - start, rows

    def close(self):
        self.connection.close()
        self.forget()

    # Dialect

    def column(self, key):
        return quoted(self.column_name(key))

    def contains(self, text, part):
        return f"contains({text}, {self.text(part)})"

    def moment(self, micros):
        return f"TIMESTAMP '{moment_text(micros)}'"

    def unix_seconds(self):
        return "((epoch_us(timestamp) + 500000) // 1000000)"

    def bucket(self, series):
        if series.interval == "hour" and series.whole_hours or series.zone.key in ("UTC", "Etc/UTC"):
            return f"date_trunc('{series.interval}', timestamp)"
        local = f"(timestamp + {east(self, series.offsets())})"
        if series.interval == "hour":
            return f"(epoch_us(timestamp) // 1000000 - (epoch_us({local}) // 1000000) % 3600)"
        return f"date_trunc('{series.interval}', {local})"

    def distinct(self, question, bucket, value, where):
        return (
            f"WITH d AS MATERIALIZED (SELECT DISTINCT {bucket} AS bucket, {value} AS x FROM events WHERE {where}) "
            f"SELECT bucket, count(x) FROM d GROUP BY bucket UNION ALL SELECT NULL, count(DISTINCT x) FROM d"
        )

    def distinct_by_customer(self, question, bucket, value, where, outer):
        spare = ", 0" if ", count" in outer else ""
        return (
            f"WITH d AS MATERIALIZED (SELECT DISTINCT {bucket} AS bucket, external_customer_id AS customer, {value} AS x "
            f"FROM events WHERE {where}), per_customer AS (SELECT bucket, count(x) AS v FROM d GROUP BY bucket, customer) "
            f"SELECT bucket, {outer} FROM per_customer GROUP BY bucket "
            f"UNION ALL SELECT NULL, count(DISTINCT x){spare} FROM d"
        )


def east(dialect, offsets):
    """The offset of a row's time as an interval."""
    (_, first), *later = offsets
    if not later:
        return f"to_seconds({first})"
    cases = " ".join(f"WHEN timestamp >= {dialect.moment(since)} THEN {seconds}" for since, seconds in reversed(later))
    return f"to_seconds(CASE {cases} ELSE {first} END)"


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def shape_of(kind):
    """The type text of a column, or of a nested object."""
    if isinstance(kind, str):
        return kind
    return "STRUCT(" + ", ".join(f"{quoted(name)} {shape_of(inner)}" for name, inner in kind.items()) + ")"
