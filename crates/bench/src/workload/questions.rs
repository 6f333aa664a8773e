//! What is asked: a hundred questions of the kinds that bills and dashboards ask.

use anyhow::Context;
use jiff::Timestamp;
use jiff::civil::{Date, date};

use super::calendar::{ZONES, zone};
use super::meters::{Function, Meter, Property, all};

/// What a question is like, for the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Plain,
    Year,
    Hour,
    Customer,
    Metadata,
    PerCustomer,
    Unique,
}

impl Kind {
    /// As it stands in files.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Year => "year",
            Self::Hour => "hour",
            Self::Customer => "customer",
            Self::Metadata => "metadata",
            Self::PerCustomer => "per_customer",
            Self::Unique => "unique",
        }
    }
}

/// Into which periods a question cuts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interval {
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Interval {
    /// As the API calls it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// A question for quantities.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) kind: Kind,
    /// Index into the meters.
    pub(crate) meter: usize,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) interval: Interval,
    pub(crate) zone: &'static str,
    /// Rank of a customer.
    pub(crate) customer: Option<u32>,
    /// Only events in which the property has this text.
    pub(crate) metadata: Option<(Property, &'static str)>,
    /// Over the customers.
    pub(crate) function: Option<Function>,
}

/// All questions, and the meters that they are about.
pub(crate) fn questions() -> anyhow::Result<(Vec<Meter>, Vec<Question>)> {
    let mut list = List {
        meters: all(),
        questions: Vec::new(),
    };
    list.plain()?;
    list.year()?;
    list.hour()?;
    list.customer()?;
    list.metadata()?;
    list.per_customer()?;
    list.unique()?;
    Ok((list.meters, list.questions))
}

struct List {
    meters: Vec<Meter>,
    questions: Vec<Question>,
}

/// From when to when, in what steps. Both ends are included.
#[derive(Debug, Clone, Copy)]
struct Range {
    start: Date,
    end: Date,
    /// Of the day, in a zone's clock.
    at_hour: i8,
    interval: Interval,
    zone: &'static str,
}

impl Range {
    fn new(start: Date, end: Date, interval: Interval, zone: &'static str) -> Self {
        Self {
            start,
            end,
            at_hour: 0,
            interval,
            zone,
        }
    }

    /// Thirty days of a month.
    fn thirty_days(month: i8, zone: &'static str) -> anyhow::Result<Self> {
        let start = date(2025, month, 1);
        let end = start
            .checked_add(jiff::Span::new().days(29))
            .context("count days")?;
        Ok(Self::new(start, end, Interval::Day, zone))
    }

    fn year_by_month(zone: &'static str) -> Self {
        Self::new(date(2025, 1, 1), date(2025, 12, 1), Interval::Month, zone)
    }
}

impl List {
    fn ask(&mut self, kind: Kind, meter: &str, range: Range) -> anyhow::Result<&mut Question> {
        let meter = self
            .meters
            .iter()
            .position(|known| known.slug == meter)
            .with_context(|| format!("there is no meter `{meter}`"))?;
        let zone = zone(range.zone)?;
        let at = |date: Date| {
            let time = date.at(range.at_hour, 0, 0, 0);
            let at = zone.to_ambiguous_zoned(time).compatible();
            at.map(|at| at.timestamp()).context("find a local time")
        };
        self.questions.push(Question {
            kind,
            meter,
            start: at(range.start)?,
            end: at(range.end)?,
            interval: range.interval,
            zone: range.zone,
            customer: None,
            metadata: None,
            function: None,
        });
        self.questions.last_mut().context("just added")
    }

