//! How something happens to a grant as a whole, though its events are in the journal and its row is in the catalogue.
//!
//! 1. What is about to happen is written to the catalogue, with the key of its events.
//! 2. Its events are written under the key, in one request of the journal: a key counts once.
//! 3. The row becomes what it is after, the note of 1 goes, and endpoints are told, in one transaction.
//!
//! A crash after 1 or 2 leaves the note; [`Service::settle_grants`] then does what is missing, at the next start and before the next thing
//! happens to a grant of the organization. So neither is there a grant without its credit, nor a credit twice.

use std::collections::BTreeSet;

use catalog::{GrantStep, Outbox};
use domain::{Grant, GrantChange, GrantId, GrantedCredit, OrganizationId, SystemEvent, Timestamp};
use engine::{EnterError, Entered, Entry, IngestError};

use super::GrantView;
use crate::webhooks::Announcement;
use crate::{Error, Fault, Service};

/// How many steps are one request of the journal, and one transaction of the catalogue.
const STEPS_AT_ONCE: usize = 1_000;

/// No key that a client gives begins like this: the character is refused in every text of a request.
const OWN_KEY_PREFIX: &str = "\0grant/";

impl Service {
    /// A key for a step that no client named.
    pub(super) fn step_key(&self, grant: GrantId) -> String {
        format!(
            "{OWN_KEY_PREFIX}{grant}/{}",
            GrantId::from_random(self.random_id())
        )
    }

    /// Takes a step from its beginning to its end. [`Service::granting`] is held.
    pub(super) fn take_step(&self, step: GrantStep) -> Result<GrantView, Error> {
        let organization = step.organization;
        let (id, steps) = (step.grant, vec![step]);
        self.catalog.begin_grant_steps(&steps)?;
        let outcome = self.finish_steps(&steps)?;
        if outcome.taken > 0 {
            return Err(Error::Invalid(vec![Fault::CreditKeyTaken]));
        }
        let grant = self.grant_row(organization, id)?;
        self.grant_view(organization, grant)
    }

    /// Does what is missing of the steps that were begun. [`Service::granting`] is held, or nothing else runs yet. Cost without such steps:
    /// a look into an empty table.
    pub(crate) fn settle_grants(&self, organization: OrganizationId) -> Result<(), Error> {
        let steps = self.catalog.grant_steps(organization)?;
        for steps in steps.chunks(STEPS_AT_ONCE) {
            self.finish_steps(steps)?;
        }
        Ok(())
    }

    /// The second and the third part of steps of one organization.
    fn finish_steps(&self, steps: &[GrantStep]) -> Result<Outcome, Error> {
        let entered = self.write_events(steps)?;
        self.change_rows(steps, &entered)
    }

    /// Writes the events of steps that are begun. When it is certain that nothing was written, the steps are dropped.
    pub(super) fn write_events(&self, steps: &[GrantStep]) -> Result<Vec<Entered>, Error> {
        let Some(first) = steps.first() else {
            return Ok(Vec::new());
        };
        let entries = steps.iter().map(|step| self.entry_of(step)).collect();
        match self.engine.enter_all(first.organization, entries) {
            Ok(entered) => Ok(entered),
            Err(error) => {
                if nothing_was_kept(&error) {
                    self.catalog.drop_grant_steps(steps)?;
                }
                Err(error.into())
            }
        }
    }

    fn entry_of(&self, step: &GrantStep) -> Entry {
        let mut what = vec![SystemEvent::Benefit {
            change: step.change,
            benefit: step.benefit,
            grant: step.grant,
        }];
        if let Some(credit) = step.credit {
            if step.resets {
                what.push(SystemEvent::MeterReset {
                    meter: credit.meter,
                    carry_over: true,
                });
            }
            what.push(SystemEvent::MeterCredited {
                meter: credit.meter,
                units: credit.units,
                rollover: credit.rollover,
            });
        }
        Entry {
            customer: step.customer,
            identities: self.identities_of(step.organization, step.customer),
            what,
            timestamp: None,
            external_id: Some(step.key.clone()),
        }
    }

    /// Makes the rows what they are after steps whose events are written, and tells of it.
    pub(super) fn change_rows(
        &self,
        steps: &[GrantStep],
        entered: &[Entered],
    ) -> Result<Outcome, Error> {
        let mut changes: Vec<GrantChange> = Vec::with_capacity(steps.len());
        let mut grants: Vec<Grant> = Vec::with_capacity(steps.len());
        let mut outcome = Outcome { taken: 0 };
        for (step, entered) in steps.iter().zip(entered) {
            let (Entered::New { at } | Entered::Repeat { at }) = *entered else {
                outcome.taken += 1;
                continue;
            };
            let before = self.catalog.grant(step.organization, step.grant)?;
            changes.push(step.change);
            grants.push(after(step, before, at));
        }
        let outbox = self.outbox_of_grants(steps, &changes, &grants)?;
        self.catalog.finish_grant_steps(steps, &grants, &outbox)?;
        Ok(outcome)
    }

    fn outbox_of_grants(
        &self,
        steps: &[GrantStep],
        changes: &[GrantChange],
        grants: &[Grant],
    ) -> Result<Outbox, Error> {
        let Some(first) = steps.first() else {
            return Ok(Outbox::default());
        };
        let views = self.grant_views(first.organization, grants.to_vec())?;
        let announcements: Vec<Announcement<'_>> = changes
            .iter()
            .zip(&views)
            .map(|(change, view)| Announcement::Grant(*change, view))
            .collect();
        Ok(self.outbox(first.organization, &announcements))
    }

    /// Settles all organizations, at the start.
    pub(crate) fn settle_all_grants(&self) -> Result<(), Error> {
        let organizations: BTreeSet<OrganizationId> = self
            .catalog
            .organizations_with_grant_steps()?
            .into_iter()
            .collect();
        for organization in organizations {
            self.settle_grants(organization)?;
        }
        Ok(())
    }
}

/// What became of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    /// How many came to nothing because something else was written under their key meanwhile.
    pub(super) taken: usize,
}

/// The grant after a step whose events were received at a time.
fn after(step: &GrantStep, before: Option<Grant>, at: Timestamp) -> Grant {
    let is_new = before.is_none();
    let mut grant = before.unwrap_or(Grant {
        id: step.grant,
        organization: step.organization,
        benefit: step.benefit,
        customer: step.customer,
        granted_at: Some(step.at),
        revoked_at: None,
        last_credit: None,
        created_at: step.at,
        modified_at: None,
    });
    if !is_new {
        grant.modified_at = Some(step.at);
    }
    if step.change == GrantChange::Revoked {
        grant.granted_at = None;
        grant.revoked_at = Some(step.at);
    } else if let Some(credit) = step.credit {
        grant.last_credit = Some(GrantedCredit {
            meter: credit.meter,
            units: credit.units,
            rollover: credit.rollover,
            at,
        });
    }
    grant
}

/// Whether it is certain that no event was written. After a failed sync it is not.
fn nothing_was_kept(error: &EnterError) -> bool {
    match error {
        EnterError::Read(_)
        | EnterError::Ingest(
            IngestError::NoSpace | IngestError::Overloaded | IngestError::OrganizationFull,
        ) => true,
        EnterError::Ingest(IngestError::WriteFailed | IngestError::Stopped) => false,
    }
}
