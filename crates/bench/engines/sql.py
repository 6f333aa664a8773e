"""Meters and questions as SQL. What differs between the engines is a `Dialect`; the reading of the rules is here, once.

A filter compares by the kind of the stored value. Every kind of every metadata key is a typed column here, so the kind is known when the
statement is made, and a clause becomes a plain comparison for each kind of its key, or FALSE where the kinds never match. A value that is not there
is NULL, and NULL is never a match, because nothing negates a filter.
"""

COMPARISONS = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Unsupported(Exception):
    """A question that the typed columns cannot answer."""


class Dialect:
    """What one engine spells in its own way. `keys` are the metadata keys of the workload, each with its kinds."""

    def __init__(self, keys):
        self.keys = keys

    def columns_of(self):
        """Each kind of each key: what has a column of its own."""
        return [key for kinds in self.keys.values() for key in kinds]

    def text(self, value):
        return "'" + value.replace("'", "''") + "'"

    def column(self, key):
        """The value of a metadata key, NULL where an event lacks it."""
        raise NotImplementedError

    def stored(self, key):
        """The column itself, for comparisons that a missing value cannot pass."""
        return self.column(key)

    def contains(self, text, part):
        raise NotImplementedError

    def moment(self, micros):
        """A constant of the type of the column `timestamp`."""
        raise NotImplementedError

    def unix_seconds(self):
        """The event's time in seconds, rounded half up."""
        raise NotImplementedError

    def bucket(self, series):
        """The name of the event's bucket: its local date, or for hours its first second."""
        raise NotImplementedError

    def distinct(self, question, bucket, value, where):
        """Buckets with their count of distinct values, and a row with bucket NULL over all of them."""
        raise NotImplementedError

    def distinct_by_customer(self, question, bucket, value, where, outer):
        """The same for each customer and bucket, aggregated over the customers; in the NULL row the plain count."""
        raise NotImplementedError


def statement(dialect, question, meter, series):
    """The statement that answers a question: rows of bucket and numbers, as `series.answer` reads them."""
    aggregation = meter["aggregation"]
    function, property_ = aggregation["func"], without_prefix(aggregation.get("property"))
    where = [ranges(dialect, series), condition(dialect, meter["filter"])]
    if question["customer"] is not None:
        where.append(f"external_customer_id = {dialect.text(question['customer'])}")
    for key, values in (question["metadata"] or {}).items():
        where.append(has_text(dialect, key, values))
    value = "NULL"
    if function == "unique":
        if property_ in dialect.keys:
            value = distinguished(dialect, dialect.keys[property_])
        else:
            where.append("FALSE")
    elif function != "count":
        value, present = number(dialect, property_)
        where.append(present)
    where = " AND ".join(part for part in where if part != "TRUE") or "TRUE"
    bucket = dialect.bucket(series)
    outer = question["customer_aggregation_function"]
    if function == "unique":
        make = dialect.distinct_by_customer if outer else dialect.distinct
        return make(question, bucket, value, where, *([aggregated(outer)] if outer else []))
    if outer:
        return by_customer(dialect, bucket, function, outer, value, where)
    numbers = {"count": "count(*)", "avg": f"sum({value}), count(*)"}.get(function, f"{function}({value})")
    return f"SELECT {bucket}, {numbers} FROM events WHERE {where} GROUP BY {bucket}"


def by_customer(dialect, bucket, function, outer, value, where):
    """First the meter's aggregate for each bucket and customer, then the outer function over the customers."""
    inner = "count(*)" if function == "count" else f"{function}({value})"
    numbers = aggregated(outer)
    extra = ""
    if function == "avg":
        # The total is over the events, not over the customers.
        extra = f", sum({value}) AS events_sum, count(*) AS events_count"
        numbers += ", sum(events_sum), sum(events_count)"
    return (
        f"SELECT bucket, {numbers} FROM (SELECT {bucket} AS bucket, {inner} AS v{extra} "
        f"FROM events WHERE {where} GROUP BY {bucket}, external_customer_id) AS per_customer GROUP BY bucket"
    )


def aggregated(outer):
    """A function over the customers' values `v`; an average is divided outside."""
    return {"count": "count(*)", "avg": "sum(v), count(*)", "unique": "count(DISTINCT v)"}.get(outer, f"{outer}(v)")


def ranges(dialect, series):
    parts = [
        f"timestamp >= {dialect.moment(least)} AND timestamp < {dialect.moment(end)}" for least, end in series.ranges
    ]
    if not parts:
        return "FALSE"
    return parts[0] if len(parts) == 1 else "(" + " OR ".join(f"({part})" for part in parts) + ")"


def number(dialect, property_):
    """The expression of a number and the condition that it is there."""
    if property_ == "timestamp":
        return dialect.unix_seconds(), "TRUE"
    key = next((key for key in dialect.keys.get(property_, ()) if key.number), None)
    if key is None:
        return "0", "FALSE"
    column = dialect.column(key)
    return column, "TRUE" if key.always else f"{column} IS NOT NULL"


