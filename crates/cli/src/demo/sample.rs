//! The sample: ninety days of calls to language models, made up anew for each run from a fixed seed.
//!
//! The shape (weekdays, hours, growth, a launch, an outage) is always the same; only the dates move, so that the last
//! day is today. All arithmetic is in whole numbers.

use std::fmt::Write;

use super::calendar::{self, Day, MICROS_PER_DAY};
use super::cast::{CUSTOMERS, Customer, MODELS};
use super::tally::Tally;

/// How many days the sample covers, today included.
pub(super) const DAYS: usize = 90;

/// What the events are called.
pub(super) const EVENT_NAME: &str = "llm.call";

/// Where the sequence of made-up numbers begins.
const SEED: u64 = 0x5E47_A27A_0001;

/// Percent of a working day's calls, from Monday on.
const WEEKDAY_PERCENT: [u64; 7] = [100, 104, 102, 98, 90, 45, 40];

/// How the calls of a day spread over its hours, in 1,000ths.
const HOUR_PERMILLE: [u64; 24] = [
    12, 9, 8, 8, 9, 14, 24, 40, 62, 74, 78, 72, 62, 70, 76, 74, 68, 56, 44, 38, 34, 28, 22, 18,
];

/// On this day of the sample a customer's launch brings half as many calls again; the interest then fades for a week.
const LAUNCH_DAY: u64 = 62;

/// On this day of the sample most calls fail elsewhere and never come.
const OUTAGE_DAY: u64 = 41;

/// One call to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// Its place in the sample; makes the key.
    pub(super) number: u64,
    /// Index into [`CUSTOMERS`].
    pub(super) customer: usize,
    /// Index into [`MODELS`].
    pub(super) model: usize,
    /// Which of the customer's users.
    pub(super) user: u64,
    /// When, in microseconds since the Unix epoch.
    pub(super) at_micros: i64,
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
    pub(super) latency_ms: u64,
    /// In millionths of a cent.
    pub(super) cost_micro_cents: u64,
}

impl Call {
    /// Appends the event as the API takes it.
    pub(super) fn write_json(&self, out: &mut String) {
        let customer = CUSTOMERS[self.customer].external_id;
        let model = MODELS[self.model].name;
        let (cents, rest) = (
            self.cost_micro_cents / 1_000_000,
            self.cost_micro_cents % 1_000_000,
        );
        let Self {
            number,
            user,
            input_tokens,
            output_tokens,
            latency_ms,
            ..
        } = self;
        write!(
            out,
            "{{\"name\":\"{EVENT_NAME}\",\"external_id\":\"call-{number:07}\",\
             \"external_customer_id\":\"{customer}\",\"timestamp\":\"{}\",\
             \"metadata\":{{\"model\":\"{model}\",\"user\":\"{customer}/{user}\",\
             \"latency_ms\":{latency_ms},\
             \"_cost\":{{\"amount\":{cents}.{rest:06},\"currency\":\"usd\"}},\
             \"_llm\":{{\"vendor\":\"example\",\"model\":\"{model}\",\
             \"input_tokens\":{input_tokens},\"output_tokens\":{output_tokens},\
             \"total_tokens\":{}}}}}}}",
            calendar::timestamp(self.at_micros),
            input_tokens + output_tokens,
        )
        .expect("writing to a string cannot fail");
    }
}

/// Makes the calls, day by day, and keeps the sums to compare with.
#[derive(Debug)]
pub(super) struct Sample {
    now_micros: i64,
    first_day: Day,
    next_day: usize,
    numbers: Numbers,
    calls_made: u64,
    /// What each day came to.
    pub(super) per_day: Vec<Tally>,
    /// What each of [`CUSTOMERS`] came to.
    pub(super) per_customer: Vec<Tally>,
}

impl Sample {
    /// The sample that ends at `now_micros`.
    pub(super) fn new(now_micros: i64) -> Self {
        let back = i64::try_from(DAYS - 1).expect("a small number");
        Self {
            now_micros,
            first_day: Day(Day::of(now_micros).0 - back),
            next_day: 0,
            numbers: Numbers { state: SEED },
            calls_made: 0,
            per_day: Vec::with_capacity(DAYS),
            per_customer: vec![Tally::default(); CUSTOMERS.len()],
        }
    }

