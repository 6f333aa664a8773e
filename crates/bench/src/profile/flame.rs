//! Stacks of samples folded into a tree, and drawn as a flame graph: a picture whose widths are shares of time.

#![expect(clippy::float_arithmetic, reason = "places on a picture")]
#![expect(clippy::cast_precision_loss, reason = "shares of samples")]

use std::collections::BTreeMap;
use std::fmt::Write;

/// How wide the picture is.
const WIDTH: f64 = 1_200.0;

/// How high a function is.
const ROW: f64 = 17.0;

/// What is narrower is left out.
const NARROWEST: f64 = 0.4;

/// Samples by stack.
#[derive(Debug, Default)]
pub(super) struct Stacks {
    root: Frame,
}

/// A function called from the one above it.
#[derive(Debug, Default)]
struct Frame {
    samples: u64,
    callees: BTreeMap<String, Frame>,
}

/// Reads what `perf script -F comm,ip,sym` prints: for each sample the thread, then one line a function from the innermost.
pub(super) fn fold(script: &str) -> Stacks {
    let mut stacks = Stacks::default();
    for sample in script.split("\n\n") {
        let mut lines = sample.lines().filter(|line| !line.trim().is_empty());
        let Some(thread) = lines.next() else {
            continue;
        };
        let functions: Vec<String> = lines.map(function).collect();
        if functions.is_empty() {
            continue;
        }
        let mut frame = &mut stacks.root;
        frame.samples += 1;
        let names = std::iter::once(thread.trim().to_owned()).chain(functions.into_iter().rev());
        for name in names {
            frame = frame.callees.entry(name).or_default();
            frame.samples += 1;
        }
    }
    stacks
}

/// The name in a line of an address and a name, without hashes.
fn function(line: &str) -> String {
    let name = line
        .trim()
        .split_once(' ')
        .map_or("[unknown]", |(_, name)| name);
    let name = name.split("+0x").next().unwrap_or(name);
    // A legacy symbol ends in a hash of sixteen digits.
    match name.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 => name.to_owned(),
        _ => name.to_owned(),
    }
}

impl Stacks {
    pub(super) fn samples(&self) -> u64 {
        self.root.samples
    }

    /// The functions in which most samples ended, with their share in percent.
    pub(super) fn heaviest(&self, count: usize) -> Vec<(String, String)> {
        let mut own = BTreeMap::new();
        collect_own(&self.root, "", &mut own);
        let mut own: Vec<(&str, u64)> = own.into_iter().collect();
        own.sort_by_key(|(_, samples)| std::cmp::Reverse(*samples));
        own.truncate(count);
        let share = |samples: u64| {
            format!(
                "{:.1}",
                samples as f64 * 100.0 / self.samples().max(1) as f64
            )
        };
        own.into_iter()
            .map(|(name, samples)| (share(samples), name.to_owned()))
            .collect()
    }
}

fn collect_own<'a>(frame: &'a Frame, name: &'a str, own: &mut BTreeMap<&'a str, u64>) {
    let below: u64 = frame.callees.values().map(|callee| callee.samples).sum();
    if frame.samples > below {
        *own.entry(name).or_insert(0) += frame.samples - below;
    }
    for (name, callee) in &frame.callees {
        collect_own(callee, name, own);
    }
}

/// Draws the tree, callers below their callees.
pub(super) fn graph(stacks: &Stacks, title: &str) -> String {
    let height = ROW * (depth(&stacks.root) + 3) as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"ui-monospace, monospace\" \
         font-size=\"11\">\n<style>text {{ fill: #1f2328; pointer-events: none }} rect {{ stroke: #fff; stroke-width: .5 }} \
         .title {{ fill: #1f2328 }} @media (prefers-color-scheme: dark) {{ .title {{ fill: #e6edf3 }} }}</style>\n\
         <text class=\"title\" x=\"6\" y=\"14\">{}</text>\n",
        escaped(title)
    );
    let scale = WIDTH / stacks.samples().max(1) as f64;
    let mut left = 0.0;
    for (name, frame) in &stacks.root.callees {
        draw(&mut svg, name, frame, (left, height - ROW), scale);
        left += frame.samples as f64 * scale;
    }
    svg.push_str("</svg>\n");
    svg
}

fn depth(frame: &Frame) -> usize {
    frame
        .callees
        .values()
        .map(|callee| 1 + depth(callee))
        .max()
        .unwrap_or(0)
}

fn draw(svg: &mut String, name: &str, frame: &Frame, (left, bottom): (f64, f64), scale: f64) {
    let width = frame.samples as f64 * scale;
    if width < NARROWEST {
        return;
    }
    // Neighbours differ in colour; the same function has the same everywhere.
    let hue = name
        .bytes()
        .fold(7_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 60);
    let top = bottom - ROW;
    let percent = width / WIDTH * 100.0;
    let name_text = escaped(name);
    write!(
        svg,
        "<g><title>{name_text}: {percent:.2} %, {} samples</title><rect x=\"{left:.2}\" y=\"{top:.1}\" width=\"{width:.2}\" \
         height=\"{ROW}\" fill=\"hsl({hue} 80% 68%)\"/>",
        frame.samples
    )
    .expect("writing to a string cannot fail");
    // A letter takes about 6.7.
    let mut letters = 0;
    while f64::from(letters + 1) * 6.7 < width - 6.0 {
        letters += 1;
    }
    if letters >= 3 {
        let shown: String = name
            .chars()
            .take(usize::try_from(letters).unwrap_or(0))
            .collect();
        write!(
            svg,
            "<text x=\"{:.2}\" y=\"{:.1}\">{}</text>",
            left + 3.0,
            top + 12.5,
            escaped(&shown)
        )
        .expect("writing to a string cannot fail");
    }
    svg.push_str("</g>\n");
    let mut left = left;
    for (name, callee) in &frame.callees {
        draw(svg, name, callee, (left, top), scale);
        left += callee.samples as f64 * scale;
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "writer \n\t  55 b::inner::h0123456789abcdef\n\t 44 a::outer+0x12\n\n\
                          writer \n\t 44 a::outer\n\n\
                          sealer \n\t 99 [unknown]\n\n";

    #[test]
    fn samples_are_folded_by_stack() {
        let stacks = fold(SCRIPT);
        assert_eq!(stacks.samples(), 3);
        let writer = &stacks.root.callees["writer"];
        assert_eq!(writer.samples, 2);
        assert_eq!(writer.callees["a::outer"].callees["b::inner"].samples, 1);
        let heaviest: Vec<String> = stacks
            .heaviest(2)
            .into_iter()
            .map(|(_, name)| name)
            .collect();
        assert_eq!(heaviest, ["[unknown]", "a::outer"]);
    }

    #[test]
    fn a_graph_names_every_function_and_escapes_it() {
        let svg = graph(&fold("main \n\t 1 <T as U>::f\n\n"), "a & b");
        assert!(svg.contains("&lt;T as U&gt;::f: 100.00 %"), "{svg}");
        assert!(svg.contains("a &amp; b"), "{svg}");
    }
}
