"""Reads a data folder with DuckDB, as docs/data-folder.md says: check.py FOLDER.

FOLDER is made by `cargo run -p store --example sealed_folder FOLDER`. Needs what requirements.txt beside this names;
`cargo xtask clients duckdb` does it all. The last line says how many checks there were; the first wrong answer ends it.
"""

import decimal
import os
import pathlib
import re
import sys

import duckdb

EVENTS_COUNT = 20_000  # Of each organization.


def main(folder):
    view, by_day = statements_of_guide()
    # The paths of the guide, without a quote or a wildcard that could be in the folder's own.
    os.chdir(folder)
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    db.execute(view.replace("'data/", "'"))
    checked = Checked(db)
    check_order(checked)
    check_metadata(checked)
    check_customers(checked)
    check_times(checked)
    check_question_of_guide(checked, by_day)
    print(f"duckdb: {duckdb.__version__} reads a sealed folder as documented: {checked.count} checks")


def statements_of_guide():
    """The statements that the guide tells its readers to type: the view, and a question to it."""
    guide = pathlib.Path(__file__).resolve().parents[4] / "docs" / "data-folder.md"
    block = re.search(r"```sql\n(CREATE VIEW .*?;)\n\n(SELECT .*?;)\n```", guide.read_text("utf-8"), re.DOTALL)
    if block is None:
        sys.exit(f"duckdb: {guide} shows no view with a question to it")
    return block.groups()


class Checked:
    """Compares answers, and counts them."""

    def __init__(self, db):
        self.db = db
        self.count = 0

    def rows(self, question, expected):
        """The answer has these rows, in the order that the question asks for."""
        answer = self.db.execute(question).fetchall()
        # Not `assert`, which an optimizing Python leaves out.
        if answer != expected:
            sys.exit(f"duckdb: {question}\n  gives    {answer}\n  expected {expected}")
        self.count += 1

    def value(self, question, expected):
        """The answer is one row with this one value."""
        self.rows(question, [(expected,)])


def check_order(checked):
    checked.rows(
        "SELECT count(*), min(ordinal), max(ordinal), count(DISTINCT ordinal) FROM events GROUP BY organization",
        [(EVENTS_COUNT, 0, EVENTS_COUNT - 1, EVENTS_COUNT)] * 2,
    )
    checked.rows(
        "SELECT count(DISTINCT sequence), min(sequence), max(sequence) FROM events",
        [(2 * EVENTS_COUNT, 1, 2 * EVENTS_COUNT)],
    )
    checked.value("SELECT count(DISTINCT external_id) FROM events", EVENTS_COUNT)
    checked.rows(
        "SELECT external_id FROM events WHERE ordinal IN (16, 17) ORDER BY sequence LIMIT 2",
        [("00000000-0000-4000-8000-000000000010",), ("key-17",)],
    )


def check_metadata(checked):
    numbers = range(EVENTS_COUNT)
    checked.value('SELECT sum("metadata.tokens.int") FROM events', 2 * sum(numbers))
    checked.rows(
        'SELECT sum("metadata.cost.decimal"), max("metadata.cost.decimal") FROM events',
        [(decimal.Decimal(sum(numbers)) / 2, decimal.Decimal("4999.75"))],
    )
    checked.rows(
        'SELECT "metadata.model.text", count(*) FROM events GROUP BY 1 ORDER BY 1',
        [("large", 2 * sum(n % 3 != 0 for n in numbers)), ("small", 2 * sum(n % 3 == 0 for n in numbers))],
    )
    checked.value('SELECT count(*) FROM events WHERE "metadata.cached.bool"', 8_000)
    # Only the second half has it.
    checked.value("SELECT count(*) FROM events WHERE \"metadata.later.text\" = 'yes'", EVENTS_COUNT)


def check_customers(checked):
    checked.value("SELECT count(*) FROM events WHERE external_customer_id = 'customer-3'", 4_000)
    checked.value("SELECT count(*) FROM events WHERE customer_id IS NOT NULL AND external_customer_id IS NULL", 4_000)
    checked.value("SELECT count(*) FROM events WHERE external_member_id = 'member'", 10_000)
    checked.value("SELECT count(*) FROM events WHERE source = 'system'", 400)


def check_times(checked):
    checked.rows(
        "SELECT strftime(min(timestamp), '%Y-%m-%d %H:%M:%S'), strftime(max(timestamp), '%Y-%m-%d %H:%M:%S') FROM events",
        [("2026-01-01 00:00:00", "2026-01-01 05:33:19")],
    )
    checked.rows(
        "SELECT strftime(received_at, '%Y-%m-%d'), count(*) FROM events GROUP BY 1 ORDER BY 1",
        [("2026-01-01", EVENTS_COUNT), ("2026-01-02", EVENTS_COUNT)],
    )


def check_question_of_guide(checked, by_day):
    [(organization,)] = checked.db.execute("SELECT min(organization) FROM events").fetchall()
    by_day = by_day.rstrip(";").replace("0190a5ab-…", str(organization))
    # A customer has every tenth event, the last of them under an id of Sextant's instead of its own.
    of_each = [range(first, EVENTS_COUNT, 10) for first in range(10)]
    names = [f"customer-{number}" for number in range(9)] + [None]
    checked.rows(
        f"SELECT * REPLACE (strftime(day, '%Y-%m-%d') AS day) FROM ({by_day}) ORDER BY external_customer_id NULLS LAST",
        [(name, "2026-01-01", len(numbers), sum(numbers)) for name, numbers in zip(names, of_each)],
    )


if len(sys.argv) != 2:
    sys.exit("usage: check.py FOLDER")
main(sys.argv[1])
