//! Plays one case on a fresh organization.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::compare::{complaints, difference, learn_from_items};
use crate::http::{Answer, Client, target};
use crate::mapping::Mapping;
use crate::recording::{Call, Case, Control, Step};
use crate::report::Level;

/// What a token of every scope may do.
const SCOPES: [&str; 17] = [
    "meters:read",
    "meters:write",
    "events:read",
    "events:write",
    "customers:read",
    "customers:write",
    "customer_meters:read",
    "customer_meters:write",
    "customer_sessions:write",
    "benefits:read",
    "benefits:write",
    "organizations:read",
    "organizations:write",
    "webhooks:read",
    "webhooks:write",
    "members:read",
    "members:write",
];

/// How a step came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The step asks for nothing that a server could agree with: a fault or redirect of the reference, a token of its own
    /// users, background work.
    NotReplayed,
    /// It agrees at every level.
    Agrees,
    /// It differs.
    Differs {
        /// The first level not reached.
        at: Level,
        /// Where and how.
        why: String,
    },
}

/// The server did not do what the replay itself needs.
#[derive(Debug)]
pub struct Refused(String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self(format!("no answer: {error}"))
    }
}

/// Plays all steps of a case, on an organization made for it with the admin token; one outcome a step.
///
/// # Errors
/// When the organization cannot be made. A step without an answer is an outcome, not an error.
pub fn replay(
    client: &mut Client,
    admin_token: &str,
    case: &Case,
) -> Result<Vec<Outcome>, Refused> {
    let mut replay = Replay::open(client, admin_token, case)?;
    let outcome = |step| {
        replay
            .step(step)
            .unwrap_or_else(|error| differs(Level::Status, error.0))
    };
    Ok(case.steps.iter().map(outcome).collect())
}

struct Replay<'a> {
    client: &'a mut Client,
    admin_token: &'a str,
    organization_id: String,
    mapping: Mapping,
    /// Secrets by the recording's name of the token.
    tokens: BTreeMap<String, String>,
}

impl<'a> Replay<'a> {
    fn open(client: &'a mut Client, admin_token: &'a str, case: &Case) -> Result<Self, Refused> {
        let mut replay = Self {
            client,
            admin_token,
            organization_id: String::new(),
            mapping: Mapping::new(case.recorded_at, Timestamp::now),
            tokens: BTreeMap::new(),
        };
        let name = unused_name();
        let made = replay.as_admin("/v1/organizations/", &json!({"name": name, "slug": name}))?;
        replay.organization_id = text_of(&made, "id")?;
        replay
            .mapping
            .learn(&case.organization_id, &replay.organization_id);
        Ok(replay)
    }

    fn step(&mut self, step: &Step) -> Result<Outcome, Refused> {
        match step {
            Step::Control(control) => self.control(control),
            Step::Call(call) => self.call(call),
        }
    }

    /// Credits and resets have operations of our own. All else is background work: here every answer is current already.
    fn control(&mut self, control: &Control) -> Result<Outcome, Refused> {
        const CREDIT: (&str, &[&str]) = (
            "credits",
            &["customer_id", "meter_id", "units", "rollover", "timestamp"],
        );
        const RESET: (&str, &[&str]) = ("resets", &["customer_id", "meter_id", "timestamp"]);
        let operation = control.operation.as_str();
        let calls = match operation {
            "meter.credited" | "meter.credited_via_benefit" => &[CREDIT][..],
            "meter.reset" => &[RESET][..],
            "cycle" => &[RESET, CREDIT][..],
            _ => return Ok(Outcome::NotReplayed),
        };
        let args = self.mapping.object(&control.args);
        for (name, keys) in calls {
            let given = |key: &&str| args.get(*key).filter(|v| !v.is_null() && **v != "now");
            let mut body: Map<String, Value> = keys
                .iter()
                .filter_map(|key| Some(((*key).to_owned(), given(key)?.clone())))
                .collect();
            if operation == "cycle" && *name == "resets" {
                body.insert("carry_over".to_owned(), true.into());
            }
            let path = format!("/v1/customer-meters/{name}");
            let token = self.token("all")?;
            let answer = self.post(&path, &Value::Object(body), &token)?;
            if answer.status != 201 {
                let why = format!("POST {path} gave {}: {}", answer.status, answer.excerpt());
                return Ok(differs(Level::Status, why));
            }
        }
        // A credit is not in the recording as a request, so it counts only when it fails.
        Ok(Outcome::NotReplayed)
    }

    fn call(&mut self, call: &Call) -> Result<Outcome, Refused> {
        if call.status >= 500 || matches!(call.status, 307 | 411) || call.auth == "pat" {
            return Ok(Outcome::NotReplayed);
        }
        let answer = self.send(call)?;
        Ok(self.judge(call, &answer))
    }

