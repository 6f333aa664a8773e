//! The live meters: what each measures, and what is kept up for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Definition, KeyedHash, MeterId, OrganizationId};
use parking_lot::{Mutex, MutexGuard, RwLock};
use query::{
    Answer, CATCH_UP_ROWS, Customer, CustomerAnswer, CustomerUsage, Fold, MATCH_ROWS, Matcher,
    Matches, Question, Rows, TableError, TableOwner,
};
use rustc_hash::FxHashMap;
use store::{Reader, Snapshot, StoreError, TableSet};

use crate::limits::{CUSTOMERS_PER_LOCK, STEP_PATIENCE, UPKEEP_PATIENCE};
use crate::passes::Group;
use crate::tables::{MeterTables, Part};

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
    /// What is found with it. Whoever has this may fold.
    matches: Mutex<Matches>,
    folded: RwLock<Folded>,
    /// Where it is kept.
    tables: Arc<MeterTables>,
    /// Held for reading while a question is answered, and for writing from the look for a match until another definition has
    /// taken this one's place. So a question is either answered before that look, which then sees all that it saw, or asks the new
    /// definition.
    replacing: RwLock<()>,
    is_replaced: AtomicBool,
    hash: KeyedHash,
    reader: Reader,
    organization: OrganizationId,
}

/// What is folded for a meter.
#[derive(Debug)]
struct Folded {
    fold: Fold,
    /// Under whom it is kept.
    owner: TableOwner,
    /// How many rows were folded when it was kept last.
    saved: u32,
    /// How many rows were folded when it held whole requests last. With more, it may hold a part of one, which nobody is to see.
    whole: u32,
}

impl Folded {
    /// Whether it holds all of a snapshot, and of no later request a part.
    fn holds(&self, snapshot: &Snapshot) -> bool {
        let rows = self.fold.rows();
        rows >= snapshot.rows() && rows == self.whole
    }

    /// Folds what was found in some rows of a snapshot, for the meter at a place.
    fn add(
        &mut self,
        snapshot: &Snapshot,
        found: &mut Matches,
        place: usize,
    ) -> Result<(), StoreError> {
        self.fold.add(snapshot, found, place)?;
        self.note(snapshot);
        Ok(())
    }

    /// A snapshot holds whole requests.
    fn note(&mut self, snapshot: &Snapshot) {
        if self.fold.rows() == snapshot.rows() {
            self.whole = snapshot.rows();
        }
    }
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
    fn open(
        events: Events<'_>,
        tables: Arc<MeterTables>,
        id: MeterId,
        definition: Definition,
        hash: &KeyedHash,
    ) -> Self {
        let definition = Arc::new(definition);
        let kept = tables.find(id, &definition, &events.snapshot());
        let kept = kept.and_then(|kept| {
            let fold = Fold::load(&definition, hash.clone(), &kept);
            let fold = fold.inspect_err(|error| warn_of(error, id)).ok()?;
            Some(Folded {
                saved: fold.rows(),
                // It may have been kept in the middle of a request.
                whole: 0,
                owner: kept.owner,
                fold,
            })
        });
        let folded = kept.unwrap_or_else(|| Folded {
            fold: Fold::new(&definition, hash.clone()),
            owner: tables.begin(id),
            saved: 0,
            whole: 0,
        });
        Self {
            matcher: Matcher::new(vec![(id, Arc::clone(&definition))], hash.clone()),
            definition,
            matches: Mutex::default(),
            folded: RwLock::new(folded),
            tables,
            replacing: RwLock::default(),
            is_replaced: AtomicBool::new(false),
            hash: hash.clone(),
            reader: events.reader.clone(),
            organization: events.organization,
        }
    }

