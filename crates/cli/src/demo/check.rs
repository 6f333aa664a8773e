//! Asks for quantities and compares them with the independent sums.

use std::time::{Duration, Instant};

use anyhow::ensure;
use api::{Decimal, MeterQuantities};

use super::calendar;
use super::cast::CUSTOMERS;
use super::measures::Measure;
use super::sample::Sample;
use super::tally::{Expected, written_micros};
use crate::client::Client;

/// A number of the server beside what it must be.
#[derive(Debug, Clone)]
pub(super) struct Quantity {
    /// As the server wrote it.
    pub(super) written: String,
    /// What it must be.
    pub(super) expected: Expected,
}

impl Quantity {
    fn new(answer: &Decimal, expected: Expected) -> Self {
        Self {
            written: answer.as_str().to_owned(),
            expected,
        }
    }

    /// Whether it is right.
    pub(super) fn is_right(&self) -> bool {
        self.expected.agrees_with(&self.written)
    }

    /// What the server wrote, in millionths; digits beyond are cut.
    pub(super) fn micros(&self) -> i128 {
        written_micros(&self.written).unwrap_or(0)
    }
}

/// All quantities of one meter.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) measure: Measure,
    pub(super) meter_id: String,
    /// One for each day of the sample.
    pub(super) days: Vec<Quantity>,
    /// Over all days.
    pub(super) total: Quantity,
    /// Over all days, for each of [`CUSTOMERS`] alone.
    pub(super) customers: Vec<Quantity>,
}

impl Measured {
    /// Every number, with words for what it is.
    fn each(&self, sample: &Sample) -> Vec<(String, &Quantity)> {
        let name = self.measure.name();
        let mut each = Vec::new();
        for (index, quantity) in self.days.iter().enumerate() {
            each.push((format!("{name} on {}", sample.day(index).short()), quantity));
        }
        each.push((format!("{name}, total"), &self.total));
        for (customer, quantity) in CUSTOMERS.iter().zip(&self.customers) {
            each.push((format!("{name} of {}", customer.name), quantity));
        }
        each
    }

    /// Whether every number is right.
    pub(super) fn is_right(&self) -> bool {
        self.days
            .iter()
            .chain(&self.customers)
            .chain([&self.total])
            .all(Quantity::is_right)
    }
}

/// The result of all comparisons.
#[derive(Debug)]
pub(super) struct Checked {
    /// In the order of [`Measure::ALL`].
    pub(super) meters: Vec<Measured>,
    /// How many requests were made.
    pub(super) requests: u64,
    /// From the first request to the last answer.
    pub(super) elapsed: Duration,
}

impl Checked {
    /// Whether every number is right.
    pub(super) fn is_right(&self) -> bool {
        self.meters.iter().all(Measured::is_right)
    }

    /// How many numbers were compared.
    pub(super) fn count(&self) -> usize {
        self.meters
            .iter()
            .map(|meter| meter.days.len() + 1 + meter.customers.len())
            .sum()
    }

    /// What is wrong, one line each.
    pub(super) fn faults(&self, sample: &Sample) -> Vec<String> {
        let all = self.meters.iter().flat_map(|meter| meter.each(sample));
        all.filter(|(_, quantity)| !quantity.is_right())
            .map(|(what, Quantity { written, expected })| {
                format!("{what}: the server says {written}, it must be {expected}")
            })
            .collect()
    }
}

/// Asks for everything. `meters` are ids, in the order of [`Measure::ALL`].
pub(super) fn check(
    client: &Client,
    sample: &Sample,
    now_micros: i64,
    meters: Vec<String>,
) -> anyhow::Result<Checked> {
    let started = Instant::now();
    let total = sample.total();
    let mut requests = 0;
    let mut measured = Vec::with_capacity(meters.len());
    for (measure, meter_id) in Measure::ALL.into_iter().zip(meters) {
        let target = quantities_target(&meter_id, sample, now_micros);
        let answer: MeterQuantities = client.get(&target)?;
        requests += 1;
        check_points(&answer, sample)?;
        let days = answer
            .quantities
            .iter()
            .zip(&sample.per_day)
            .map(|(point, day)| Quantity::new(&point.quantity, measure.expected(day)));
        let days = days.collect();
        let mut customers = Vec::with_capacity(CUSTOMERS.len());
        for (customer, tally) in CUSTOMERS.iter().zip(&sample.per_customer) {
            let id = customer.external_id;
            let answer: MeterQuantities =
                client.get(&format!("{target}&external_customer_id={id}"))?;
            requests += 1;
            customers.push(Quantity::new(&answer.total, measure.expected(tally)));
        }
        measured.push(Measured {
            measure,
            meter_id,
            days,
            total: Quantity::new(&answer.total, measure.expected(&total)),
            customers,
        });
    }
    Ok(Checked {
        meters: measured,
        requests,
        elapsed: started.elapsed(),
    })
}

/// The daily quantities of the whole sample.
fn quantities_target(meter_id: &str, sample: &Sample, now_micros: i64) -> String {
    format!(
        "/v1/meters/{meter_id}/quantities?start_timestamp={}&end_timestamp={}&interval=day",
        calendar::timestamp(sample.first_day().start_micros()),
        calendar::timestamp(now_micros),
    )
}

/// Numbers can only be compared day by day when there is one for each day.
fn check_points(answer: &MeterQuantities, sample: &Sample) -> anyhow::Result<()> {
    let points = answer.quantities.len();
    let days = sample.per_day.len();
    ensure!(
        points == days,
        "the server gives {points} daily quantities for {days} days"
    );
    for (index, point) in answer.quantities.iter().enumerate() {
        let day = calendar::timestamp(sample.day(index).start_micros());
        // To the second: the server need not write the fraction.
        ensure!(
            point.timestamp.get(..19) == day.get(..19),
            "the server gives a quantity for {} in the place of {day}",
            point.timestamp
        );
    }
    Ok(())
}