    /// Each meter over thirty days, two of three in UTC.
    fn plain(&mut self) -> anyhow::Result<()> {
        const MONTHS: [i8; 11] = [3, 10, 6, 1, 11, 4, 9, 5, 8, 7, 12];
        let slugs: Vec<&str> = self.meters.iter().map(|meter| meter.slug).collect();
        for (index, slug) in slugs.into_iter().enumerate() {
            let zone = if index % 3 == 2 {
                ZONES[index / 3 % ZONES.len()]
            } else {
                "UTC"
            };
            let month = if slug.ends_with("since-july") {
                9
            } else {
                MONTHS[index % MONTHS.len()]
            };
            self.ask(Kind::Plain, slug, Range::thirty_days(month, zone)?)?;
        }
        Ok(())
    }

    /// The year by month in all zones, by week, by day, from the middle of a day, and whole.
    fn year(&mut self) -> anyhow::Result<()> {
        const METERS: [&str; 10] = [
            "events",
            "cost",
            "errors",
            "mean-latency",
            "slowest",
            "cost-heavy",
            "input-tokens",
            "cheapest",
            "not-ok",
            "mean-cost-enterprise",
        ];
        for (slug, zone) in METERS.into_iter().zip(ZONES) {
            self.ask(Kind::Year, slug, Range::year_by_month(zone))?;
        }
        let (first, last) = (date(2025, 1, 1), date(2025, 12, 31));
        let weeks = Range::new(first, last, Interval::Week, "Europe/Paris");
        self.ask(Kind::Year, "cost-europe", weeks)?;
        let days = Range {
            at_hour: 15,
            ..Range::new(first, last, Interval::Day, "America/New_York")
        };
        self.ask(Kind::Year, "output-tokens", days)?;
        // From the last of a month, whose steps are clipped.
        let clipped = Range::new(date(2025, 1, 31), last, Interval::Month, "Pacific/Auckland");
        self.ask(Kind::Year, "refunds", clipped)?;
        self.ask(
            Kind::Year,
            "streams",
            Range::new(first, last, Interval::Year, "UTC"),
        )?;
        Ok(())
    }

    /// A week by hour, most of them with a change of offset.
    fn hour(&mut self) -> anyhow::Result<()> {
        for (slug, start, zone) in [
            ("events", date(2025, 2, 3), "UTC"),
            ("cost", date(2025, 3, 6), "America/New_York"),
            ("errors", date(2025, 10, 23), "Europe/Paris"),
            ("mean-latency", date(2025, 4, 3), "Australia/Lord_Howe"),
            ("slowest", date(2025, 9, 4), "America/Santiago"),
            ("input-tokens", date(2025, 4, 22), "Africa/Cairo"),
            ("cheapest", date(2025, 6, 16), "Asia/Kathmandu"),
            ("uncached-europe", date(2025, 9, 25), "Pacific/Auckland"),
        ] {
            let end = start
                .checked_add(jiff::Span::new().days(7))
                .context("count days")?;
            self.ask(
                Kind::Hour,
                slug,
                Range::new(start, end, Interval::Hour, zone),
            )?;
        }
        Ok(())
    }

    /// One customer: the most popular, some in the middle, the rarest.
    fn customer(&mut self) -> anyhow::Result<()> {
        for (slug, rank, month) in [
            ("cost", 0, 6),
            ("events", 1, 3),
            ("input-tokens", 10, 10),
            ("mean-latency", 100, 9),
            ("users", 2, 5),
            ("slowest", 1_000, 0),
            ("cost", 5_000, 0),
            ("errors", 0, 0),
            ("cost-heavy", 50_000, 0),
            ("events", 99_999, 0),
        ] {
            let range = if month == 0 {
                Range::year_by_month("America/New_York")
            } else {
                Range::thirty_days(month, "UTC")?
            };
            self.ask(Kind::Customer, slug, range)?.customer = Some(rank);
        }
        Ok(())
    }

