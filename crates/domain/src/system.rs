//! System events: what this server writes among an organization's events. SEMANTICS 9.20, EXTENSIONS "Credits and resets", "Grants".
//!
//! They carry the customer's id, never an external id, and what they say stands in their metadata, so that filters and readers of the
//! data folder see it like any other event's.

use uuid::Uuid;

use crate::benefit::{BENEFIT_TYPE, GrantChange};
use crate::event::{Event, Source};
use crate::id::{BenefitId, GrantId, MeterId};
use crate::metadata::{MetadataBuilder, MetadataRef, Value};
use crate::number::{Number, Spelling};

/// The name of [`SystemEvent::MeterCredited`].
pub const METER_CREDITED: &str = "meter.credited";
/// The name of [`SystemEvent::MeterReset`].
pub const METER_RESET: &str = "meter.reset";

/// What a system event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemEvent {
    /// Units of a meter were credited to a customer.
    MeterCredited {
        /// Which meter.
        meter: MeterId,
        /// How many; negative to take some back.
        units: i64,
        /// Whether what is left of them passes on to the next window.
        rollover: bool,
    },
    /// A customer's window of a meter begins anew.
    MeterReset {
        /// Which meter.
        meter: MeterId,
        /// Whether it was asked that units which roll over are credited again. Kept to recognise a repeat of the request; not shown.
        carry_over: bool,
    },
    /// Something happened to a grant of a benefit.
    Benefit {
        /// What.
        change: GrantChange,
        /// Which benefit.
        benefit: BenefitId,
        /// Which grant of it.
        grant: GrantId,
    },
}

impl SystemEvent {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        match self {
            SystemEvent::MeterCredited { .. } => METER_CREDITED,
            SystemEvent::MeterReset { .. } => METER_RESET,
            SystemEvent::Benefit { change, .. } => change.event_name(),
        }
    }

    /// The meter whose account it changes, if it does.
    pub const fn meter(&self) -> Option<MeterId> {
        match self {
            SystemEvent::MeterCredited { meter, .. } | SystemEvent::MeterReset { meter, .. } => {
                Some(*meter)
            }
            SystemEvent::Benefit { .. } => None,
        }
    }

    /// Appends what it says as metadata.
    pub fn write(&self, out: &mut MetadataBuilder) {
        match self {
            SystemEvent::MeterCredited {
                meter,
                units,
                rollover,
            } => {
                out.text("meter_id", &meter.to_string());
                out.number("units", &Number::from_i64(*units), Spelling::Integer);
                out.bool("rollover", *rollover);
            }
            SystemEvent::MeterReset { meter, carry_over } => {
                out.text("meter_id", &meter.to_string());
                if *carry_over {
                    out.bool(CARRY_OVER, true);
                }
            }
            SystemEvent::Benefit { benefit, grant, .. } => {
                out.text("benefit_id", &benefit.to_string());
                out.text("benefit_grant_id", &grant.to_string());
                out.text("benefit_type", BENEFIT_TYPE);
            }
        }
    }

    /// What an event says, when it is a system event of a kind that is known here.
    pub fn of(event: &Event<'_>) -> Option<Self> {
        if event.source != Source::System {
            return None;
        }
        let metadata = event.metadata;
        match event.name {
            METER_CREDITED => Some(SystemEvent::MeterCredited {
                meter: uuid(metadata, "meter_id").map(MeterId::from_uuid)?,
                units: metadata.get("units")?.number()?.to_i64()?,
                rollover: metadata.get("rollover") == Some(Value::Bool(true)),
            }),
            METER_RESET => Some(SystemEvent::MeterReset {
                meter: uuid(metadata, "meter_id").map(MeterId::from_uuid)?,
                carry_over: metadata.get(CARRY_OVER) == Some(Value::Bool(true)),
            }),
            name => Some(SystemEvent::Benefit {
                change: GrantChange::of_event(name)?,
                benefit: uuid(metadata, "benefit_id").map(BenefitId::from_uuid)?,
                grant: uuid(metadata, "benefit_grant_id").map(GrantId::from_uuid)?,
            }),
        }
    }
}

/// Metadata of a reset that no answer shows.
pub const CARRY_OVER: &str = "carry_over";

fn uuid(metadata: MetadataRef<'_>, key: &str) -> Option<Uuid> {
    let Some(Value::Text(text)) = metadata.get(key) else {
        return None;
    };
    Uuid::try_parse(text).ok()
}

/// The title of a system event: the words of its name, each with a capital (SEMANTICS 9.14).
pub fn title(name: &str) -> String {
    let mut title = String::with_capacity(name.len());
    for word in name.split(['.', '_']) {
        if !title.is_empty() {
            title.push(' ');
        }
        let mut characters = word.chars();
        title.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        title.push_str(characters.as_str());
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Identity;
    use crate::id::CustomerId;
    use crate::time::Timestamp;

    #[test]
    fn what_a_system_event_says_comes_back_and_users_cannot_say_it() {
        let meter = MeterId::from_random([5; 16]);
        for said in [
            SystemEvent::MeterCredited {
                meter,
                units: -7,
                rollover: true,
            },
            SystemEvent::MeterCredited {
                meter,
                units: i64::MIN,
                rollover: false,
            },
            SystemEvent::MeterReset {
                meter,
                carry_over: false,
            },
            SystemEvent::MeterReset {
                meter,
                carry_over: true,
            },
            SystemEvent::Benefit {
                change: GrantChange::Cycled,
                benefit: BenefitId::from_random([6; 16]),
                grant: GrantId::from_random([7; 16]),
            },
        ] {
            let mut metadata = MetadataBuilder::new();
            said.write(&mut metadata);
            let mut event = Event {
                source: Source::System,
                name: said.name(),
                identity: Identity::Customer(CustomerId::from_random([1; 16])),
                member: None,
                timestamp: Timestamp::MIN,
                external_id: None,
                parent: None,
                metadata: metadata.as_ref(),
            };
            assert_eq!(SystemEvent::of(&event), Some(said));
            event.source = Source::User;
            assert_eq!(SystemEvent::of(&event), None);
        }
    }

    #[test]
    fn titles_are_the_words_of_the_name() {
        assert_eq!(title(METER_CREDITED), "Meter Credited");
        assert_eq!(title("benefit_grant.revoked"), "Benefit Grant Revoked");
    }
}
