//! Adds up outcomes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::recording::{Case, Step};
use crate::replay::Outcome;

/// How far an answer must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The status code.
    Status,
    /// The body of a success, the name of an error.
    Body,
    /// For 422, what is wrong where.
    Complaints,
}

impl Level {
    /// All, lowest first.
    pub const ALL: [Self; 3] = [Self::Status, Self::Body, Self::Complaints];

    /// 1 to 3.
    pub fn number(self) -> usize {
        match self {
            Self::Status => 1,
            Self::Body => 2,
            Self::Complaints => 3,
        }
    }
}

/// The steps that may differ, each with the rule that says so.
#[derive(Debug, Default)]
pub struct Expected {
    rules: BTreeMap<(String, usize), String>,
}

impl Expected {
    /// Reads a file of the form `[{"case","step","rule"}]`.
    ///
    /// # Errors
    /// When it cannot be read, has another form, or lists a step twice.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    fn parse(text: &[u8]) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Entry {
            case: String,
            step: usize,
            rule: String,
        }
        let mut rules = BTreeMap::new();
        for Entry { case, step, rule } in serde_json::from_slice::<Vec<Entry>>(text)? {
            anyhow::ensure!(!rule.trim().is_empty(), "{case} step {step} names no rule");
            let twice = rules.insert((case.clone(), step), rule);
            anyhow::ensure!(twice.is_none(), "{case} step {step} is listed twice");
        }
        Ok(Self { rules })
    }

    /// The list again, as the text of its file, without these steps.
    pub fn without(&self, steps: &BTreeSet<(String, usize)>) -> String {
        let line = |(case, step, rule): (&str, usize, &str)| {
            let case = serde_json::Value::from(case);
            let rule = serde_json::Value::from(rule);
            format!("  {{\"case\": {case}, \"step\": {step}, \"rule\": {rule}}}")
        };
        let kept = self
            .entries()
            .filter(|(case, step, _)| !steps.contains(&((*case).to_owned(), *step)));
        let lines: Vec<String> = kept.map(line).collect();
        format!("[\n{}\n]\n", lines.join(",\n"))
    }

    /// The listed steps: case, number of the step, rule.
    pub fn entries(&self) -> impl Iterator<Item = (&str, usize, &str)> {
        self.rules
            .iter()
            .map(|((case, step), rule)| (case.as_str(), *step, rule.as_str()))
    }

    fn lists(&self, case: &str, step: usize) -> bool {
        self.rules.contains_key(&(case.to_owned(), step))
    }
}

/// A pattern for names of cases: `*` stands for any text, `?` for one character.
#[derive(Debug, Clone)]
pub struct Glob(String);

impl Glob {
    /// Every text is a pattern.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }

    /// Whether the whole name fits.
    pub fn fits(&self, name: &str) -> bool {
        fn fits(pattern: &[char], name: &[char]) -> bool {
            match (pattern, name) {
                ([], []) => true,
                (['*', rest @ ..], _) => (0..=name.len()).any(|skip| fits(rest, &name[skip..])),
                (['?', pattern @ ..], [_, name @ ..]) => fits(pattern, name),
                ([a, pattern @ ..], [b, name @ ..]) => a == b && fits(pattern, name),
                _ => false,
            }
        }
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        fits(&chars(&self.0), &chars(name))
    }
}

/// Counts of steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Steps that were compared; expected differences are not among them.
    pub steps: usize,
    /// How many of them reached each level.
    pub reached: [usize; 3],
    /// Those with a recorded 422.
    pub refused: usize,
    /// Of these, the ones that reached the last level.
    pub refused_alike: usize,
}

impl Tally {
    fn add(&mut self, failed_at: Option<Level>, recorded_status: Option<u16>) {
        self.steps += 1;
        for level in Level::ALL {
            let reached = failed_at.is_none_or(|failed| failed > level);
            self.reached[level.number() - 1] += usize::from(reached);
        }
        if recorded_status == Some(422) {
            self.refused += 1;
            self.refused_alike += usize::from(failed_at.is_none());
        }
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        for (sum, count) in self.reached.iter_mut().zip(other.reached) {
            *sum += count;
        }
        self.refused += other.refused;
        self.refused_alike += other.refused_alike;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            steps,
            reached: [one, two, three],
            refused,
            refused_alike,
        } = self;
        write!(
            f,
            "level 1: {one} of {steps}   level 2: {two} of {steps}   level 3: {three} of {steps}, of the 422 answers {refused_alike} of {refused}"
        )
    }
}