    /// A filter that no meter has: thirty days by day, and the year.
    fn metadata(&mut self) -> anyhow::Result<()> {
        use Property::{Cached, Document, Model, Plan, Region, Status, Stream, User};
        for (slug, property, value, month) in [
            ("cost", Model, "large", 6),
            ("events", Region, "eu-west", 3),
            ("input-tokens", Plan, "enterprise", 10),
            // A number as well as a text.
            ("events", Status, "404", 9),
            ("cost", Document, "doc-00042", 5),
            ("slowest", Stream, "true", 7),
            ("mean-latency", Cached, "false", 2),
            ("users", Model, "mini", 4),
            ("cost", User, "4711", 8),
            ("errors", Region, "são-paulo", 11),
            ("cost", Model, "large", 0),
            ("events", Status, "404", 0),
            ("cost", Document, "doc-00042", 0),
            ("input-tokens", Region, "us-east", 0),
            ("mean-cost-enterprise", Model, "audio \"beta\"", 0),
            ("cheapest", Cached, "true", 0),
        ] {
            let range = if month == 0 {
                Range::year_by_month("UTC")
            } else {
                Range::thirty_days(month, "UTC")?
            };
            self.ask(Kind::Metadata, slug, range)?.metadata = Some((property, value));
        }
        // A filter and a customer at once.
        let question = self.ask(Kind::Metadata, "cost", Range::year_by_month("Europe/Paris"))?;
        question.metadata = Some((Model, "small"));
        question.customer = Some(3);
        Ok(())
    }

    /// The quantity of each customer, and a function over them.
    fn per_customer(&mut self) -> anyhow::Result<()> {
        use Function::{Avg, Count, Max, Min, Sum, Unique};
        for (slug, function, month) in [
            ("events", Max, 6),
            ("events", Count, 3),
            ("cost", Avg, 10),
            ("cost", Max, 9),
            ("input-tokens", Unique, 5),
            ("slowest", Min, 7),
            ("slowest", Sum, 2),
            ("mean-latency", Max, 4),
            ("mean-cost-enterprise", Avg, 8),
            ("llm-users", Max, 11),
            ("cost", Sum, 0),
            ("errors", Avg, 0),
        ] {
            let range = if month == 0 {
                Range::year_by_month("UTC")
            } else {
                Range::thirty_days(month, "UTC")?
            };
            self.ask(Kind::PerCustomer, slug, range)?.function = Some(function);
        }
        Ok(())
    }

    /// Distinct values, from a day to the year.
    fn unique(&mut self) -> anyhow::Result<()> {
        let day = |month, day, interval, zone| {
            Range::new(
                date(2025, month, day),
                date(2025, month, day),
                interval,
                zone,
            )
        };
        let within = |start, end, interval, zone| Range::new(start, end, interval, zone);
        for (slug, range) in [
            ("users", day(6, 18, Interval::Day, "UTC")),
            (
                "users",
                within(
                    date(2025, 6, 16),
                    date(2025, 6, 22),
                    Interval::Day,
                    "Europe/Paris",
                ),
            ),
            (
                "users",
                within(date(2025, 5, 7), date(2025, 5, 8), Interval::Hour, "UTC"),
            ),
            (
                "users",
                within(date(2025, 7, 1), date(2025, 9, 30), Interval::Week, "UTC"),
            ),
            ("users", Range::year_by_month("America/New_York")),
            ("users", day(1, 1, Interval::Year, "UTC")),
            ("llm-users", Range::thirty_days(3, "America/New_York")?),
            ("llm-users", Range::year_by_month("UTC")),
            ("documents", day(6, 18, Interval::Week, "UTC")),
            ("documents", Range::year_by_month("UTC")),
            ("statuses", Range::year_by_month("Asia/Kolkata")),
            ("paid-documents-since-july", Range::year_by_month("UTC")),
        ] {
            self.ask(Kind::Unique, slug, range)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_about_a_hundred_questions_and_every_meter_is_asked() {
        let (meters, questions) = questions().expect("questions");
        assert!((95..=110).contains(&questions.len()), "{}", questions.len());
        for index in 0..meters.len() {
            assert!(questions.iter().any(|question| question.meter == index));
        }
    }
}
