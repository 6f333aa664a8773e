//! The live meters: what each measures, and what is kept up for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use domain::{Definition, KeyedHash, MeterId, OrganizationId};
use parking_lot::{Mutex, MutexGuard, RwLock};
use query::{CATCH_UP_ROWS, Customer, CustomerUsage, Fold, MATCH_ROWS, Matcher, Matches, Rows};
use rustc_hash::FxHashMap;
use store::{Reader, Snapshot, StoreError};

use crate::limits::{CUSTOMERS_PER_LOCK, STEP_PATIENCE, UPKEEP_PATIENCE};
use crate::passes::Group;
use crate::saved;

/// The events of an organization, whenever they are looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Events<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) organization: OrganizationId,
}

impl Events<'_> {
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.reader.snapshot(self.organization)
    }
}

/// A meter as long as its definition stays the same.
#[derive(Debug)]
pub(crate) struct LiveMeter {
    pub(crate) definition: Arc<Definition>,
    /// It alone, for whoever cannot wait for upkeep.
    matcher: Matcher,
    /// What is found with it. Whoever has this folds, and the others wait for the outcome instead of doing the same; upkeep does not need
    /// it.
    matches: Mutex<Matches>,
    fold: RwLock<Fold>,
    /// Held for reading while a question is answered, and for writing from the look for a match until another definition has
    /// taken this one's place. So a question is either answered before that look, which then sees all that it saw, or asks the new
    /// definition.
    replacing: RwLock<()>,
    is_replaced: AtomicBool,
    /// How many rows were folded when it was kept last.
    saved: AtomicU32,
}

/// How far upkeep got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// All rows were in.
    Idle,
    /// Rows were folded, and now all are in.
    Current,
    /// Rows were folded, and there are more.
    Behind,
    /// Somebody else has what is folded.
    Busy,
}

impl LiveMeter {
    /// With what was kept of it, if anything was.
    fn open(events: Events<'_>, id: MeterId, definition: Definition, hash: &KeyedHash) -> Self {
        let kept = saved::load(
            events.reader.derived(),
            events.organization,
            &saved::name_of_meter(id),
            &events.snapshot(),
            |bytes| {
                let fold = Fold::decode(&definition, hash.clone(), bytes)?;
                Ok((fold.rows(), fold))
            },
        );
        let fold = kept.unwrap_or_else(|| Fold::new(&definition, hash.clone()));
        let definition = Arc::new(definition);
        Self {
            saved: AtomicU32::new(fold.rows()),
            matcher: Matcher::new(vec![(id, Arc::clone(&definition))], hash.clone()),
            definition,
            matches: Mutex::default(),
            fold: RwLock::new(fold),
            replacing: RwLock::default(),
            is_replaced: AtomicBool::new(false),
        }
    }

    /// Whether another definition has taken this one's place.
    pub(crate) fn is_replaced(&self) -> bool {
        self.is_replaced.load(Ordering::Relaxed)
    }

    /// Answers a question by this definition; `None` when another one has taken its place. Until the answer is made, no other one
    /// does.
    pub(crate) fn unless_replaced<T>(&self, answer: impl FnOnce() -> T) -> Option<T> {
        let _replacing = self.replacing.read();
        (!self.is_replaced()).then(answer)
    }

    /// Reads with all of a snapshot folded. It may hold later rows too, which were acknowledged
    /// while this waited.
    pub(crate) fn read<T>(
        &self,
        snapshot: &Snapshot,
        read: impl FnOnce(&Fold) -> T,
    ) -> Result<T, StoreError> {
        loop {
            {
                let fold = self.fold.read();
                if fold.rows() >= snapshot.rows() {
                    return Ok(read(&fold));
                }
            }
            self.catch_up(snapshot)?;
        }
    }

    /// Folds the next rows of a snapshot, a bounded number of them. Waits for others who do the same.
    fn catch_up(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let mut matches = self.matches.lock();
        let from = self.fold.read().rows();
        let until = snapshot.rows().min(from.saturating_add(CATCH_UP_ROWS));
        for (from, until) in pieces(from, until) {
            self.matcher
                .find(snapshot, from..until, &[0], &mut matches)?;
            self.fold.write().add(snapshot, &mut matches, 0)?;
        }
        // In turns, so that others get theirs.
        MutexGuard::unlock_fair(matches);
        Ok(())
    }

