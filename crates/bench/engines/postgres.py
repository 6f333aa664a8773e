"""PostgreSQL, as Debian packages it, over a unix socket."""

import time

from cluster import SETTINGS, Cluster
from series import moment_text
from sql import Dialect

WHY = f"""\
-- Partitioned by month: a question reads the months of its days alone, and old months can be dropped.
-- Each partition is clustered by time, and indexed so: the rows of a few days lie side by side. Few meters name an event,
--   most filter by metadata, so that the name is not in front. BRIN was not chosen: until a partition is clustered, 2 % late events widen
--   each of its block ranges by weeks.
-- (external_customer_id, timestamp): the questions about one customer.
-- Typed columns for the metadata keys, numeric for exact sums, the smallest integers that fit; JSONB for what no column holds.
-- De-duplication: event_keys. A unique index of a partitioned table must hold the partition key, so that a repeat with another time would pass; the keys
--   have a table of their own, ON CONFLICT DO NOTHING, in the same statement as the events. insert_1000 pays for it.
-- Durable: synchronous_commit and fsync are on.
-- Settings: {", ".join(f"{name}={value}" for name, value in SETTINGS.items() if value)}
"""


class Postgres(Dialect):
    NAME = "postgres"
    TEXT = "text"
    DEDUPLICATION = "a table of keys with a primary key, in the same transaction"

    def __init__(self, workload, scratch):
        super().__init__(workload.keys)
        self.workload = workload
        self.cluster = Cluster(scratch)
        try:
            self.cluster.start()
            self.connection = self.cluster.connect()
        except BaseException:
            self.cluster.stop()
            raise
        self.version = self.connection.execute("SHOW server_version").fetchone()[0]

    # Schema

    def columns(self):
        """Name, type and where it comes from."""
        yield "name", "text", "e.name", " NOT NULL"
        yield "external_customer_id", "text", "e.external_customer_id", " NOT NULL"
        yield "timestamp", "timestamptz", "e.timestamp", " NOT NULL"
        yield "external_id", self.identity(), "e.external_id", ""
        for key in self.columns_of():
            yield self.column_name(key), self.type(key), self.path(key), " NOT NULL" if key.always else ""
        names = {name.split(".")[0] if name.startswith("_") else name for name in self.keys}
        taken = f"ARRAY[{', '.join(map(self.text, sorted(names)))}]::text[]"
        yield "metadata_rest", "jsonb", f"nullif(e.metadata - {taken}, '{{}}'::jsonb)", ""

    def column_name(self, key):
        return f"m_{key.name}" if key.alone else f"m_{key.name}_{key.kind}"

    def identity(self):
        return "uuid" if self.workload.uuids else "text"

    def path(self, key):
        """A member of the metadata: a flat one is read into a column at once, a nested one by its path."""
        if key.name.startswith("_") and "." in key.name:
            path = ", ".join(self.text(part) for part in key.name.split("."))
            return f"jsonb_extract_path_text(e.metadata, {path})::{self.type(key)}"
        if not key.alone:
            name = self.text(key.name)
            told = {"text": "string", "bool": "boolean"}.get(key.kind, "number")
            return f"CASE jsonb_typeof(e.metadata -> {name}) WHEN '{told}' THEN (e.metadata ->> {name})::{self.type(key)} END"
        return f"m.{quoted(key.name)}"

    def type(self, key):
        if key.kind == "text":
            return "text"
        if key.kind == "bool":
            return "boolean"
        if key.kind == "decimal":
            return "numeric"
        return ("smallint" if abs(key.greatest) < 2**14 and abs(key.least) < 2**14 else "integer") if key.small else "bigint"

    def schema(self):
        # Wide columns first, so that none needs padding.
        widths = {"timestamptz": 0, "bigint": 0, "uuid": 1, "integer": 2, "smallint": 3, "boolean": 4}
        ordered = sorted(self.columns(), key=lambda column: widths.get(column[1], 5))
        body = ",\n".join(f"    {quoted(name)} {kind}{null}" for name, kind, _, null in ordered)
        return (
            f"CREATE TABLE events (\n{body}\n) PARTITION BY RANGE (timestamp);\n"
            f"CREATE TABLE event_keys (external_id {self.identity()} PRIMARY KEY);\n"
            f"-- and for each month a partition, with\n"
            f"CREATE INDEX ON events (timestamp);\n"
            f"CREATE INDEX ON events (external_customer_id, timestamp)"
        )

    # Loading

    def create(self):
        schema = "\n".join(line for line in self.schema().splitlines() if not line.startswith("--"))
        table, keys, *self.indices = schema.split(";\n")
        self.ask(table)
        self.ask(keys)
        for month in self.workload.months:
            self.ask(
                f"CREATE TABLE {partition(month)} PARTITION OF events "
                f"FOR VALUES FROM ('{month}-01 00:00:00Z') TO ('{following(month)}-01 00:00:00Z')"
            )

    def bulk(self, rows):
        """The lines as text by COPY, then taken apart by the server; indices are made after the rows are there."""
        self.ask("CREATE UNLOGGED TABLE staging (line text)")
        with self.connection.cursor() as cursor:
            # No character of JSON text is a quote or a delimiter here, so that each line is one field.
            with cursor.copy("COPY staging FROM STDIN (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')") as copy:
                for block in blocks(self.workload.lines(0, rows)):
                    copy.write(block)
        self.ask(f"INSERT INTO events ({self.names()}) SELECT {self.selected()} FROM (SELECT line::jsonb AS line FROM staging) AS s, {self.taken_apart('s.line')}")
        self.ask("DROP TABLE staging")
        self.ask("INSERT INTO event_keys SELECT external_id FROM events WHERE external_id IS NOT NULL")
        for index in self.indices:
            self.ask(index)
        self.ask("ANALYZE")
        self.inserting = (
            f"WITH given AS MATERIALIZED (SELECT {self.selected(aliased=True)} FROM jsonb_array_elements({{lines}}::jsonb) AS s(line), {self.taken_apart('s.line')}), "
            f"new AS (INSERT INTO event_keys SELECT external_id FROM given WHERE external_id IS NOT NULL ON CONFLICT DO NOTHING RETURNING external_id) "
            f"INSERT INTO events ({self.names()}) SELECT {self.names()} FROM given "
            f"WHERE external_id IS NULL OR external_id IN (SELECT external_id FROM new)"
        ).replace("%", "%%").replace("{lines}", "%s")

    def insert(self, lines):
        """One transaction with the lines as they are, repeats left out."""
        self.connection.execute(self.inserting, ["[" + b",".join(lines).decode() + "]"])

    def names(self):
        return ", ".join(quoted(name) for name, *_ in self.columns())

    def selected(self, aliased=False):
        return ", ".join(f"{source} AS {quoted(name)}" if aliased else source for name, _, source, _ in self.columns())

    def taken_apart(self, line):
        flat = ", ".join(f"{quoted(key.name)} {self.type(key)}" for key in self.columns_of() if self.path(key).startswith("m."))
        members = f"jsonb_to_record({line}) AS e(name text, external_customer_id text, timestamp timestamptz, external_id {self.identity()}, metadata jsonb)"
        return members + (f", jsonb_to_record(e.metadata) AS m({flat})" if flat else "")

    def optimise(self):
        for month in self.workload.months:
            table = partition(month)
            self.ask(f"CLUSTER {table} USING {table}_timestamp_idx")
        self.ask("VACUUM (ANALYZE, FREEZE)")
        self.ask("CHECKPOINT")

    def sizes(self):
        """Bytes of the partitions with their indices, and of the keys."""
        events = self.number(
            "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('events')"
        )
        indices = self.number("SELECT sum(pg_indexes_size(relid)) FROM pg_partition_tree('events') WHERE isleaf")
        keys = self.number("SELECT pg_total_relation_size('event_keys')")
        return {"bytes_on_disk": events + keys, "index_bytes": indices, "key_bytes": keys}

    # Asking

    def ask(self, statement):
        return self.connection.execute(statement)

    def number(self, statement):
        return int(self.ask(statement).fetchone()[0])

    def timed(self, statement):
        """Seconds and rows."""
        start = time.perf_counter()
        rows = self.connection.execute(statement).fetchall()
        return time.perf_counter() - start, rows

    def close(self):
        self.connection.close()
        self.cluster.stop()

    # Dialect

    def column(self, key):
        return quoted(self.column_name(key))

    def contains(self, text, part):
        return f"(strpos({text}, {self.text(part)}) > 0)"

    def moment(self, micros):
        return f"timestamptz '{moment_text(micros)}Z'"

    def unix_seconds(self):
        return "floor(extract(epoch FROM timestamp) + 0.5)::bigint"

    def bucket(self, series):
        zone = self.text(series.zone.key)
        if series.interval == "hour":
            return f"date_trunc('hour', timestamp, {zone})"
        return f"date_trunc('{series.interval}', timestamp AT TIME ZONE {zone})"

    def distinct(self, question, bucket, value, where):
        # Hashing the pairs is parallel and needs no sort, which count(DISTINCT) for each bucket would.
        return (
            f"WITH d AS MATERIALIZED (SELECT DISTINCT {bucket} AS bucket, {value} AS x FROM events WHERE {where}) "
            f"SELECT bucket, count(x) FROM d GROUP BY bucket UNION ALL SELECT NULL, count(x) FROM (SELECT DISTINCT x FROM d) AS u"
        )

    def distinct_by_customer(self, question, bucket, value, where, outer):
        spare = ", 0" if ", count" in outer else ""
        return (
            f"WITH d AS MATERIALIZED (SELECT DISTINCT {bucket} AS bucket, external_customer_id AS customer, {value} AS x "
            f"FROM events WHERE {where}), per_customer AS (SELECT bucket, count(x) AS v FROM d GROUP BY bucket, customer) "
            f"SELECT bucket, {outer} FROM per_customer GROUP BY bucket "
            f"UNION ALL SELECT NULL, count(x){spare} FROM (SELECT DISTINCT x FROM d) AS u"
        )


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def partition(month):
    return "events_" + month.replace("-", "_")


def following(month):
    year, number = map(int, month.split("-"))
    return f"{year + number // 12:04}-{number % 12 + 1:02}"


def blocks(lines, bytes_max=1 << 20):
    """Lines joined to large pieces."""
    piece, size = [], 0
    for line in lines:
        piece.append(line)
        size += len(line)
        if size >= bytes_max:
            yield b"\n".join(piece) + b"\n"
            piece, size = [], 0
    if piece:
        yield b"\n".join(piece) + b"\n"
