//! A chart: how long each kind of question takes each engine, on a logarithmic scale. Legible on light and on dark ground.

#![expect(clippy::float_arithmetic, reason = "places on a picture")]
#![expect(clippy::cast_precision_loss, reason = "a few dozen rows")]

use super::Report;
use super::figures::{groups, millis, name};
use crate::numbers::grouped;

/// Where bars begin.
const LEFT: f64 = 300.0;

/// How wide the longest can be.
const WIDTH: f64 = 560.0;

const BAR: f64 = 11.0;

const STYLE: &str = "\
<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.faint { fill: #59636e; font-size: 11px; }
.line { stroke: #d1d9e0; stroke-width: 1; }
.Sextant { fill: #0b7a75; }
.ClickHouse { fill: #d9a514; }
.DuckDB { fill: #8a8f98; }
.PostgreSQL { fill: #4f7cbf; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .faint { fill: #9198a1; }
  .line { stroke: #3d444d; }
  .Sextant { fill: #2fc7b8; }
  .ClickHouse { fill: #e3b73a; }
  .DuckDB { fill: #a9afb8; }
  .PostgreSQL { fill: #79a6e8; }
}
</style>
";

/// The chart of a report.
pub(super) fn chart(report: &Report) -> String {
    let groups = groups(report);
    let cells: Vec<Vec<Option<f64>>> = groups
        .iter()
        .map(|group| {
            let of = |engine| group.cell(engine).map(|cell| cell.p50_ms);
            report.engines.iter().map(of).collect()
        })
        .collect();
    let all = || {
        cells
            .iter()
            .flatten()
            .flatten()
            .copied()
            .filter(|value| *value > 0.0)
    };
    let least = all().fold(f64::INFINITY, f64::min).min(1.0).log10().floor();
    let most = all()
        .fold(0.0, f64::max)
        .max(1.0)
        .log10()
        .ceil()
        .max(least + 1.0);
    let place = |value: f64| (value.max(1e-9).log10() - least) / (most - least) * WIDTH;
    let group_height = BAR * report.engines.len() as f64 + 14.0;
    let top = 76.0;
    let bottom = top + group_height * groups.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 940 {:.0}\" role=\"img\" \
         aria-label=\"Median time of each kind of question at {} events\">\n{STYLE}",
        bottom + 36.0,
        grouped(report.workload.lines),
    );
    let mut add = |text: String| {
        svg.push_str(&text);
        svg.push('\n');
    };
    add(format!(
        "<text x=\"12\" y=\"24\" style=\"font-size:15px;font-weight:600\">Median time of a question, {} events</text>",
        grouped(report.workload.lines)
    ));
    add("<text class=\"faint\" x=\"12\" y=\"42\">milliseconds, logarithmic: each line is ten times the one before; \
         shorter is better</text>"
        .to_owned());
    for (index, engine) in report.engines.iter().enumerate() {
        let x = LEFT + 130.0 * index as f64;
        let name = name(engine);
        add(format!(
            "<rect class=\"{name}\" x=\"{x}\" y=\"54\" width=\"10\" height=\"10\" rx=\"2\"/>"
        ));
        add(format!("<text x=\"{}\" y=\"63\">{name}</text>", x + 15.0));
    }
    let mut exponent = least;
    while exponent <= most {
        let x = LEFT + (exponent - least) / (most - least) * WIDTH;
        add(format!(
            "<line class=\"line\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{bottom:.0}\"/>"
        ));
        add(format!(
            "<text class=\"faint\" x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
            bottom + 16.0,
            10_f64.powf(exponent)
        ));
        exponent += 1.0;
    }
    for (index, (group, cells)) in groups.iter().zip(&cells).enumerate() {
        let y = top + group_height * index as f64 + 7.0;
        add(format!(
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 10.0,
            y + (group_height - 14.0) / 2.0 + 4.0,
            group.title
        ));
        for (bar, (engine, value)) in report.engines.iter().zip(cells).enumerate() {
            let y = y + BAR * bar as f64;
            let Some(value) = value else {
                continue;
            };
            let width = place(*value).max(1.0);
            add(format!(
                "<rect class=\"{}\" x=\"{LEFT}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{}\" rx=\"1.5\"/>",
                name(engine),
                BAR - 1.5
            ));
            add(format!(
                "<text class=\"faint\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                LEFT + width + 4.0,
                y + BAR - 2.5,
                millis(*value)
            ));
        }
    }
    svg.push_str("</svg>\n");
    svg
}