    /// How many rows are folded; `None` when somebody else has the fold.
    pub(crate) fn try_rows(&self) -> Option<u32> {
        Some(self.fold.try_read()?.rows())
    }

    /// Folds what was found for it as the meter at `place`, as [`Fold::add`]; returns whether it did. Waits a moment at most for
    /// whoever has the fold.
    pub(crate) fn try_add(
        &self,
        snapshot: &Snapshot,
        found: &mut Matches,
        place: usize,
    ) -> Result<bool, StoreError> {
        let Some(mut fold) = self.fold.try_write_for(UPKEEP_PATIENCE) else {
            return Ok(false);
        };
        fold.add(snapshot, found, place)?;
        Ok(true)
    }

    /// What customers used of the meter, each in its present window, with all of a snapshot folded; `until` as in
    /// [`query::Usage::read`].
    pub(crate) fn usage(
        &self,
        events: Events<'_>,
        customers: &[Customer<'_>],
        until: Option<u32>,
    ) -> Result<Vec<CustomerUsage>, StoreError> {
        let snapshot = events.snapshot();
        let mut usages = Vec::with_capacity(customers.len());
        for some in customers.chunks(CUSTOMERS_PER_LOCK) {
            let is_settled = self.read(&snapshot, |fold| {
                let mut some = some.iter();
                some.all(|customer| fold.usage().is_settled(*customer, until))
            })?;
            if !is_settled {
                let mut fold = self.fold.write();
                let snapshot = events.snapshot();
                let rows = self.rows(&snapshot, &fold);
                for customer in some {
                    fold.usage_mut().settle(&rows, *customer, until)?;
                }
            }
            let fold = self.fold.read();
            let snapshot = events.snapshot();
            let rows = self.rows(&snapshot, &fold);
            for customer in some {
                usages.push(fold.usage().read(&rows, *customer, until)?);
            }
        }
        Ok(usages)
    }

    /// The units that roll over when a customer's window ends before the row of ordinal `until`.
    pub(crate) fn rollover(
        &self,
        events: Events<'_>,
        customer: Customer<'_>,
        until: u32,
    ) -> Result<i128, StoreError> {
        self.read(&events.snapshot(), |fold| {
            let snapshot = events.snapshot();
            fold.usage()
                .rollover(&self.rows(&snapshot, fold), customer, until)
        })?
    }

    /// Keeps what is folded, if that has grown since it was kept last.
    pub(crate) fn save(&self, events: Events<'_>, id: MeterId) -> Result<(), StoreError> {
        let mut packed = Vec::new();
        let (rows, snapshot) = {
            let fold = self.fold.read();
            if fold.rows() == self.saved.load(Ordering::Relaxed) || self.is_replaced() {
                return Ok(());
            }
            fold.encode(&self.definition, &mut packed);
            (fold.rows(), events.snapshot())
        };
        let name = saved::name_of_meter(id);
        let derived = events.reader.derived();
        saved::save(
            derived,
            events.organization,
            &name,
            &snapshot,
            (rows, &packed),
        )?;
        self.saved.store(rows, Ordering::Relaxed);
        Ok(())
    }

    /// The same, when it takes next to nothing: with few rows to fold, everything at hand, and nobody else for long at the fold.
    pub(crate) fn try_rollover(
        &self,
        snapshot: &Snapshot,
        customer: Customer<'_>,
        until: u32,
    ) -> Result<Option<i128>, StoreError> {
        let Some(mut matches) = self.matches.try_lock_for(STEP_PATIENCE) else {
            return Ok(None);
        };
        let Some(mut fold) = self.fold.try_write_for(STEP_PATIENCE) else {
            return Ok(None);
        };
        let from = fold.rows();
        let end = snapshot.rows().min(from.saturating_add(CATCH_UP_ROWS));
        for (from, end) in pieces(from, end) {
            self.matcher.find(snapshot, from..end, &[0], &mut matches)?;
            fold.add(snapshot, &mut matches, 0)?;
        }
        let is_current = fold.rows() >= snapshot.rows();
        if !is_current || !fold.usage().is_settled(customer, Some(until)) {
            return Ok(None);
        }
        let rows = self.rows(snapshot, &fold);
        fold.usage().rollover(&rows, customer, until).map(Some)
    }

    /// The rows behind a fold. The snapshot must have been taken while the fold was locked: so it holds all that is folded.
    fn rows<'a>(&'a self, snapshot: &'a Snapshot, fold: &Fold) -> Rows<'a> {
        Rows {
            snapshot,
            definition: &self.definition,
            folded: fold.rows(),
        }
    }

    /// Whether an event of the snapshot matches. Cost: the rows not folded yet, up to the first match.
    pub(crate) fn has_match(&self, snapshot: &Snapshot) -> Result<bool, StoreError> {
        loop {
            {
                let fold = self.fold.read();
                if fold.matched() > 0 || fold.rows() >= snapshot.rows() {
                    return Ok(fold.matched() > 0);
                }
            }
            self.catch_up(snapshot)?;
        }
    }
}

/// Ranges of rows that are matched at once.
pub(crate) fn pieces(from: u32, until: u32) -> impl Iterator<Item = (u32, u32)> {
    (from..until)
        .step_by(MATCH_ROWS as usize)
        .map(move |from| (from, until.min(from.saturating_add(MATCH_ROWS))))
}

/// All live meters.
#[derive(Debug)]
pub(crate) struct LiveMeters {
    hash: KeyedHash,
    by_organization: RwLock<FxHashMap<OrganizationId, Meters>>,
}

/// The live meters of one organization.
#[derive(Debug, Default)]
struct Meters {
    by_id: FxHashMap<MeterId, Arc<LiveMeter>>,
    /// All of them together, made when it is asked for.
    group: Option<Arc<Group>>,
}

impl LiveMeters {
    pub(crate) fn new(hash: KeyedHash) -> Self {
        Self {
            hash,
            by_organization: RwLock::default(),
        }
    }

