//! Commands to go on with, made to be pasted into a shell as they are.

use std::fmt::Write;

use super::cast::CUSTOMERS;
use super::check::Checked;
use super::measures::Measure;
use super::sample::{DAYS, EVENT_NAME, Sample};
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
}

/// The commands. Nothing in them needs quoting beyond what stands there: ids are hexadecimal, tokens letters and digits.
pub(super) fn next_steps(facts: &Facts<'_>, style: Style) -> String {
    let Facts {
        url,
        token,
        sample,
        checked,
    } = facts;
    let meter = |measure| {
        let found = checked.meters.iter().find(|meter| meter.measure == measure);
        found.map_or("", |meter| meter.meter_id.as_str())
    };
    let customer = CUSTOMERS[0].external_id;
    let today = sample.day(DAYS - 1);
    let end = format!("{}T23:59:59Z", today.iso());
    let week = format!("{}T00:00:00Z", sample.day(DAYS - 7).iso());
    let months = format!("{}T00:00:00Z", sample.first_day().first_of_month().iso());
    // Inside single quotes a line break is one of the JSON, which does not mind.
    let event = format!(
        "{{\"events\":[{{\"name\":\"{EVENT_NAME}\",\"external_id\":\"my-first-call\",\n      \
         \"external_customer_id\":\"{customer}\",\n      \
         \"metadata\":{{\"model\":\"lumen-large\",\"user\":\"me\",\"latency_ms\":512,\n      \
         \"_cost\":{{\"amount\":0.1,\"currency\":\"usd\"}}}}}}]}}"
    );
    let steps = [
        (
            "Send an event. Sent again, it is a duplicate",
            format!(
                "curl -s -w '\\n' {url}/v1/events/ingest \\\n  -H \"Authorization: Bearer $TOKEN\" \
                 -H 'Content-Type: application/json' \\\n  -d '{event}'"
            ),
        ),
        (
            "Calls of the last week, day by day",
            quantities(
                url,
                meter(Measure::Calls),
                &[
                    ("start_timestamp", &week),
                    ("end_timestamp", &end),
                    ("interval", "day"),
                ],
            ),
        ),
        (
            "What one customer costs, by months of Paris",
            quantities(
                url,
                meter(Measure::Cost),
                &[
                    ("start_timestamp", &months),
                    ("end_timestamp", &end),
                    ("interval", "month"),
                    ("timezone", "Europe/Paris"),
                    ("external_customer_id", customer),
                ],
            ),
        ),
        (
            "The same meter, all customers, only the calls to one model",
            quantities(
                url,
                meter(Measure::Cost),
                &[
                    ("start_timestamp", &months),
                    ("end_timestamp", &end),
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
        let what = style.dim(&format!("# {what}"));
        write!(text, "\n{what}\n{command}\n").expect("writing to a string cannot fail");
    }
    text
}

/// A request for quantities. The values hold nothing that has to be encoded in a query; a name may hold brackets.
fn quantities(url: &str, meter_id: &str, parameters: &[(&str, &str)]) -> String {
    let mut command = format!(
        "curl -s -w '\\n' -G {url}/v1/meters/{meter_id}/quantities \\\n  -H \"Authorization: Bearer $TOKEN\""
    );
    for (index, (name, value)) in parameters.iter().enumerate() {
        let name = name.replace('[', "%5B").replace(']', "%5D");
        command.push_str(if index % 2 == 0 { " \\\n  " } else { " " });
        write!(command, "-d {name}={value}").expect("writing to a string cannot fail");
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_pasted() {
        assert_eq!(
            quantities(
                "http://127.0.0.1:8080",
                "ID",
                &[
                    ("start_timestamp", "2026-03-01T00:00:00Z"),
                    ("interval", "day"),
                    ("metadata[model]", "lumen-large"),
                ],
            ),
            "curl -s -w '\\n' -G http://127.0.0.1:8080/v1/meters/ID/quantities \\\n  \
             -H \"Authorization: Bearer $TOKEN\" \\\n  \
             -d start_timestamp=2026-03-01T00:00:00Z -d interval=day \\\n  \
             -d metadata%5Bmodel%5D=lumen-large"
        );
    }
}