    /// The first day.
    pub(super) fn first_day(&self) -> Day {
        self.first_day
    }

    /// The day with this index.
    pub(super) fn day(&self, index: usize) -> Day {
        Day(self.first_day.0 + i64::try_from(index).expect("a small number"))
    }

    /// Everything made so far.
    pub(super) fn total(&self) -> Tally {
        let mut total = Tally::default();
        for day in &self.per_day {
            total.merge(day);
        }
        total
    }

    /// About how many calls there will be.
    pub(super) fn calls_estimate() -> u64 {
        let mut estimate = 0;
        for day in 0..DAYS as u64 {
            for customer in &CUSTOMERS {
                // 579 percent in a week.
                estimate += level(customer, day) * 579 / 700;
            }
        }
        estimate
    }

    /// The calls of the next day in the order of time; `None` after the last.
    pub(super) fn next_day(&mut self) -> Option<Vec<Call>> {
        if self.next_day == DAYS {
            return None;
        }
        let day = self.day(self.next_day);
        let mut calls = Vec::new();
        for index in 0..CUSTOMERS.len() {
            let count = self.calls_on(index, day);
            for _ in 0..count {
                let call = self.call(index, day);
                // The last day is not over. What would come later is not made.
                if call.at_micros < self.now_micros {
                    calls.push(call);
                }
            }
        }
        calls.sort_by_key(|call| call.at_micros);
        let mut tally = Tally::default();
        for call in &mut calls {
            self.calls_made += 1;
            call.number = self.calls_made;
            tally.add(call);
            self.per_customer[call.customer].add(call);
        }
        self.per_day.push(tally);
        self.next_day += 1;
        Some(calls)
    }

    fn calls_on(&mut self, customer: usize, day: Day) -> u64 {
        let index = self.next_day as u64;
        let calls = level(&CUSTOMERS[customer], index) * WEEKDAY_PERCENT[day.weekday()] / 100;
        let calls = if index == OUTAGE_DAY {
            calls / 3
        } else {
            calls
        };
        calls * self.numbers.between(88, 112) / 100
    }

    fn call(&mut self, customer: usize, day: Day) -> Call {
        let numbers = &mut self.numbers;
        let cast = &CUSTOMERS[customer];
        let model = numbers.weighted(&cast.model_percent);
        let hour = numbers.weighted(&HOUR_PERMILLE) as u64;
        let within_hour = numbers.below(MICROS_PER_DAY.unsigned_abs() / 24);
        let within = hour * (MICROS_PER_DAY.unsigned_abs() / 24) + within_hour;
        let at_micros = day.start_micros() + i64::try_from(within).expect("within a day");
        // The smaller of two draws: few users call often, most texts are short.
        let user = 1 + numbers.below(cast.users).min(numbers.below(cast.users));
        let input_tokens = 40
            + numbers
                .below(6_000)
                .min(numbers.below(6_000))
                .min(numbers.below(6_000));
        let output_tokens = 8 + numbers.below(1_400).min(numbers.below(1_400));
        let model_facts = &MODELS[model];
        let writing_ms = output_tokens * model_facts.latency_micros_per_token / 1_000;
        let latency_ms = (model_facts.latency_ms_min + writing_ms) * numbers.between(80, 130) / 100;
        let slow = numbers.below(250) == 0;
        Call {
            number: 0,
            customer,
            model,
            user,
            at_micros,
            input_tokens,
            output_tokens,
            latency_ms: if slow { latency_ms * 3 } else { latency_ms },
            cost_micro_cents: input_tokens * model_facts.micro_cents_per_input_token
                + output_tokens * model_facts.micro_cents_per_output_token,
        }
    }
}

/// A customer's calls on a full working day.
fn level(customer: &Customer, day: u64) -> u64 {
    if day < customer.first_day {
        return 0;
    }
    let last = DAYS as u64 - 1;
    let grown = 100 * (last - day) + customer.percent_at_the_end * day;
    let base = customer.calls_per_day * grown / (100 * last);
    match day.checked_sub(LAUNCH_DAY) {
        Some(since) if since < 7 => base + base * (7 - since) / 14,
        _ => base,
    }
}

