//! What came under keys, in memory, since it was kept last: pushed as it comes, put in order in pieces, and read at any time.
//!
//! A tree or a table would take a miss of the processor's cache for each entry, and more room. Here an entry is appended to a list; a list
//! that is long enough is sorted, what is of one place is joined, and sorted lists of similar length are merged. So an entry is moved about
//! as often as the number of lists doubles.

use std::cmp::Ordering;

use domain::Function;

use crate::partial::One;

/// So many entries are kept as they came: a look at each costs microseconds.
const FRESH_MAX: usize = 8_192;

/// So many sorted lists of similar length are merged.
const MERGED: usize = 4;

/// See the module.
#[derive(Debug)]
pub(crate) struct Log<T> {
    function: Function,
    fresh: Vec<(u64, T)>,
    /// Each by (key, rank), each of which is there once. The longest first.
    sorted: Vec<Vec<(u64, T)>>,
}

/// What [`Log::visit`] is to look for: the keys of a range, less those that are stepped over.
pub(crate) trait Wanted {
    /// The least key from `key` on that is wanted: itself when it is; `None` when none is.
    fn next_from(&self, key: u64) -> Option<u64>;
}

impl<T: One> Log<T> {
    pub(crate) fn new(function: Function) -> Self {
        Self {
            function,
            fresh: Vec::new(),
            sorted: Vec::new(),
        }
    }

    /// Adds what an event adds under a key. About 50 ns in the long run.
    #[inline]
    pub(crate) fn push(&mut self, key: u64, one: T) {
        self.fresh.push((key, one));
        if self.fresh.len() >= FRESH_MAX {
            self.settle();
        }
    }

    /// How many entries there are; what is of one place may be there several times.
    pub(crate) fn len(&self) -> usize {
        self.fresh.len() + self.sorted.iter().map(Vec::len).sum::<usize>()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let sorted = self.sorted.iter().map(Vec::capacity).sum::<usize>();
        (self.fresh.capacity() + sorted) * size_of::<(u64, T)>()
    }

    /// Calls `visit` with all entries of wanted keys, in no order. Cost: a look at each fresh one, a search in each sorted list for each
    /// run of wanted keys, and what is visited.
    pub(crate) fn visit(&self, wanted: &impl Wanted, mut visit: impl FnMut(u64, &T)) {
        for (key, one) in &self.fresh {
            if wanted.next_from(*key) == Some(*key) {
                visit(*key, one);
            }
        }
        for sorted in &self.sorted {
            let mut rest = sorted.as_slice();
            while let Some((key, one)) = rest.first() {
                match wanted.next_from(*key) {
                    None => break,
                    Some(next) if next == *key => {
                        visit(*key, one);
                        rest = &rest[1..];
                    }
                    Some(next) => rest = &rest[distance(rest, next)..],
                }
            }
        }
    }

    /// All entries by (key, rank); what is of one place follows each other.
    pub(crate) fn ordered(&self) -> Vec<&(u64, T)> {
        let lists = self.sorted.iter().chain([&self.fresh]);
        let mut all: Vec<&(u64, T)> = lists.flatten().collect();
        // It knows lists that are sorted already.
        all.sort_by(|left, right| order(left, right));
        all
    }

    fn settle(&mut self) {
        let mut sorted: Vec<(u64, T)> = Vec::with_capacity(self.fresh.len());
        for place in sorted_places(&self.fresh) {
            let (key, one) = &self.fresh[place as usize];
            match sorted.last_mut() {
                Some((last, all)) if last == key && all.rank() == one.rank() => {
                    all.absorb(self.function, one);
                }
                _ => sorted.push((*key, one.clone())),
            }
        }
        // The list that is filled stays where it is; what is put away takes no more room than it needs.
        sorted.shrink_to_fit();
        self.sorted.push(sorted);
        self.fresh.clear();
        while let Some(from) = self.similar() {
            let mut lists = self.sorted.split_off(from);
            while lists.len() > 1 {
                let mut merged = Vec::with_capacity(lists.len().div_ceil(2));
                let mut pairs = lists.into_iter();
                while let Some(left) = pairs.next() {
                    merged.push(match pairs.next() {
                        Some(right) => merge(self.function, left, right),
                        None => left,
                    });
                }
                lists = merged;
            }
            self.sorted.append(&mut lists);
        }
    }

    /// Where the last lists begin that are of similar length, when there are enough of them to be merged.
    fn similar(&self) -> Option<usize> {
        let from = self.sorted.len().checked_sub(MERGED)?;
        let mut last = self.sorted[from..].iter();
        let longest = last.next()?.len();
        last.all(|list| longest < list.len() * 2).then_some(from)
    }
}

