//! One event, typed: what the oracle counts and what is spelled as JSON.

use super::calendar::{DAY_MICROS, YEAR_MICROS, YEAR_START_MICROS};
use super::vocabulary::{
    DOCUMENTS, MODELS, NAMES, PLANS, REGIONS, STATUSES, Status, USERS, choose,
};
use super::{CUSTOMERS, Workload};
use crate::numbers::{Numbers, mixed};

/// Billionths in one.
pub(crate) const NANOS: i64 = 1_000_000_000;

/// An event's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Rank of the customer by popularity.
    pub(crate) customer: u32,
    /// Microseconds since the Unix epoch.
    pub(crate) at_micros: i64,
    /// Index into [`NAMES`].
    pub(crate) name: u8,
    /// Index into [`REGIONS`].
    pub(crate) region: u8,
    /// Index into [`PLANS`].
    pub(crate) plan: u8,
    /// Index into [`MODELS`].
    pub(crate) model: u8,
    /// Below [`DOCUMENTS`]; absent in some.
    pub(crate) document: Option<u32>,
    /// Below [`USERS`].
    pub(crate) user: u32,
    pub(crate) input_tokens: u32,
    /// Whether `input_tokens` is sent as a text of digits, by a careless client. Such a value is not added up.
    pub(crate) input_is_text: bool,
    pub(crate) output_tokens: u32,
    pub(crate) latency_ms: u32,
    /// Index into [`STATUSES`].
    pub(crate) status: u8,
    /// In billionths; absent in some.
    pub(crate) cost_nanos: Option<i64>,
    pub(crate) cached: bool,
    pub(crate) stream: bool,
}

/// How a client spells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    /// JavaScript: compact, milliseconds and `Z`, UTF-8 as it is.
    JavaScript,
    /// Python's `json.dumps`: spaces, ASCII only, microseconds and `+00:00`.
    Python,
    /// A compact encoder in Python's manner of times.
    PythonCompact,
    /// Go: compact, fractions without needless zeros, a local offset.
    Go,
}

/// The client that a customer uses.
pub(crate) fn client(customer: u32) -> Client {
    match mixed(u64::from(customer) ^ 0xC11E_27AA) % 20 {
        0..14 => Client::JavaScript,
        14..17 => Client::Python,
        17..19 => Client::PythonCompact,
        _ => Client::Go,
    }
}

/// A customer's external id. Organizations choose these freely, so they have several forms.
pub(crate) fn customer_id(rank: u32) -> String {
    // The multiplier has no factor in common with the count: every customer has a number of its own, and popularity does not show.
    let number = u64::from(rank) * 38_737 % u64::from(CUSTOMERS);
    match number % 4 {
        0 | 1 => format!("cust-{number:06}"),
        2 => format!("org_{:05x}/user {}", number / 8, number % 8),
        _ => format!("u{number}@example.com"),
    }
}

impl Event {
    /// The status.
    pub(crate) fn status(&self) -> Status {
        STATUSES[usize::from(self.status)].0
    }
}

impl Workload {
    /// The content that `line` has when it is no retry.
    pub(super) fn event(&self, line: u64) -> Event {
        let mut numbers = Numbers::new(mixed(self.seed ^ mixed(line)));
        let customer = self.popularity.draw(&mut numbers);
        // One number is the source of several choices that need few bits each.
        let words = numbers.next();
        let flags = numbers.next();
        let sizes = numbers.next();
        let name = choose(&NAMES, words);
        let model = choose(&MODELS, words >> 8);
        let is_llm = name < 3;
        let input_tokens = skewed(sizes, 8_000);
        let output_tokens = if is_llm {
            skewed(sizes >> 32, 2_000)
        } else {
            0
        };
        let price = u64::from(input_tokens) * 150 + u64::from(output_tokens) * 600;
        let cost_nanos = cost((price << (model & 3)) + numbers.below(1_000), &mut numbers);
        Event {
            customer,
            at_micros: self.time(line, customer, &mut numbers),
            name,
            region: choose(&REGIONS, words >> 16),
            // Of a customer, so that it is always the same.
            plan: choose(&PLANS, mixed(u64::from(customer) ^ 0x71A9)),
            model,
            document: (!flags.is_multiple_of(32)).then(|| below(numbers.next(), DOCUMENTS)),
            user: user(numbers.next()),
            input_tokens,
            input_is_text: (flags >> 5).is_multiple_of(256),
            output_tokens,
            latency_ms: 3 + skewed(words >> 32, 30_000),
            status: choose(&STATUSES, words >> 24),
            cost_nanos: (!(flags >> 13).is_multiple_of(64)).then_some(cost_nanos),
            cached: (flags >> 19).is_multiple_of(4),
            stream: is_llm && (flags >> 21).is_multiple_of(2),
        }
    }

