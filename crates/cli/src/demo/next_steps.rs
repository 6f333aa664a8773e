//! Commands to go on with, made to be pasted into a shell as they are.

use super::calendar;
use super::cast::CUSTOMERS;
use super::check::Checked;
use super::measures::Measure;
use super::sample::{EVENT_NAME, Sample};
use crate::terminal::Style;

/// What the commands need to know.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    /// `http://ADDR:PORT`.
    pub(super) url: &'a str,
    /// The organization's token.
    pub(super) token: &'a str,
    pub(super) sample: &'a Sample,
    pub(super) checked: &'a Checked,
    pub(super) now_micros: i64,
}

/// The commands. Nothing in them needs quoting beyond what stands there: ids are hexadecimal, tokens letters and digits.
pub(super) fn next_steps(facts: &Facts<'_>, style: Style) -> String {
    let Facts {
        url,
        token,
        sample,
        checked,
        now_micros,
    } = facts;
    let meter = |measure| {
        let found = checked.meters.iter().find(|meter| meter.measure == measure);
        found.map_or("", |meter| meter.meter_id.as_str())
    };
    let customer = CUSTOMERS[0].external_id;
    let now = calendar::timestamp(*now_micros);
    let first = calendar::timestamp(sample.first_day().start_micros());
    let recent = calendar::timestamp(
        sample
            .day(sample.per_day.len().saturating_sub(7))
            .start_micros(),
    );
    let steps = [
        (
            "Send an event. Send it again, and it is a duplicate",
            format!(
                "curl -s {url}/v1/events/ingest \\\n  \
                   -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\\n  \
                   -d '{{\"events\":[{{\"name\":\"{EVENT_NAME}\",\"external_id\":\"my-first-call\",\
                   \"external_customer_id\":\"{customer}\",\\\n       \
                   \"metadata\":{{\"model\":\"lumen-large\",\"user\":\"me\",\"latency_ms\":512,\\\n       \
                   \"_cost\":{{\"amount\":0.1,\"currency\":\"usd\"}}}}}}]}}'"
            ),
        ),
        (
            "Calls of the last week, day by day",
            quantities(
                url,
                meter(Measure::Calls),
                &[
                    ("start_timestamp", &recent),
                    ("end_timestamp", &now),
                    ("interval", "day"),
                ],
            ),
        ),
        (
            "What one customer costs, month by month on the clocks of Paris",
            quantities(
                url,
                meter(Measure::Cost),
                &[
                    ("start_timestamp", &first),
                    ("end_timestamp", &now),
                    ("interval", "month"),
                    ("timezone", "Europe/Paris"),
                    ("external_customer_id", customer),
                ],
            ),
        ),
        (
            "The same meter, only the calls to one model",
            quantities(
                url,
                meter(Measure::Cost),
                &[
                    ("start_timestamp", &first),
                    ("end_timestamp", &now),
                    ("interval", "month"),
                    ("metadata[model]", "lumen-large"),
                ],
            ),
        ),
    ];
    let mut text = format!(
        "\n{}\n\nexport TOKEN={token}\n",
        style.bold("Go on from here")
    );
    for (what, command) in steps {
        text.push_str(&format!(
            "\n{}\n{command}\n",
            style.dim(&format!("# {what}"))
        ));
    }
    text
}

/// A request for quantities. curl encodes the values; the names are encoded here.
fn quantities(url: &str, meter_id: &str, parameters: &[(&str, &str)]) -> String {
    let mut command = format!(
        "curl -s -G {url}/v1/meters/{meter_id}/quantities \\\n  -H \"Authorization: Bearer $TOKEN\""
    );
    for (index, (name, value)) in parameters.iter().enumerate() {
        let name = name.replace('[', "%5B").replace(']', "%5D");
        command.push_str(if index % 2 == 0 { " \\\n  " } else { " " });
        command.push_str(&format!("--data-urlencode {name}={value}"));
    }
    command
}
