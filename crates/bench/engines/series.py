"""The points of a question, the buckets they show, and the answer put together from rows of an engine.

A bucket is named by the local date it begins at, or, for hours, by its first second since the epoch: that is what the
statements select, and what is looked up here.
"""

from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICROSECOND = timedelta(microseconds=1)
DAY_MICROS = 86_400_000_000

# Averages are a sum divided once by a count.
DIVISION = Context(prec=34, rounding=ROUND_HALF_EVEN)


class Series:
    """The points from start to end, and for each the bucket it falls into."""

    def __init__(self, question):
        self.interval = question["interval"]
        self.zone = ZoneInfo(question["timezone"] or "UTC")
        start, end = (instant(question[edge]) for edge in ("start", "end"))
        self.points = list(self.walk(start, end))
        self.names = [self.name(self.first(point)) for point in self.points]
        ranges = sorted({(micros(self.first(point)), micros(self.next(self.first(point)))) for point in self.points})
        self.ranges = merged(ranges)

    def walk(self, point, end):
        while point <= end:
            yield point
            point = self.next(point)

    def first(self, point):
        """The start of the bucket that a point falls into."""
        local = point.astimezone(self.zone)
        if self.interval == "hour":
            # A cut to the local hour keeps the offset of the point, so that a repeated hour is two buckets.
            return point - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        local = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        if self.interval == "week":
            local -= timedelta(days=local.weekday())
        elif self.interval == "month":
            local = local.replace(day=1)
        elif self.interval == "year":
            local = local.replace(month=1, day=1)
        return local.astimezone(timezone.utc)

    def next(self, point):
        """One interval later: hours are absolute, the others are steps on the local calendar."""
        if self.interval == "hour":
            return point + timedelta(hours=1)
        local = point.astimezone(self.zone).replace(tzinfo=None)
        if self.interval == "day":
            local += timedelta(days=1)
        elif self.interval == "week":
            local += timedelta(days=7)
        else:
            months = local.year * 12 + local.month - 1 + (1 if self.interval == "month" else 12)
            year, month = divmod(months, 12)
            last = (datetime(year + (month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
            local = local.replace(year=year, month=month + 1, day=min(local.day, last))
        # A reading that occurs twice is the later one. One that is skipped moves on by the length of the gap,
        # which is what the earlier offset gives.
        later = local.replace(tzinfo=self.zone, fold=1)
        back = later.astimezone(timezone.utc).astimezone(self.zone).replace(tzinfo=None)
        if back != local:
            later = local.replace(tzinfo=self.zone, fold=0)
        return later.astimezone(timezone.utc)

    def name(self, first):
        if self.interval == "hour":
            return str(micros(first) // 1_000_000)
        return first.astimezone(self.zone).date().isoformat()

    @property
    def whole_hours(self):
        """Whether an hour of the zone begins with an hour of UTC, at all points."""
        hour = timedelta(hours=1)
        return not any(point.astimezone(self.zone).utcoffset() % hour for point in self.points)


    def offsets(self):
        """The zone's offsets over the buckets, in order: (first microsecond, seconds east of UTC)."""
        start, end = self.ranges[0][0], self.ranges[-1][1]
        out = [(start, self.offset(start))]
        # No zone changes its offset twice in a day.
        for least in range(start, end, DAY_MICROS):
            before, after = least, min(least + DAY_MICROS, end)
            if self.offset(before) == self.offset(after):
                continue
            while after - before > 1_000_000:
                middle = (before + after) // 2_000_000 * 1_000_000
                if self.offset(middle) == self.offset(least):
                    before = middle
                else:
                    after = middle
            out.append((after, self.offset(after)))
        return out

    def offset(self, micros_since_epoch):
        moment = EPOCH + timedelta(microseconds=micros_since_epoch)
        return int(moment.astimezone(self.zone).utcoffset().total_seconds())


def merged(ranges):
    """Half-open ranges of microseconds, neighbours joined."""
    out = []
    for least, end in ranges:
        if out and least <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((least, end))
    return out


def answer(question, function, series, rows):
    """Quantities and total, as exact text, from rows of (bucket or None, number, ...)."""
    by_name = {bucket_name(row[0], series.interval): [number(cell) for cell in row[1:]] for row in rows}
    outer = question["customer_aggregation_function"]
    shown = [by_name.get(name) for name in series.names]
    quantities = [value(outer or function, row) for row in shown]
    with localcontext() as context:
        context.prec = 90
        distinct = {name: row for name, row in zip(series.names, shown) if row is not None}
        if function in ("count", "sum"):
            total = sum(quantities, Decimal(0))
        elif function in ("max", "min"):
            present = [quantity for quantity, row in zip(quantities, shown) if row is not None]
            total = (max if function == "max" else min)(present, default=Decimal(0))
        elif function == "avg":
            # The last two numbers of a row are the sum and the count of the events themselves.
            total = value("avg", [sum(row[index] for row in distinct.values()) for index in (-2, -1)])
        else:
            total = value(function, by_name.get(None))
    return [text(quantity) for quantity in quantities], text(total)


def bucket_name(cell, interval):
    """What an engine gives for a bucket, as `Series.name` writes it."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, int):
        return str(cell)
    if interval != "hour":
        return cell.isoformat()[:10]
    if cell.tzinfo is None:
        cell = cell.replace(tzinfo=timezone.utc)
    return str(micros(cell) // 1_000_000)


def value(function, row):
    """The quantity in a row; without a row 0."""
    if row is None or row[0] is None:
        return Decimal(0)
    if function == "avg":
        return DIVISION.divide(row[0], row[1]) if row[1] else Decimal(0)
    return row[0]


def number(cell):
    if cell is None or isinstance(cell, Decimal):
        return cell
    return Decimal(repr(cell) if isinstance(cell, float) else cell)


def text(quantity):
    """Digits without exponent and without needless zeros."""
    plain = format(quantity, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def absolute_error(expected, quantities, total):
    """The greatest distance from the oracle's answer, over the quantities and the total."""
    if expected.get("quantities") is None:
        return None
    told = [row["quantity"] for row in expected["quantities"]] + [expected["total"]]
    if len(told) != len(quantities) + 1:
        return None
    with localcontext() as context:
        context.prec = 90
        return max(abs(Decimal(a) - Decimal(b)) for a, b in zip(told, [*quantities, total]))


def instant(written):
    return datetime.fromisoformat(written.replace("Z", "+00:00")).astimezone(timezone.utc)


def micros(moment):
    return (moment - EPOCH) // MICROSECOND


def moment_text(micros_since_epoch):
    """`2025-03-01 00:00:00.000000`, UTC."""
    return (EPOCH + timedelta(microseconds=micros_since_epoch)).strftime("%Y-%m-%d %H:%M:%S.%f")