    /// The time of a line: rising through the year within five minutes, 2 % late by up to 40 days, 0.5 % at or beside an edge.
    fn time(&self, line: u64, customer: u32, numbers: &mut Numbers) -> i64 {
        let within = u128::from(line) * u128::from(YEAR_MICROS.unsigned_abs())
            / u128::from(self.lines.max(1));
        let within = i64::try_from(within).expect("below a year");
        let choice = numbers.next();
        let mut at_micros = YEAR_START_MICROS + within - signed_below(numbers.next(), FIVE_MINUTES);
        if choice & 0xFFF < 82 {
            at_micros -= signed_below(numbers.next(), 40 * DAY_MICROS);
        }
        let tick = match client(customer) {
            Client::JavaScript => 1_000,
            Client::Python | Client::PythonCompact | Client::Go => 1,
        };
        at_micros -= at_micros.rem_euclid(tick);
        match (choice >> 12) & 0xFF {
            0 => {
                let edge = self.calendar.edge_before(at_micros, numbers);
                // At it as often as beside it.
                match choice >> 62 {
                    0 => edge - tick,
                    1 => edge + tick,
                    _ => edge,
                }
            }
            1..16 => at_micros - at_micros.rem_euclid(1_000_000),
            _ => at_micros,
        }
    }
}

const FIVE_MINUTES: i64 = 300_000_000;

/// A cost in billionths: mostly nine places, now and then a refund, a round amount, a large one or next to nothing.
fn cost(nanos: u64, numbers: &mut Numbers) -> i64 {
    let nanos = i64::try_from(nanos).expect("a small amount");
    match numbers.below(10_000) {
        0..10 => -nanos,
        10..110 => (1 + signed_below(numbers.next(), 40)) * NANOS / 4,
        110 => signed_below(numbers.next(), 20_000 * NANOS),
        111..300 => signed_below(numbers.next(), 1_000),
        _ => nanos,
    }
}

/// Half of the requests are of users that are all alike, half of some more than of others.
fn user(drawn: u64) -> u32 {
    if drawn & 1 == 0 {
        below(drawn, USERS)
    } else {
        skewed(drawn >> 1, USERS)
    }
}

/// 0 to `bound - 1`, from the upper half of a drawn number.
fn below(drawn: u64, bound: u32) -> u32 {
    u32::try_from(((drawn >> 32) * u64::from(bound)) >> 32).expect("below a bound of 32 bits")
}

/// 0 to `bound - 1`, from 31 bits: a product of two is small more often than large.
fn skewed(drawn: u64, bound: u32) -> u32 {
    let (one, other) = (drawn & 0xFFFF, (drawn >> 16) & 0x7FFF);
    u32::try_from((one * other * u64::from(bound)) >> 31).expect("below a bound of 32 bits")
}

/// 0 to `bound - 1`.
fn signed_below(drawn: u64, bound: i64) -> i64 {
    let wide = (u128::from(drawn) * u128::from(bound.unsigned_abs())) >> 64;
    i64::try_from(wide).expect("below a bound of 63 bits")
}