/// A step that differs and is not listed.
#[derive(Debug, Serialize)]
pub struct Failure {
    /// The case.
    pub case: String,
    /// The step, from 0.
    pub step: usize,
    /// Where and how it differs.
    pub why: String,
    /// Method and path as recorded, or the control step.
    pub request: String,
    /// The query as recorded.
    pub query: Vec<(String, String)>,
    /// The body as recorded.
    pub body: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            case,
            step,
            why,
            request,
            query,
            body,
        } = self;
        write!(f, "{case} step {step} {request}")?;
        for (index, (key, value)) in query.iter().enumerate() {
            write!(f, "{}{key}={value}", if index == 0 { " ? " } else { " & " })?;
        }
        if let Some(body) = body {
            write!(f, "\n    {}", body.chars().take(400).collect::<String>())?;
        }
        write!(f, "\n    {why}")
    }
}

/// The outcomes of many cases.
#[derive(Debug)]
pub struct Report {
    level: Level,
    expected: Expected,
    groups: BTreeMap<String, Tally>,
    failures: Vec<Failure>,
    excused: usize,
    agreeing: BTreeSet<(String, usize)>,
}

impl Report {
    /// An empty report, in which a step fails when it does not reach `level`.
    pub fn new(level: Level, expected: Expected) -> Self {
        Self {
            level,
            expected,
            groups: BTreeMap::new(),
            failures: Vec::new(),
            excused: 0,
            agreeing: BTreeSet::new(),
        }
    }

    /// Adds the outcomes of a case, one a step.
    pub fn add(&mut self, case: &Case, outcomes: &[Outcome]) {
        assert_eq!(
            case.steps.len(),
            outcomes.len(),
            "one outcome a step of {}",
            case.name
        );
        let group = case.name.split('/').next().unwrap_or_default();
        for (number, (step, outcome)) in case.steps.iter().zip(outcomes).enumerate() {
            let listed = self.expected.lists(&case.name, number);
            let failed_at = match outcome {
                Outcome::Differs { .. } if listed => {
                    self.excused += 1;
                    continue;
                }
                Outcome::Differs { at, .. } => Some(*at),
                Outcome::Agrees | Outcome::NotReplayed => None,
            };
            if listed {
                self.agreeing.insert((case.name.clone(), number));
            }
            if *outcome == Outcome::NotReplayed {
                continue;
            }
            let recorded_status = match step {
                Step::Call(call) => Some(call.status),
                Step::Control(_) => None,
            };
            self.groups
                .entry(group.to_owned())
                .or_default()
                .add(failed_at, recorded_status);
            if let Outcome::Differs { at, why } = outcome
                && *at <= self.level
            {
                self.failures.push(failure(&case.name, number, step, why));
            }
        }
    }

    /// The steps that fail, in order.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Listed steps that agree after all: they must leave the list.
    pub fn agreeing(&self) -> impl Iterator<Item = (&str, usize)> {
        self.agreeing
            .iter()
            .map(|(case, step)| (case.as_str(), *step))
    }

    /// The list of expected differences without the steps that agree, as the text of its file.
    pub fn pruned(&self) -> String {
        self.expected.without(&self.agreeing)
    }

    /// Counts by group.
    pub fn groups(&self) -> &BTreeMap<String, Tally> {
        &self.groups
    }

    /// Counts over all groups.
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        for tally in self.groups.values() {
            total += *tally;
        }
        total
    }

    /// How many steps differ as listed.
    pub fn excused(&self) -> usize {
        self.excused
    }
}

fn failure(case: &str, number: usize, step: &Step, why: &str) -> Failure {
    let (request, query, body) = match step {
        Step::Control(control) => (format!("control {}", control.operation), Vec::new(), None),
        Step::Call(call) => {
            let body = call.body.as_ref().map(|body| body.get().to_owned());
            let request = format!("{} {}", call.method, call.path);
            (
                request,
                call.query.clone(),
                body.or_else(|| call.body_raw.clone()),
            )
        }
    };
    let (case, why) = (case.to_owned(), why.to_owned());
    Failure {
        case,
        step: number,
        why,
        request,
        query,
        body,
    }
}

