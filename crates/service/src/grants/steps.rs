//! How something happens to a grant as a whole, though its events are in the journal and its row is in the catalogue.
//!
//! 1. What is about to happen is written to the catalogue, with the key of its events.
//! 2. Its events are written under the key, in one request of the journal: a key counts once.
//! 3. The row becomes what it is after, the note of 1 goes, and endpoints are told, in one transaction.
//!
//! A crash after 1 or 2, or a disk that is full, leaves the note, and what is missing is done later: at the next start, before the next
//! thing happens to a grant of the customer, and by [`Service::settle_all_grants`] from time to time. So neither is there a grant without
//! its credit, nor a credit twice. What a deletion noted is done in slices, between which others have their turn.

use catalog::{GrantStep, GrantsOf, Outbox};
use domain::{Grant, GrantChange, GrantId, GrantedCredit, OrganizationId, SystemEvent, Timestamp};
use engine::{EnterError, Entered, Entry, IngestError};

use super::GrantView;
use crate::webhooks::Announcement;
use crate::{Error, Fault, Service};

/// How many steps are one request of the journal, and one transaction of the catalogue.
pub(super) const STEPS_AT_ONCE: u32 = 100;

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

    /// Takes a step from its beginning to its end; nothing of it is left when its events could not be written. [`Service::granting`] is
    /// held, and nothing is missing of the customer's steps.
    pub(super) fn take_step(&self, step: GrantStep) -> Result<GrantView, Error> {
        let organization = step.organization;
        let (id, steps) = (step.grant, [step]);
        self.catalog.begin_grant_steps(&steps)?;
        let entered = match self.write_events(&steps) {
            Ok(entered) => entered,
            Err(error) => {
                if nothing_was_kept(&error) {
                    self.catalog.drop_grant_steps(&steps)?;
                }
                return Err(error.into());
            }
        };
        self.change_rows(&steps, &entered)?;
        if entered.contains(&Entered::KeyTaken) {
            return Err(Error::Invalid(vec![Fault::CreditKeyTaken]));
        }
        let grant = self.grant_row(organization, id)?;
        self.grant_view(organization, grant)
    }

    /// Does what is missing of the steps of grants of a benefit, or to a customer. [`Service::granting`] is held. Cost without such
    /// steps: a look into an index.
    pub(crate) fn settle_grants_of(
        &self,
        organization: OrganizationId,
        of: GrantsOf,
    ) -> Result<(), Error> {
        let steps = self.catalog.grant_steps_of(organization, of)?;
        for steps in steps.chunks(STEPS_AT_ONCE as usize) {
            self.finish_steps(steps)?;
        }
        Ok(())
    }

    /// Does what is missing of an organization's steps, a slice at a time. [`Service::granting`] is not held.
    pub(crate) fn settle_grants(&self, organization: OrganizationId) -> Result<(), Error> {
        loop {
            let _granting = self.granting.lock();
            let steps = self.catalog.grant_steps(organization, STEPS_AT_ONCE)?;
            if steps.is_empty() {
                return Ok(());
            }
            self.finish_steps(&steps)?;
        }
    }

    /// Does what is missing of the steps of all organizations. To be called at the start and from time to time.
    ///
    /// # Errors
    /// That of the last organization of which not all could be done.
    pub fn settle_all_grants(&self) -> Result<(), Error> {
        let organizations = self.catalog.organizations_with_grant_steps()?;
        let mut outcome = Ok(());
        for organization in organizations {
            if let Err(error) = self.settle_grants(organization) {
                outcome = Err(error);
            }
        }
        outcome
    }

    /// The second and the third part of steps of one organization.
    fn finish_steps(&self, steps: &[GrantStep]) -> Result<(), Error> {
        let entered = self.write_events(steps)?;
        self.change_rows(steps, &entered)
    }

    /// Writes the events of steps that are begun.
    pub(super) fn write_events(&self, steps: &[GrantStep]) -> Result<Vec<Entered>, EnterError> {
        let Some(first) = steps.first() else {
            return Ok(Vec::new());
        };
        let entries = steps.iter().map(|step| self.entry_of(step)).collect();
        self.engine.enter_all(first.organization, entries)
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

    /// Makes the rows what they are after steps whose events are written, and tells of it. A step under whose key something else was
    /// written comes to nothing.
    pub(super) fn change_rows(
        &self,
        steps: &[GrantStep],
        entered: &[Entered],
    ) -> Result<(), Error> {
        let mut changes: Vec<GrantChange> = Vec::with_capacity(steps.len());
        let mut grants: Vec<Grant> = Vec::with_capacity(steps.len());
        for (step, entered) in steps.iter().zip(entered) {
            let (Entered::New { at } | Entered::Repeat { at }) = *entered else {
                continue;
            };
            let before = self.catalog.grant(step.organization, step.grant)?;
            changes.push(step.change);
            grants.push(after(step, before, at));
        }
        let outbox = self.outbox_of_grants(&changes, &grants)?;
        Ok(self.catalog.finish_grant_steps(steps, &grants, &outbox)?)
    }

    /// What is to be told of changes to grants of one organization, which are as they are after.
    fn outbox_of_grants(&self, changes: &[GrantChange], grants: &[Grant]) -> Result<Outbox, Error> {
        let Some(organization) = grants.first().map(|grant| grant.organization) else {
            return Ok(Outbox::default());
        };
        if self.is_nobody_told(organization) {
            return Ok(Outbox::default());
        }
        let views = self.grant_views(organization, grants.to_vec())?;
        let announcements: Vec<Announcement<'_>> = changes
            .iter()
            .zip(&views)
            .map(|(change, view)| Announcement::Grant(*change, view))
            .collect();
        Ok(self.outbox(organization, &announcements))
    }
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
