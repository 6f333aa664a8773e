"""Reads a data folder with DuckDB, as docs/data-folder.md says: check.py FOLDER.

FOLDER is made by `cargo run -p store --example sealed_folder FOLDER`. Needs the package duckdb.
"""

import decimal
import pathlib
import re
import sys

import duckdb

folder = pathlib.Path(sys.argv[1])
guide = pathlib.Path(__file__).parents[4] / "docs" / "data-folder.md"
view = re.search(r"```sql\n(CREATE VIEW .*?;)", guide.read_text(), re.DOTALL).group(1)

db = duckdb.connect()
db.execute("SET TimeZone = 'UTC'")
db.execute(view.replace("'data/", f"'{folder}/"))


def check(question, expected):
    answer = db.execute(question).fetchall()
    assert answer == expected, f"{question}\n  gives {answer}\n  expected {expected}"


numbers = range(20_000)
check(
    "SELECT organization, count(*), min(ordinal), max(ordinal) FROM events GROUP BY 1 ORDER BY 1",
    [(organization, 20_000, 0, 19_999) for (organization,) in db.execute(
        "SELECT DISTINCT organization FROM events ORDER BY 1").fetchall()],
)
check("SELECT count(DISTINCT organization), count(DISTINCT sequence), min(sequence) FROM events", [(2, 40_000, 1)])
check('SELECT sum("metadata.tokens.int") FROM events', [(2 * sum(numbers),)])
check(
    'SELECT sum("metadata.cost.decimal"), max("metadata.cost.decimal") FROM events',
    [(decimal.Decimal(sum(numbers)) / 2, decimal.Decimal("4999.75"))],
)
check(
    'SELECT "metadata.model.text", count(*) FROM events GROUP BY 1 ORDER BY 1',
    [("large", 2 * sum(n % 3 != 0 for n in numbers)), ("small", 2 * sum(n % 3 == 0 for n in numbers))],
)
check('SELECT count(*) FROM events WHERE "metadata.cached.bool"', [(8_000,)])
check("SELECT count(*) FROM events WHERE \"metadata.later.text\" = 'yes'", [(20_000,)])
check("SELECT count(*), count(DISTINCT external_id) FROM events", [(40_000, 20_000)])
check(
    "SELECT external_id FROM events WHERE ordinal IN (16, 17) ORDER BY sequence LIMIT 2",
    [("00000000-0000-4000-8000-000000000010",), ("key-17",)],
)
check("SELECT count(*) FROM events WHERE external_customer_id = 'customer-3'", [(4_000,)])
check("SELECT count(*) FROM events WHERE customer_id IS NOT NULL AND external_customer_id IS NULL", [(4_000,)])
check("SELECT count(*) FROM events WHERE source = 'system'", [(400,)])
check("SELECT count(*) FROM events WHERE external_member_id = 'member'", [(10_000,)])
check(
    "SELECT strftime(min(timestamp), '%Y-%m-%d %H:%M:%S'), strftime(max(timestamp), '%Y-%m-%d %H:%M:%S') FROM events",
    [("2026-01-01 00:00:00", "2026-01-01 05:33:19")],
)
check(
    "SELECT strftime(received_at, '%Y-%m-%d'), count(*) FROM events GROUP BY 1 ORDER BY 1",
    [("2026-01-01", 20_000), ("2026-01-02", 20_000)],
)
print(f"DuckDB {duckdb.__version__} reads {folder} as documented")