/// The counts by group, and their sum.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = self.level.number();
        for (group, tally) in &self.groups {
            writeln!(
                f,
                "{group}: {} of {}",
                tally.reached[level - 1],
                tally.steps
            )?;
        }
        for (case, step) in self.agreeing() {
            writeln!(f, "{case} step {step} is listed as a difference and agrees")?;
        }
        write!(
            f,
            "{}   expected differences: {}",
            self.total(),
            self.excused
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case() -> Case {
        let call = |status: u16| {
            format!(r#"{{"method":"GET","path":"/","auth":"all","status":{status}}}"#)
        };
        let steps = [
            call(200),
            call(422),
            r#"{"control":"run_tasks"}"#.to_owned(),
        ]
        .join(",");
        Case::parse(&format!(
            r#"{{"case":"g/c","organization_id":"o","recorded_at":"2026-11-21T00:00:00Z","steps":[{steps}]}}"#
        ))
        .expect("a case")
    }

    fn report(expected: &str, outcomes: &[Outcome; 3]) -> Report {
        let expected = Expected::parse(expected.as_bytes()).expect("a list");
        let mut report = Report::new(Level::Body, expected);
        report.add(&case(), outcomes);
        report
    }

    fn differs(at: Level) -> Outcome {
        Outcome::Differs {
            at,
            why: "why".to_owned(),
        }
    }

    #[test]
    fn a_step_counts_for_the_levels_below_the_one_it_fails_at() {
        let outcomes = [
            differs(Level::Body),
            differs(Level::Complaints),
            Outcome::NotReplayed,
        ];
        let report = report("[]", &outcomes);
        let total = Tally {
            steps: 2,
            reached: [2, 1, 0],
            refused: 1,
            refused_alike: 0,
        };
        assert_eq!(report.total(), total);
        assert_eq!(report.failures().len(), 1, "the asked level is 2");
        assert_eq!(
            (
                report.failures()[0].step,
                report.failures()[0].case.as_str()
            ),
            (0, "g/c")
        );
    }

    #[test]
    fn a_listed_step_may_differ_and_a_listed_step_that_agrees_is_told() {
        let listed = r#"[{"case":"g/c","step":0,"rule":"D8"},{"case":"g/c","step":1,"rule":"D8"}]"#;
        let report = report(
            listed,
            &[
                differs(Level::Status),
                Outcome::Agrees,
                Outcome::NotReplayed,
            ],
        );
        assert!(report.failures().is_empty());
        assert_eq!((report.excused(), report.total().steps), (1, 1));
        assert_eq!(report.agreeing().collect::<Vec<_>>(), [("g/c", 1)]);
    }

    #[test]
    fn a_pruned_list_has_lost_the_steps_that_agree_and_no_others() {
        let listed =
            r#"[{"case":"g/c","step":0,"rule":"D8"},{"case":"g/c","step":1,"rule":"a \"b\""}]"#;
        let expected = Expected::parse(listed.as_bytes()).expect("a list");
        let kept = expected.without(&BTreeSet::from([("g/c".to_owned(), 0)]));
        let again = Expected::parse(kept.as_bytes()).expect("a list");
        assert_eq!(again.entries().collect::<Vec<_>>(), [("g/c", 1, "a \"b\"")]);
        assert_eq!(again.without(&BTreeSet::new()), kept);
    }

    #[test]
    fn a_list_without_a_rule_or_with_a_step_twice_is_refused() {
        for list in [
            r#"[{"case":"g/c","step":0,"rule":" "}]"#,
            r#"[{"case":"g/c","step":0}]"#,
            r#"[{"case":"g/c","step":0,"rule":"a"},{"case":"g/c","step":0,"rule":"b"}]"#,
        ] {
            assert!(Expected::parse(list.as_bytes()).is_err(), "{list}");
        }
    }

    #[test]
    fn a_glob_fits_whole_names() {
        let fits = |pattern: &str, name: &str| Glob::new(pattern).fits(name);
        assert!(fits("*", "a/b") && fits("a/*", "a/b") && fits("*b", "a/b") && fits("a?b", "a/b"));
        assert!(!fits("a", "a/b") && !fits("b*", "a/b") && !fits("a/b?", "a/b"));
    }
}
