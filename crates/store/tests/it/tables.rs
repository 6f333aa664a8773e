//! Tables of derived state against a map in memory, on a disk that fails, and with files that are not what was written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::packed::Reader;
use proptest::prelude::*;
use store::limits::TABLE_FILES_MAX;
use store::testing::{Fault, MemoryDisk, Survives};
use store::{Derived, Joined, StoreError, TableChange, TableList, TableRange, TableSet};

use crate::support::{Open, PATH, open_on, organization};

/// By name and key: the values of the appends, oldest first, as one text.
type Model = BTreeMap<(Vec<u8>, u64), Vec<u8>>;
/// Entries of one append.
type Entries = BTreeMap<(Vec<u8>, u64), Vec<u8>>;

/// The state of whoever keeps tables: the list, and a name for it.
const LIST: &str = "list";

#[derive(Debug)]
struct Kept {
    _open: Open,
    derived: Derived,
    set: TableSet,
}

impl Kept {
    /// Opens the tables that the kept list names; none when they cannot be used.
    fn open(disk: &MemoryDisk) -> Self {
        let open = open_on(disk).expect("a healthy disk");
        let derived = open.reader.derived().clone();
        let list = load_list(&derived);
        let set = derived.open_tables(organization(1), &list);
        Self {
            _open: open,
            set: set.expect("what was kept is there"),
            derived,
        }
    }

    /// Makes a change the state of the set, durably.
    fn keep(&mut self, change: TableChange) -> Result<(), StoreError> {
        let set = self.set.with(change);
        let mut list = Vec::new();
        set.list().encode(&mut list);
        self.derived.save(organization(1), LIST, &list)?;
        set.mark_kept();
        self.set = set;
        Ok(())
    }

    fn append(&mut self, entries: &Entries) -> Result<(), StoreError> {
        let change = append(&self.set, entries)?;
        self.keep(change)
    }

    /// Whether there was something to join.
    fn compact(&mut self) -> Result<bool, StoreError> {
        let Some(change) = self.set.compact(concatenate)? else {
            return Ok(false);
        };
        self.keep(change)?;
        Ok(true)
    }
}

fn load_list(derived: &Derived) -> TableList {
    let bytes = derived.load(organization(1), LIST).expect("healthy");
    let bytes = bytes.unwrap_or_else(|| vec![0]);
    TableList::decode(&mut Reader::new(&bytes)).expect("as it was written")
}

fn append(set: &TableSet, entries: &Entries) -> Result<TableChange, StoreError> {
    set.append(|writer| {
        let mut table: Option<&[u8]> = None;
        for ((name, key), value) in entries {
            if table != Some(name) {
                writer.begin(name)?;
                table = Some(name);
            }
            writer.push(*key, value)?;
        }
        Ok(())
    })
}

/// Values are put together by writing them one behind the other. An empty one is nothing.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the store asks for a function that may fail"
)]
fn concatenate(joined: Joined<'_>, out: &mut Vec<u8>) -> Result<bool, StoreError> {
    out.extend(joined.values().flatten());
    Ok(!(joined.has_oldest() && out.is_empty()))
}

fn add(model: &mut Model, entries: &Entries) {
    for (place, value) in entries {
        model.entry(place.clone()).or_default().extend(value);
    }
}

/// What a walk gives, put together; nothing where that is empty.
fn collect(mut range: TableRange) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let mut found = Vec::new();
    while let Some(entry) = range.next()? {
        let value: Vec<u8> = entry.values().flatten().copied().collect();
        if !value.is_empty() {
            found.push((entry.key(), value));
        }
    }
    Ok(found)
}

/// What a model says of a range.
fn expected(model: &Model, name: &[u8], first: u64, last: u64) -> Vec<(u64, Vec<u8>)> {
    if first > last {
        return Vec::new();
    }
    let range = model.range((name.to_vec(), first)..=(name.to_vec(), last));
    range
        .filter(|(_, value)| !value.is_empty())
        .map(|((_, key), value)| (*key, value.clone()))
        .collect()
}

fn check(set: &TableSet, model: &Model) {
    for name in names() {
        let all = collect(set.range(&name, ..).expect("healthy")).expect("healthy");
        assert_eq!(all, expected(model, &name, 0, u64::MAX));
        for (key, value) in all.into_iter().step_by(11) {
            let values = set.get(&name, key).expect("healthy");
            assert_eq!(values.concat(), value);
        }
    }
}