    fn send(&mut self, call: &Call) -> Result<Answer, Refused> {
        let all = self.token("all")?;
        let mut headers: Vec<(String, String)> = (call.headers.iter())
            .map(|(name, value)| (name.clone(), value.replace("$TOKEN", &all)))
            .collect();
        if let Some(token) = self.authorization(&call.auth)? {
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        // A range that is asked for stays what it is, also where it ends after the recording: moved, it would have more days.
        let query: Vec<(String, String)> = (call.query.iter())
            .map(|(key, value)| {
                (
                    self.mapping.with_our_ids(key),
                    self.mapping.with_our_ids(value),
                )
            })
            .collect();
        let target = target(&self.mapping.with_our_ids(&call.path), &query);
        let body = self.body(call);
        Ok(self
            .client
            .request(&call.method, &target, &headers, body.as_deref())?)
    }

    fn body(&self, call: &Call) -> Option<Vec<u8>> {
        if let Some(raw) = &call.body_raw {
            let text = self.mapping.text(raw);
            // Bytes that are no UTF-8 were recorded one character a byte.
            let latin = (call.status == 400)
                .then(|| {
                    text.chars()
                        .map(|c| u8::try_from(u32::from(c)).ok())
                        .collect()
                })
                .flatten();
            let mut bytes: Vec<u8> = latin.unwrap_or_else(|| text.into_bytes());
            bytes.resize(bytes.len().max(call.body_pad_with_spaces_to), b' ');
            return Some(bytes);
        }
        if let Some(body) = &call.body {
            return Some(self.mapping.json(body.get()).into_bytes());
        }
        // These methods were sent with a length, also without a body.
        matches!(call.method.as_str(), "POST" | "PUT" | "PATCH").then(Vec::new)
    }

    fn judge(&mut self, call: &Call, answer: &Answer) -> Outcome {
        if answer.status != call.status {
            let (want, got) = (call.status, answer.status);
            let why = format!("status {want} recorded, {got} given: {}", answer.excerpt());
            return differs(Level::Status, why);
        }
        let Some(want) = &call.response else {
            return Outcome::Agrees;
        };
        let Ok(got) = serde_json::from_slice::<Value>(&answer.body) else {
            return differs(
                Level::Body,
                format!("the answer is not JSON: {}", answer.excerpt()),
            );
        };
        if call.status >= 400 {
            let name = |body: &Value| body.get("error").cloned().unwrap_or(Value::Null);
            if want.is_object() && name(want) != name(&got) {
                let why = format!("error {} recorded, {} given", name(want), name(&got));
                return differs(Level::Body, why);
            }
            if call.status == 422 && complaints(want) != complaints(&got) {
                let (want, got) = (complaints(want), complaints(&got));
                return differs(
                    Level::Complaints,
                    format!("detail {want:?} recorded, {got:?} given"),
                );
            }
            return Outcome::Agrees;
        }
        // Also where it does not count, the comparison learns the identifiers.
        match difference(&mut self.mapping, want, &got) {
            None => Outcome::Agrees,
            Some(place) => {
                learn_from_items(&mut self.mapping, want, &got);
                if call.not_compared.is_some() {
                    return Outcome::Agrees;
                }
                differs(Level::Body, place)
            }
        }
    }

    /// The secret to send for the recording's name of a token; `None` for no header.
    fn authorization(&mut self, name: &str) -> Result<Option<String>, Refused> {
        match name {
            "none" => Ok(None),
            "invalid" => Ok(Some("polar_oat_invalid".to_owned())),
            "garbage" => Ok(Some("xyz".to_owned())),
            _ => self.token(name).map(Some),
        }
    }

    /// The token of the case's organization by that name, made when first asked for.
    fn token(&mut self, name: &str) -> Result<String, Refused> {
        if let Some(token) = self.tokens.get(name) {
            return Ok(token.clone());
        }
        let scopes = match name {
            "all" | "expired" | "expires_later" => SCOPES.map(str::to_owned).to_vec(),
            "cm_read" => vec!["customer_meters:read".to_owned()],
            _ => vec![scope(name)],
        };
        let expires_in = match name {
            "expired" => json!("PT0S"),
            "expires_later" => json!("P1D"),
            _ => Value::Null,
        };
        let body = json!({
            "organization_id": self.organization_id,
            "comment": name,
            "scopes": scopes,
            "expires_in": expires_in,
        });
        let made = self.as_admin("/v1/organization-access-tokens/", &body)?;
        let token = text_of(&made, "token")?;
        self.tokens.insert(name.to_owned(), token.clone());
        Ok(token)
    }

    fn as_admin(&mut self, path: &str, body: &Value) -> Result<Value, Refused> {
        let answer = self.post(path, body, self.admin_token)?;
        if answer.status == 201 {
            return Ok(answer.json());
        }
        let (status, text) = (answer.status, answer.excerpt());
        Err(Refused(format!(
            "POST {path} with the admin token gave {status}: {text}"
        )))
    }

    fn post(&mut self, path: &str, body: &Value, token: &str) -> io::Result<Answer> {
        let authorization = format!("Bearer {token}");
        let headers = [
            ("content-type", "application/json"),
            ("authorization", &authorization),
        ];
        self.client
            .request("POST", path, &headers, Some(body.to_string().as_bytes()))
    }
}

fn differs(at: Level, why: String) -> Outcome {
    Outcome::Differs { at, why }
}

/// The scope that a token's name stands for: `meters_read` is `meters:read`.
fn scope(name: &str) -> String {
    match name.rsplit_once('_') {
        Some((of, access @ ("read" | "write"))) => format!("{of}:{access}"),
        _ => name.to_owned(),
    }
}

fn text_of(body: &Value, key: &str) -> Result<String, Refused> {
    let text = body.get(key).and_then(Value::as_str);
    text.map(str::to_owned)
        .ok_or_else(|| Refused(format!("no `{key}` in {body}")))
}

/// A name and slug that no other replay on the same server has, also not one of a minute ago.
fn unused_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let (now, process) = (Timestamp::now().as_microsecond(), std::process::id());
    format!("replay-{now:x}-{process:x}-{count}")
}

#[cfg(test)]
mod tests;