def condition(dialect, filter_):
    """A filter, or one of its clauses."""
    if "clauses" in filter_:
        parts = [condition(dialect, clause) for clause in filter_["clauses"]]
        if filter_["conjunction"] == "and":
            parts = [part for part in parts if part != "TRUE"]
            if "FALSE" in parts:
                return "FALSE"
            return "TRUE" if not parts else parts[0] if len(parts) == 1 else "(" + " AND ".join(parts) + ")"
        return any_of(parts) if parts else "TRUE"
    property_ = without_prefix(filter_["property"])
    operator, value = filter_["operator"], filter_["value"]
    if isinstance(value, float):
        value = int(value)
    if property_ == "timestamp":
        return on_time(dialect, operator, value)
    if property_ in ("name", "source"):
        if not isinstance(value, str):
            return "FALSE"
        return on_text(dialect, "name" if property_ == "name" else "'user'", operator, value)
    return any_of(on_kind(dialect, key, operator, value) for key in dialect.keys.get(property_, ()))


def on_kind(dialect, key, operator, value):
    """A clause, for the values of one kind."""
    as_text = value if isinstance(value, str) else "ft"[value] if isinstance(value, bool) else str(value)
    if key.kind == "text":
        return on_text(dialect, dialect.column(key), operator, as_text)
    if operator in ("like", "not_like"):
        return on_text(dialect, shown(dialect, key), operator, as_text)
    if key.number and not isinstance(value, str):
        return f"{dialect.stored(key)} {COMPARISONS[operator]} {int(value)}"
    if key.kind == "bool" and isinstance(value, bool) and operator in ("eq", "ne"):
        truth = value if operator == "eq" else not value
        return dialect.stored(key) if truth else f"NOT {dialect.stored(key)}"
    return "FALSE"


def any_of(parts):
    parts = [part for part in parts if part != "FALSE"]
    if not parts or "TRUE" in parts:
        return "TRUE" if parts else "FALSE"
    return parts[0] if len(parts) == 1 else "(" + " OR ".join(parts) + ")"


def distinguished(dialect, kinds):
    """An expression that tells the values of a key apart, also 1 and "1"."""
    if len(kinds) == 1:
        return dialect.column(kinds[0])
    spelled = (
        f"'=' || {dialect.column(key)}" if key.kind == "text" else f"CAST({dialect.column(key)} AS {dialect.TEXT})"
        for key in kinds
    )
    return f"coalesce({', '.join(spelled)})"


def on_text(dialect, text, operator, value):
    if operator == "like":
        return dialect.contains(text, value)
    if operator == "not_like":
        return f"NOT {dialect.contains(text, value)}"
    return f"{text} {COMPARISONS[operator]} {dialect.text(value)}"


def on_time(dialect, operator, value):
    """Seconds rounded half up, compared with a whole number: a range of the column itself."""
    if isinstance(value, bool) or not isinstance(value, int):
        return "FALSE"
    if operator in ("like", "not_like"):
        return on_text(dialect, f"CAST({dialect.unix_seconds()} AS {dialect.TEXT})", operator, str(value))
    least, end = (dialect.moment(seconds * 1_000_000 - 500_000) for seconds in (value, value + 1))
    return {
        "eq": f"(timestamp >= {least} AND timestamp < {end})",
        "ne": f"(timestamp < {least} OR timestamp >= {end})",
        "gt": f"timestamp >= {end}",
        "gte": f"timestamp >= {least}",
        "lt": f"timestamp < {least}",
        "lte": f"timestamp < {end}",
    }[operator]


def shown(dialect, key):
    """The text of a stored value."""
    if key.kind == "decimal":
        raise Unsupported(f"the column of {key.name} does not keep how its numbers were written")
    if key.kind == "bool":
        return f"CASE WHEN {dialect.stored(key)} THEN 'true' WHEN NOT {dialect.stored(key)} THEN 'false' END"
    return f"CAST({dialect.stored(key)} AS {dialect.TEXT})"


def has_text(dialect, key, values):
    """The metadata filter of a question: the stored value's text is one of the values."""
    values = values if isinstance(values, list) else [values]
    return any_of(is_text(dialect, kind, value) for value in values for kind in dialect.keys.get(key, ()))


def is_text(dialect, key, value):
    if key.kind == "text":
        return f"{dialect.column(key)} = {dialect.text(value)}"
    if key.kind == "bool":
        return {"true": dialect.stored(key), "false": f"NOT {dialect.stored(key)}"}.get(value, "FALSE")
    if key.kind == "integer":
        try:
            whole = int(value)
        except ValueError:
            return "FALSE"
        return f"{dialect.stored(key)} = {whole}" if str(whole) == value else "FALSE"
    raise Unsupported(f"the column of {key.name} does not keep how its numbers were written")


def without_prefix(path):
    """One leading `metadata.` is not part of a path."""
    return path.removeprefix("metadata.") if path is not None else None