fn names() -> [Vec<u8>; 3] {
    [b"a".to_vec(), b"b".to_vec(), vec![0xff; 32]]
}

/// Keys that lie near each other in groups far apart, as customers' quarter hours do, and the ends.
fn key() -> impl Strategy<Value = u64> {
    prop_oneof![
        20 => (0..20_u64, 0..300_u64).prop_map(|(group, key)| group << 32 | key),
        1 => Just(u64::MAX),
        1 => any::<u64>(),
    ]
}

/// Mostly short, sometimes longer than a block.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![30 => 0..12_usize, 1 => 0..20_000_usize];
    (any::<u8>(), length).prop_map(|(byte, length)| vec![byte; length])
}

fn entries() -> impl Strategy<Value = Entries> {
    let name = (0..3_usize).prop_map(|index| names()[index].clone());
    prop_oneof![
        proptest::collection::btree_map((name.clone(), key()), value(), 0..30),
        proptest::collection::btree_map((name, key()), value(), 300..900),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn tables_say_what_a_map_says(
        appends in proptest::collection::vec(entries(), 1..16),
        ranges in proptest::collection::vec((0..3_usize, key(), key(), key()), 30),
        restart_after in 0..16_usize,
    ) {
        let disk = MemoryDisk::new();
        let mut kept = Kept::open(&disk);
        let mut model = Model::new();
        for (number, entries) in appends.iter().enumerate() {
            // A set of an earlier moment says what it said, whatever becomes of its files.
            let (before, model_before) = (kept.set.clone(), model.clone());
            kept.append(entries).expect("a healthy disk");
            add(&mut model, entries);
            kept.compact().expect("a healthy disk");
            prop_assert!(kept.set.files() <= TABLE_FILES_MAX);
            if number % 4 == 0 {
                check(&before, &model_before);
            }
            if number == restart_after {
                drop((kept, before));
                kept = Kept::open(&disk);
            }
        }
        check(&kept.set, &model);
        for (name, first, last, seek) in ranges {
            let name = names()[name].clone();
            let found = kept.set.range(&name, first..=last).expect("healthy");
            prop_assert_eq!(collect(found).expect("healthy"), expected(&model, &name, first, last));
            let mut found = kept.set.range(&name, first..).expect("healthy");
            let given = found.next().expect("healthy").map(|entry| entry.key());
            found.seek(seek).expect("healthy");
            // It never goes back: what was given is not given again.
            let rest = collect(found).expect("healthy");
            let all = expected(&model, &name, first.max(seek), u64::MAX);
            let all = all.into_iter().filter(|(key, _)| given.is_some_and(|given| *key > given));
            prop_assert_eq!(rest, all.collect::<Vec<_>>());
        }
        let files = table_files(&disk);
        prop_assert_eq!(files.len(), kept.set.files(), "{:?}", files);
    }
}

fn table_files(disk: &MemoryDisk) -> Vec<PathBuf> {
    let folder = Path::new(PATH).join("derived");
    let paths = disk.paths().into_iter();
    paths
        .filter(|path| {
            path.starts_with(&folder) && path.extension().is_some_and(|it| it == "table")
        })
        .collect()
}

/// Some tables of several blocks; the same entries are there for each append, with its number as value.
fn simple_entries(number: u64) -> Entries {
    some_entries(number, 600)
}

fn some_entries(number: u64, keys: u64) -> Entries {
    let mut entries = Entries::new();
    for key in 0..keys {
        let value = format!("{number:04}-{key:08};").into_bytes();
        entries.insert((b"balances".to_vec(), key * 3), value.clone());
        if key % 5 == number % 5 {
            entries.insert((b"history".to_vec(), key << 32 | number), value);
        }
    }
    entries
}

#[test]
fn what_was_kept_is_there_whatever_operation_fails() {
    const APPENDS: u64 = TABLE_FILES_MAX as u64 + 2;
    const KEYS: u64 = 50;
    // A whole life; the states that were kept.
    let run = |disk: &MemoryDisk, states: &mut u64| -> Result<(), StoreError> {
        let open = open_on(disk)?;
        let derived = open.reader.derived().clone();
        let set = derived.open_tables(organization(1), &TableList::default())?;
        let mut kept = Kept {
            _open: open,
            derived,
            set,
        };
        for number in 0..APPENDS {
            kept.append(&some_entries(number, KEYS))?;
            *states += 1;
            kept.compact()?;
        }
        Ok(())
    };
    // How many bytes the values have after each append.
    let mut sums = vec![0];
    for number in 0..APPENDS {
        let entries = some_entries(number, KEYS);
        let bytes: usize = entries.values().map(Vec::len).sum();
        sums.push(sums.last().expect("the first") + bytes);
    }
    let begin = MemoryDisk::new();
    drop(open_on(&begin).expect("a healthy disk"));
    let counted = begin.kill();
    run(&counted, &mut 0).expect("a healthy disk");
    let operations = counted.operations();
    assert!(operations > 100, "{operations}");
    let faults = [
        Fault::Refuse,
        Fault::NoSpace { written: 100 },
        Fault::Die { written: 700 },
    ];
    let survivals = [
        None,
        Some(Survives {
            unsynced_bytes: 0,
            lengths: true,
            names: false,
        }),
    ];
    for (after, fault) in (0..operations).flat_map(|after| faults.map(|fault| (after, fault))) {
        let disk = begin.kill();
        disk.fail_after(after, fault);
        let mut kept = 0;
        // A removal may fail without harm.
        let _outcome = run(&disk, &mut kept);
        disk.heal();
        for survives in survivals {
            let disk = survives.map_or_else(|| disk.kill(), |left| disk.cut_power(left));
            let open = open_on(&disk).expect("it is healthy again");
            let derived = open.reader.derived();
            let set = derived.open_tables(organization(1), &load_list(derived));
            let set = set.expect("what a list names is whole");
            let mut bytes = 0;
            for name in [&b"balances"[..], b"history"] {
                let entries = collect(set.range(name, ..).expect("healthy")).expect("healthy");
                bytes += entries.iter().map(|(_, value)| value.len()).sum::<usize>();
            }
            // The state that was kept last, or what was being kept; after a power cut an older one.
            let state = sums.iter().position(|sum| *sum == bytes);
            let state = state.expect("a state that there was") as u64;
            let least = if survives.is_none() { kept } else { 0 };
            assert!(
                (least..=kept + 1).contains(&state),
                "{after} {fault:?} {survives:?}: {state} {kept}"
            );
            assert_eq!(
                table_files(&disk).len(),
                set.files(),
                "{after} {fault:?} {survives:?}: what is not named is removed"
            );
        }
    }
}

#[test]
fn a_damaged_file_is_an_error_that_names_it_and_new_tables_can_be_made() {
    let disk = MemoryDisk::new();
    let mut kept = Kept::open(&disk);
    kept.append(&simple_entries(1)).expect("a healthy disk");
    drop(kept);
    let [path] = <[_; 1]>::try_from(table_files(&disk)).expect("one file");
    let whole = disk.content(&path).expect("it is there");
    let read = |disk: &MemoryDisk| -> Result<(), StoreError> {
        let open = open_on(disk)?;
        let derived = open.reader.derived();
        let set = derived.open_tables(organization(1), &load_list(derived))?;
        for name in [&b"balances"[..], b"history"] {
            for key in [0, 300, 599] {
                set.get(name, key)?;
            }
            collect(set.range(name, ..)?)?;
        }
        Ok(())
    };
    read(&disk).expect("it is whole");
    for at in (0..whole.len())
        .step_by(97)
        .chain([0, 8, 16, 24, whole.len() - 1])
    {
        let mut flipped = whole.clone();
        *flipped.get_mut(at).expect("it is there") ^= 0x10;
        disk.put(&path, flipped);
        let error = read(&disk).expect_err("a byte is another");
        let StoreError::Damaged {
            path: named,
            offset,
            ..
        } = error
        else {
            panic!("{error}");
        };
        assert!(named == path && offset <= at as u64, "{offset} {at}");
    }
    for length in [0, 31, 32, 5_000, whole.len() - 1] {
        disk.put(&path, whole.get(..length).expect("shorter").to_vec());
        let error = read(&disk).expect_err("it is shorter");
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }
    // Made anew, beside what is damaged, in the same process.
    let open = open_on(&disk).expect("a healthy disk");
    let derived = open.reader.derived().clone();
    (derived.open_tables(organization(1), &load_list(&derived))).expect_err("it is damaged");
    let none = derived.open_tables(organization(1), &TableList::default());
    let mut kept = Kept {
        _open: open,
        set: none.expect("nothing to open"),
        derived,
    };
    assert_eq!(table_files(&disk), [] as [PathBuf; 0]);
    kept.append(&simple_entries(2)).expect("a healthy disk");
    check_simple(&Kept::open(&disk.kill()).set, 2);
}

fn check_simple(set: &TableSet, number: u64) {
    for ((name, key), value) in simple_entries(number) {
        assert_eq!(set.get(&name, key).expect("healthy"), [value]);
    }
}

#[test]
fn a_file_of_another_number_organization_or_folder_is_known_as_such() {
    let disk = MemoryDisk::new();
    let mut kept = Kept::open(&disk);
    kept.append(&simple_entries(1)).expect("a healthy disk");
    let derived = kept.derived.clone();
    let [path] = <[_; 1]>::try_from(table_files(&disk)).expect("one file");
    let content = disk.content(&path).expect("it is there");
    let name = path.file_name().expect("a file").to_string_lossy();
    let theirs = name.replace(&organization(1).to_string(), &organization(2).to_string());
    disk.put(&path.with_file_name(theirs), content);
    let error = (derived.open_tables(organization(2), &kept.set.list())).expect_err("not theirs");
    assert!(matches!(error, StoreError::Damaged { offset: 0, .. }));
    let missing = derived.open_tables(organization(3), &kept.set.list());
    assert!(matches!(missing, Err(StoreError::Missing { .. })));
}

#[test]
fn files_go_when_no_kept_list_names_them_and_nobody_reads_them() {
    let disk = MemoryDisk::new();
    let mut kept = Kept::open(&disk);
    for number in 0..=TABLE_FILES_MAX as u64 {
        kept.append(&simple_entries(number))
            .expect("a healthy disk");
    }
    let files = TABLE_FILES_MAX + 1;
    assert_eq!(table_files(&disk).len(), files);
    // A change that is not made leaves nothing.
    drop(append(&kept.set, &simple_entries(99)).expect("a healthy disk"));
    assert_eq!(table_files(&disk).len(), files);
    // One that is empty makes nothing.
    kept.append(&Entries::new()).expect("a healthy disk");
    assert_eq!((table_files(&disk).len(), kept.set.files()), (files, files));
    let before = kept.set.clone();
    let mut walk = before.range(b"balances", ..).expect("healthy");
    walk.next().expect("healthy").expect("there are some");
    // While files are joined, others are added.
    let change = kept.set.compact(concatenate).expect("a healthy disk");
    kept.append(&simple_entries(50)).expect("a healthy disk");
    kept.keep(change.expect("there are too many files"))
        .expect("a healthy disk");
    assert_eq!(kept.set.files(), 2);
    assert_eq!(table_files(&disk).len(), files + 2, "they are being read");
    drop(before);
    assert_eq!(table_files(&disk).len(), files + 2, "they are being read");
    assert_eq!(collect(walk).expect("they can be read").len(), 599);
    assert_eq!(table_files(&disk).len(), 2);
    assert_eq!(kept.set.get(b"balances", 3).expect("healthy").len(), 2);
    assert_eq!(kept.set.entries(b"balances"), 1_200);
    assert!(!kept.compact().expect("a healthy disk"), "there are few");
}

#[test]
fn many_read_while_one_appends_and_joins() {
    let disk = MemoryDisk::new();
    let kept = Kept::open(&disk);
    let shared = std::sync::Mutex::new((kept.set.clone(), 0_u64));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let (set, appends) = shared.lock().expect("nobody panicked").clone();
                    let all = collect(set.range(b"balances", ..).expect("healthy"));
                    for (_, value) in all.expect("healthy") {
                        assert_eq!(value.len() as u64, appends * 14);
                    }
                    if appends == 30 {
                        break;
                    }
                }
            });
        }
        let mut kept = kept;
        for number in 0..30 {
            kept.append(&simple_entries(number))
                .expect("a healthy disk");
            *shared.lock().expect("nobody panicked") = (kept.set.clone(), number + 1);
            while kept.compact().expect("a healthy disk") {}
        }
    });
}