/// The places of some entries, by (key, rank): they are dealt out to 256 heaps by each byte in which they differ, the lowest byte first.
/// A sort by comparison takes several times as long.
fn sorted_places<T: One>(entries: &[(u64, T)]) -> Vec<u32> {
    let mut places: Vec<(u64, u32)> = (0..)
        .zip(entries)
        .map(|(place, (_, one))| (one.rank().into(), place))
        .collect();
    let mut other = vec![(0, 0); places.len()];
    sort_by_bytes(&mut places, &mut other);
    for (key, place) in &mut places {
        *key = entries[*place as usize].0;
    }
    sort_by_bytes(&mut places, &mut other);
    places.into_iter().map(|(_, place)| place).collect()
}

/// By the first number; those that are equal stay in their order.
fn sort_by_bytes(entries: &mut Vec<(u64, u32)>, other: &mut Vec<(u64, u32)>) {
    let (all, any) = entries
        .iter()
        .fold((u64::MAX, 0), |(all, any), (number, _)| {
            (all & number, any | number)
        });
    let different = all ^ any;
    for shift in (0..u64::BITS).step_by(8) {
        let byte = |number: u64| (number >> shift & 0xff) as usize;
        if byte(different) == 0 {
            continue;
        }
        let mut starts = [0_usize; 257];
        for (number, _) in &*entries {
            starts[byte(*number) + 1] += 1;
        }
        for byte in 1..starts.len() {
            starts[byte] += starts[byte - 1];
        }
        for entry in &*entries {
            let start = &mut starts[byte(entry.0)];
            other[*start] = *entry;
            *start += 1;
        }
        std::mem::swap(entries, other);
    }
}

fn order<T: One>(left: &(u64, T), right: &(u64, T)) -> Ordering {
    (left.0, left.1.rank()).cmp(&(right.0, right.1.rank()))
}

fn merge<T: One>(function: Function, left: Vec<(u64, T)>, right: Vec<(u64, T)>) -> Vec<(u64, T)> {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    loop {
        let ordering = match (left.peek(), right.peek()) {
            (Some(first), Some(second)) => order(first, second),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        let mut next = match ordering {
            Ordering::Greater => right.next(),
            _ => left.next(),
        };
        if ordering.is_eq()
            && let Some((entry, other)) = next.as_mut().zip(right.next())
        {
            entry.1.absorb(function, &other.1);
        }
        merged.extend(next);
    }
    // What was joined leaves room, which may be much.
    merged.shrink_to(merged.len() + merged.len() / 8);
    merged
}

/// How many entries have a key below `key`, searched for near the beginning first.
fn distance<T>(entries: &[(u64, T)], key: u64) -> usize {
    let mut step = 1;
    while entries.get(step).is_some_and(|(next, _)| *next < key) {
        step *= 2;
    }
    let (from, until) = (step / 2, entries.len().min(step));
    from + entries[from..until].partition_point(|(next, _)| *next < key)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::partial::Cell;
    use crate::partial::Partial as _;

    struct Odd(std::ops::Range<u64>);

    impl Wanted for Odd {
        fn next_from(&self, key: u64) -> Option<u64> {
            Some(key.max(self.0.start) | 1).filter(|next| *next < self.0.end)
        }
    }

    #[test]
    fn what_is_pushed_in_any_order_is_found_under_its_key() {
        let mut log = Log::new(Function::Count);
        let mut model: BTreeMap<u64, u64> = BTreeMap::new();
        let mut random = 1_u64;
        for _ in 0..100_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let key = (random >> 33) % 20_000;
            log.push(key, Cell::of(None));
            *model.entry(key).or_default() += 1;
        }
        let count = |cell: &Cell| cell.value(Function::Count).and_then(|count| count.to_i64());
        for range in [0..20_000, 100..101, 7_000..9_000, 30_000..40_000] {
            let mut found: BTreeMap<u64, u64> = BTreeMap::new();
            log.visit(&Odd(range.clone()), |key, cell| {
                let count = count(cell).expect("it is a small number");
                *found.entry(key).or_default() += count.cast_unsigned();
            });
            let expected = model.range(range).filter(|(key, _)| *key % 2 == 1);
            assert!(found.iter().eq(expected));
        }
        let ordered = log.ordered();
        assert!(ordered.is_sorted_by_key(|entry| entry.0));
        assert_eq!(ordered.len(), log.len());
        assert!(log.len() < 60_000, "what is of one place is joined");
    }

    #[test]
    fn a_value_is_kept_once_for_each_key() {
        let mut log: Log<u32> = Log::new(Function::Unique);
        for number in 0..50_000_u32 {
            log.push(u64::from(number % 3), number % 5);
        }
        let sorted = log.sorted.iter().map(Vec::len);
        assert!(sorted.sum::<usize>() <= 15 * MERGED);
    }
}