/// Made-up numbers: the `splitmix64` sequence. Good enough for a picture, never for a secret.
#[derive(Debug)]
struct Numbers {
    state: u64,
}

impl Numbers {
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `bound - 1`.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// `low` to `high`, both included.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// An index, each as often as its weight says.
    fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut rest = self.below(weights.iter().sum());
        for (index, weight) in weights.iter().enumerate() {
            if rest < *weight {
                return index;
            }
            rest -= weight;
        }
        unreachable!("the draw is below the sum of the weights")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-01T12:00:00Z.
    const NOON: i64 = 1_772_366_400_000_000;

    fn all(now_micros: i64) -> (Sample, Vec<Call>) {
        let mut sample = Sample::new(now_micros);
        let mut calls = Vec::new();
        while let Some(day) = sample.next_day() {
            calls.extend(day);
        }
        (sample, calls)
    }

    #[test]
    fn the_sample_is_large_and_ends_now_whatever_the_time_of_day() {
        for now in [
            NOON,
            NOON - MICROS_PER_DAY / 2,
            NOON + MICROS_PER_DAY / 2 - 1,
        ] {
            let (sample, calls) = all(now);
            assert!(calls.len() > 100_000, "{} calls", calls.len());
            assert!(
                calls
                    .len()
                    .abs_diff(usize::try_from(Sample::calls_estimate()).expect("small"))
                    < 5_000
            );
            assert_eq!(sample.per_day.len(), DAYS);
            assert!(calls.iter().all(|call| {
                call.at_micros >= sample.first_day().start_micros() && call.at_micros < now
            }));
        }
    }

    #[test]
    fn the_shape_does_not_depend_on_the_run() {
        assert_eq!(all(NOON).1, all(NOON).1);
    }

    #[test]
    fn the_sums_are_those_of_the_written_events() {
        let (sample, calls) = all(NOON);
        let (mut cost, mut tokens) = (0_i128, 0_u64);
        let mut text = String::new();
        for call in &calls {
            text.clear();
            call.write_json(&mut text);
            let event: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            let metadata = &event["metadata"];
            // The digits as they were written, without the point.
            let amount = text
                .split("\"amount\":")
                .nth(1)
                .and_then(|rest| rest.split(',').next());
            let digits = amount.expect("an amount").replace('.', "");
            cost += digits.parse::<i128>().expect("digits");
            if metadata["model"] == MODELS[0].name {
                tokens += metadata["_llm"]["output_tokens"].as_u64().expect("a count");
            }
        }
        let total = sample.total();
        assert_eq!(total.cost_micro_cents, cost);
        assert_eq!(total.output_tokens_of_first_model, tokens);
        assert_eq!(total.calls, calls.len() as u64);
        let customers: u64 = sample.per_customer.iter().map(|tally| tally.calls).sum();
        assert_eq!(customers, total.calls);
    }

    #[test]
    fn an_event_is_what_the_api_takes() {
        let call = Call {
            number: 7,
            customer: 0,
            model: 2,
            user: 3,
            at_micros: NOON,
            input_tokens: 10,
            output_tokens: 5,
            latency_ms: 412,
            cost_micro_cents: 2_915,
        };
        let mut text = String::new();
        call.write_json(&mut text);
        assert_eq!(
            text,
            "{\"name\":\"llm.call\",\"external_id\":\"call-0000007\",\
             \"external_customer_id\":\"aurora-labs\",\"timestamp\":\"2026-03-01T12:00:00.000000Z\",\
             \"metadata\":{\"model\":\"quill-code\",\"user\":\"aurora-labs/3\",\"latency_ms\":412,\
             \"_cost\":{\"amount\":0.002915,\"currency\":\"usd\"},\
             \"_llm\":{\"vendor\":\"example\",\"model\":\"quill-code\",\"input_tokens\":10,\
             \"output_tokens\":5,\"total_tokens\":15}}}"
        );
    }
}
