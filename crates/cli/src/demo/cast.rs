//! Who takes part in the demo: made-up customers and models.

/// A model and what it costs. Prices are in millionths of a cent per token, so that a call's cost is exact.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) name: &'static str,
    pub(super) micro_cents_per_input_token: u64,
    pub(super) micro_cents_per_output_token: u64,
    /// Before the first token.
    pub(super) latency_ms_min: u64,
    /// For each token of the answer.
    pub(super) latency_micros_per_token: u64,
}

/// The models. The first is the one whose tokens have a meter of their own.
pub(super) const MODELS: [Model; 3] = [
    Model {
        name: "lumen-large",
        micro_cents_per_input_token: 300,
        micro_cents_per_output_token: 1_500,
        latency_ms_min: 420,
        latency_micros_per_token: 9_000,
    },
    Model {
        name: "lumen-small",
        micro_cents_per_input_token: 15,
        micro_cents_per_output_token: 60,
        latency_ms_min: 130,
        latency_micros_per_token: 3_000,
    },
    Model {
        name: "quill-code",
        micro_cents_per_input_token: 83,
        micro_cents_per_output_token: 417,
        latency_ms_min: 260,
        latency_micros_per_token: 5_000,
    },
];

/// A customer and how it behaves.
#[derive(Debug)]
pub(super) struct Customer {
    pub(super) name: &'static str,
    pub(super) external_id: &'static str,
    /// Calls on a working day at the beginning.
    pub(super) calls_per_day: u64,
    /// How many percent of that at the end.
    pub(super) percent_at_the_end: u64,
    /// The day of the sample on which it begins.
    pub(super) first_day: u64,
    /// How many people use it.
    pub(super) users: u64,
    /// Of a hundred calls, how many go to each of [`MODELS`].
    pub(super) model_percent: [u64; 3],
}

/// The customers.
pub(super) const CUSTOMERS: [Customer; 8] = [
    Customer {
        name: "Aurora Labs",
        external_id: "aurora-labs",
        calls_per_day: 300,
        percent_at_the_end: 160,
        first_day: 0,
        users: 140,
        model_percent: [45, 25, 30],
    },
    Customer {
        name: "Birch Health",
        external_id: "birch-health",
        calls_per_day: 210,
        percent_at_the_end: 130,
        first_day: 0,
        users: 90,
        model_percent: [60, 40, 0],
    },
    Customer {
        name: "Cobalt Games",
        external_id: "cobalt-games",
        calls_per_day: 180,
        percent_at_the_end: 220,
        first_day: 0,
        users: 60,
        model_percent: [10, 55, 35],
    },
    Customer {
        name: "Delta Legal",
        external_id: "delta-legal",
        calls_per_day: 120,
        percent_at_the_end: 120,
        first_day: 0,
        users: 45,
        model_percent: [90, 10, 0],
    },
    Customer {
        name: "Ember News",
        external_id: "ember-news",
        calls_per_day: 260,
        percent_at_the_end: 140,
        first_day: 30,
        users: 75,
        model_percent: [20, 80, 0],
    },
    Customer {
        name: "Fjord Bank",
        external_id: "fjord-bank",
        calls_per_day: 150,
        percent_at_the_end: 190,
        first_day: 0,
        users: 110,
        model_percent: [55, 15, 30],
    },
    Customer {
        name: "Grove Retail",
        external_id: "grove-retail",
        calls_per_day: 90,
        percent_at_the_end: 60,
        first_day: 0,
        users: 30,
        model_percent: [15, 85, 0],
    },
    Customer {
        name: "Harbor Travel",
        external_id: "harbor-travel",
        calls_per_day: 60,
        percent_at_the_end: 100,
        first_day: 0,
        users: 25,
        model_percent: [30, 70, 0],
    },
];