    /// Starts a meter, or starts it anew when its definition is another one.
    pub(crate) fn define(
        &self,
        reader: &Reader,
        organization: OrganizationId,
        id: MeterId,
        definition: Definition,
    ) {
        let known = self.get(organization, id);
        if known.is_some_and(|known| *known.definition == definition) {
            return;
        }
        let events = Events {
            reader,
            organization,
        };
        let meter = Arc::new(LiveMeter::open(events, id, definition, &self.hash));
        let mut all = self.by_organization.write();
        let meters = all.entry(organization).or_default();
        meters.group = None;
        if let Some(known) = meters.by_id.insert(id, meter) {
            known.is_replaced.store(true, Ordering::Relaxed);
        }
    }

    /// Puts another definition in the place of a meter's, unless an event matches the present one; `commit` makes it durable
    /// in between. Returns whether it did. Questions for the meter wait for as long as that takes.
    pub(crate) fn replace<E: From<StoreError>>(
        &self,
        reader: &Reader,
        organization: OrganizationId,
        id: MeterId,
        definition: Definition,
        commit: impl FnOnce() -> Result<(), E>,
    ) -> Result<bool, E> {
        let known = self.get(organization, id);
        let _replacing = known.as_ref().map(|known| known.replacing.write());
        if let Some(known) = &known
            && known.has_match(&reader.snapshot(organization))?
        {
            return Ok(false);
        }
        commit()?;
        self.define(reader, organization, id, definition);
        Ok(true)
    }

    pub(crate) fn get(&self, organization: OrganizationId, id: MeterId) -> Option<Arc<LiveMeter>> {
        self.by_organization
            .read()
            .get(&organization)?
            .by_id
            .get(&id)
            .cloned()
    }

    /// All meters of an organization; `None` when it has none.
    pub(crate) fn group(&self, organization: OrganizationId) -> Option<Arc<Group>> {
        let known = |meters: &Meters| meters.group.clone();
        if let Some(group) = self
            .by_organization
            .read()
            .get(&organization)
            .and_then(known)
        {
            return Some(group);
        }
        let mut all = self.by_organization.write();
        let meters = all.get_mut(&organization)?;
        let group = meters.group.get_or_insert_with(|| {
            let meters = meters.by_id.iter();
            let meters = meters.map(|(id, meter)| (*id, Arc::clone(meter)));
            Arc::new(Group::new(meters.collect(), self.hash.clone()))
        });
        Some(Arc::clone(group))
    }

    /// Keeps what is folded for the meters of an organization. A meter that cannot be kept is logged, and folded again at the next
    /// start.
    pub(crate) fn save(&self, events: Events<'_>) {
        let Some(group) = self.group(events.organization) else {
            return;
        };
        for (id, meter) in group.meters() {
            if let Err(error) = meter.save(events, *id) {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    meter = %id,
                    "what is folded for a meter was not kept"
                );
            }
        }
    }
}