    /// Throws away what is folded, and begins anew.
    fn begin_anew(&self, id: MeterId) {
        let mut folded = self.folded.write();
        *folded = Folded {
            fold: Fold::new(&self.definition, self.hash.clone()),
            owner: self.tables.begin(id),
            saved: 0,
            whole: 0,
        };
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

    /// Reads with all of a snapshot folded. There may be later requests too, which were acknowledged while this waited, each of them as a
    /// whole.
    pub(crate) fn read<T>(
        &self,
        snapshot: &Snapshot,
        read: impl FnOnce(&Fold) -> T,
    ) -> Result<T, StoreError> {
        {
            let folded = self.folded.read();
            if folded.holds(snapshot) {
                return Ok(read(&folded.fold));
            }
        }
        // Nobody else folds now, and others who wait find it done.
        let mut matches = self.matches.lock();
        let fresh;
        let mut target = snapshot;
        if self.folded.read().fold.rows() > snapshot.rows() {
            fresh = self.reader.snapshot(self.organization);
            target = &fresh;
        }
        while self.folded.read().fold.rows() < target.rows() {
            self.catch_up(target, &mut matches)?;
        }
        self.folded.write().note(target);
        let answer = read(&self.folded.read().fold);
        MutexGuard::unlock_fair(matches);
        Ok(answer)
    }

    /// Folds the next rows of a snapshot, a bounded number of them.
    fn catch_up(&self, snapshot: &Snapshot, matches: &mut Matches) -> Result<(), StoreError> {
        let from = self.folded.read().fold.rows();
        let until = snapshot.rows().min(from.saturating_add(CATCH_UP_ROWS));
        for (from, until) in pieces(from, until) {
            self.matcher.find(snapshot, from..until, &[0], matches)?;
            let mut folded = self.folded.write();
            if folded.fold.rows() < from {
                // It has begun anew.
                break;
            }
            folded.add(snapshot, matches, 0)?;
        }
        Ok(())
    }

    /// How many rows are folded; `None` when somebody else has the fold.
    pub(crate) fn try_rows(&self) -> Option<u32> {
        Some(self.folded.try_read()?.fold.rows())
    }

    /// Folds what was found for it as the meter at `place`, as [`Fold::add`]; returns whether it did. Does not when somebody else folds,
    /// and waits a moment at most for those who read.
    pub(crate) fn try_add(
        &self,
        snapshot: &Snapshot,
        found: &mut Matches,
        place: usize,
    ) -> Result<bool, StoreError> {
        let Some(_folding) = self.matches.try_lock() else {
            return Ok(false);
        };
        let Some(mut folded) = self.folded.try_write_for(UPKEEP_PATIENCE) else {
            return Ok(false);
        };
        if folded.fold.rows() < found.rows().start {
            // It has begun anew.
            return Ok(false);
        }
        folded.add(snapshot, found, place)?;
        Ok(true)
    }

    /// What customers used of the meter, each in its present window, with all of a snapshot folded; `until` as in
    /// [`Fold::usage`].
    pub(crate) fn usage(
        &self,
        events: Events<'_>,
        customers: &[Customer<'_>],
        until: Option<u32>,
    ) -> Result<Vec<CustomerUsage>, StoreError> {
        let mut usages = Vec::with_capacity(customers.len());
        for some in customers.chunks(CUSTOMERS_PER_LOCK) {
            // What is not at hand then is read from rows.
            let mut may_settle = true;
            loop {
                let settled = self.read(&events.snapshot(), |fold| {
                    let mut each = some.iter();
                    if may_settle && !each.all(|customer| fold.is_settled(*customer, until)) {
                        return Ok(None);
                    }
                    let snapshot = events.snapshot();
                    let rows = self.rows(&snapshot);
                    let usages = some.iter();
                    let usages = usages.map(|customer| fold.usage(&rows, *customer, until));
                    usages.collect::<Result<Vec<_>, StoreError>>().map(Some)
                })??;
                if let Some(settled) = settled {
                    usages.extend(settled);
                    break;
                }
                let mut folded = self.folded.write();
                let snapshot = events.snapshot();
                let rows = self.rows(&snapshot);
                for customer in some {
                    folded.fold.settle(&rows, *customer, until)?;
                }
                may_settle = false;
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
            fold.rollover(&self.rows(&snapshot), customer, until)
        })?
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
        let Some(mut folded) = self.folded.try_write_for(STEP_PATIENCE) else {
            return Ok(None);
        };
        let from = folded.fold.rows();
        let end = snapshot.rows().min(from.saturating_add(CATCH_UP_ROWS));
        for (from, end) in pieces(from, end) {
            self.matcher.find(snapshot, from..end, &[0], &mut matches)?;
            folded.add(snapshot, &mut matches, 0)?;
        }
        let fold = &folded.fold;
        let is_current = fold.rows() >= snapshot.rows();
        if !is_current || !fold.is_settled(customer, Some(until)) {
            return Ok(None);
        }
        fold.rollover(&self.rows(snapshot), customer, until)
            .map(Some)
    }

    /// The rows behind a fold. The snapshot must have been taken while the fold was locked: so it holds all that is folded.
    fn rows<'a>(&'a self, snapshot: &'a Snapshot) -> Rows<'a> {
        Rows {
            snapshot,
            definition: &self.definition,
        }
    }

    /// The answer to a question about customers, as of a snapshot or a little later; `None` when what was kept cannot be read: then it is
    /// begun anew, and rows must be asked.
    pub(crate) fn ask_about_customers(
        &self,
        id: MeterId,
        snapshot: &Snapshot,
        question: &Question<'_>,
    ) -> Result<Option<Answer>, StoreError> {
        // What was kept is read when others can go on.
        let begun = self.read(snapshot, |fold| {
            CustomerAnswer::begin(fold, snapshot, question)
        })?;
        match begun.finish() {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => {
                warn_of(&error, id);
                self.begin_anew(id);
                Ok(None)
            }
        }
    }

    /// What is folded and not kept; `None` when all is, or another definition has taken this one's place.
    pub(crate) fn take_unsaved(&self) -> Option<Part> {
        if self.is_replaced() {
            return None;
        }
        let mut folded = self.folded.write();
        (folded.fold.rows() != folded.saved).then(|| Part {
            owner: folded.owner,
            definition: self.definition.encode(),
            unsaved: folded.fold.take_unsaved(),
        })
    }

    /// What became of what was taken: the tables in which it is, or `None` when it is not kept.
    pub(crate) fn settle_unsaved(&self, part: &Part, tables: Option<&TableSet>) {
        let mut folded = self.folded.write();
        if folded.owner != part.owner {
            return;
        }
        match tables {
            Some(tables) => {
                folded.fold.kept(&part.unsaved, part.owner, tables);
                folded.saved = part.unsaved.rows();
            }
            None => folded.fold.not_kept(&part.unsaved),
        }
    }

    /// What was kept is in these files now.
    pub(crate) fn moved(&self, tables: &TableSet) {
        self.folded.write().fold.moved(tables);
    }

    /// How many entries are in memory alone; 0 when somebody else has the fold.
    pub(crate) fn unsaved(&self) -> usize {
        let folded = self.folded.try_read();
        folded.map_or(0, |folded| folded.fold.unsaved())
    }

    /// Whether an event of the snapshot matches. Cost: the rows not folded yet, up to the first match.
    pub(crate) fn has_match(&self, snapshot: &Snapshot) -> Result<bool, StoreError> {
        loop {
            {
                let folded = self.folded.read();
                let fold = &folded.fold;
                if fold.matched() > 0 || fold.rows() >= snapshot.rows() {
                    return Ok(fold.matched() > 0);
                }
            }
            self.catch_up(snapshot, &mut self.matches.lock())?;
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
    /// Opened with the first meter.
    tables: Option<Arc<MeterTables>>,
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
        let tables = self.tables(reader, organization);
        let meter = Arc::new(LiveMeter::open(events, tables, id, definition, &self.hash));
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
            let mut meters: Vec<_> = meters.collect();
            meters.sort_unstable_by_key(|(id, _)| *id);
            Arc::new(Group::new(meters, self.hash.clone()))
        });
        Some(Arc::clone(group))
    }

    /// The tables of an organization's meters.
    fn tables(&self, reader: &Reader, organization: OrganizationId) -> Arc<MeterTables> {
        let known = |meters: &Meters| meters.tables.clone();
        if let Some(tables) = self
            .by_organization
            .read()
            .get(&organization)
            .and_then(known)
        {
            return tables;
        }
        let mut all = self.by_organization.write();
        let meters = all.entry(organization).or_default();
        let tables = meters
            .tables
            .get_or_insert_with(|| Arc::new(MeterTables::open(reader.derived(), organization)));
        Arc::clone(tables)
    }

    /// Keeps what is folded for the meters of an organization and is not kept yet. What cannot be kept is logged; it stays in memory, and
    /// is folded again after a restart.
    pub(crate) fn save(&self, events: Events<'_>) {
        let Some(group) = self.group(events.organization) else {
            return;
        };
        let tables = self.tables(events.reader, events.organization);
        let saved = tables.save(
            || group.meters().filter_map(LiveMeter::take_unsaved).collect(),
            || events.snapshot(),
            |parts, tables| group.settle(parts, tables),
        );
        if let Err(error) = saved {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                organization = %events.organization,
                "what is folded for meters was not kept"
            );
        }
    }
}

fn warn_of(error: &TableError, meter: MeterId) {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        %meter,
        "what is folded for a meter cannot be read and is folded again"
    );
}
