//! A hash table of places of 8 bytes: open addressing, linear probing.
//!
//! - From the place where an entry belongs to the one where it is, no place is empty. When an entry is taken out, those behind it
//!   move up, so that nothing but entries is ever stepped over.
//! - At most three quarters of the places are taken, so that every search ends.

/// 32 bits of a hash. The low ones say to which place an entry belongs, the high ones to which of many tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag(u32);

impl Tag {
    pub(super) fn of(hash: u64) -> Self {
        Self(low_half(hash))
    }

    /// Which of 256 tables.
    pub(super) fn part(self) -> usize {
        (self.0 >> 24) as usize
    }
}

/// A tag and the number under it, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(pub(super) u64);

impl Place {
    /// No entry has this number.
    const EMPTY: Self = Self(u64::MAX);

    /// # Panics
    /// With the highest of all numbers.
    pub(super) fn new(tag: Tag, number: u32) -> Self {
        assert_ne!(number, u32::MAX, "this number says that a place is empty");
        Self(u64::from(tag.0) << 32 | u64::from(number))
    }

    pub(super) fn tag(self) -> Tag {
        Tag(low_half(self.0 >> 32))
    }

    fn number(self) -> u32 {
        low_half(self.0)
    }
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// None, or a power of two.
    places: Box<[Place]>,
    entries: usize,
}

/// Places of the smallest table that has any.
const PLACES_MIN: usize = 4;

impl Table {
    /// Without entries, with room for so many and some more.
    pub(super) fn with_room_for(entries: usize) -> Self {
        let places = (entries * 3 / 2).next_power_of_two().max(PLACES_MIN);
        Self {
            places: vec![Place::EMPTY; places].into(),
            entries: 0,
        }
    }

    /// Where a search for a tag begins.
    pub(super) fn first_place(&self, tag: Tag) -> Option<Place> {
        self.places.get(self.home(tag)).copied()
    }

    /// The number under the tag for which `is_same` holds; else the place where the search ended.
    #[inline]
    pub(super) fn find(
        &self,
        tag: Tag,
        mut is_same: impl FnMut(u32) -> bool,
    ) -> Result<u32, usize> {
        let mut index = self.home(tag);
        while let Some(place) = self.places.get(index)
            && *place != Place::EMPTY
        {
            if place.tag() == tag && is_same(place.number()) {
                return Ok(place.number());
            }
            index = self.next(index);
        }
        Err(index)
    }

    /// Puts an entry in the place where the search for its tag ended.
    #[inline]
    pub(super) fn insert(&mut self, end: usize, entry: Place) {
        if (self.entries + 1) * 4 > self.places.len() * 3 {
            self.grow();
            return self.add(entry);
        }
        *self.at(end) = entry;
        self.entries += 1;
    }

    /// Adds an entry for which there is room.
    pub(super) fn add(&mut self, entry: Place) {
        match self.find(entry.tag(), |_| false) {
            Ok(_) => unreachable!("nothing is the same"),
            Err(end) => self.insert(end, entry),
        }
    }

    /// Takes an entry out. Returns whether it was there.
    pub(super) fn remove(&mut self, entry: Place) -> bool {
        let mut hole = self.home(entry.tag());
        loop {
            match self.places.get(hole) {
                None | Some(&Place::EMPTY) => return false,
                Some(place) if *place == entry => break,
                Some(_) => hole = self.next(hole),
            }
        }
        let mut index = self.next(hole);
        while let Some(&place) = self.places.get(index)
            && place != Place::EMPTY
        {
            // It may move up unless it belongs behind the hole.
            let behind_home = self.distance(self.home(place.tag()), index);
            if behind_home >= self.distance(hole, index) {
                *self.at(hole) = place;
                hole = index;
            }
            index = self.next(index);
        }
        *self.at(hole) = Place::EMPTY;
        self.entries -= 1;
        true
    }

    /// All entries, in no order.
    pub(super) fn entries(&self) -> impl Iterator<Item = Place> {
        let places = self.places.iter().copied();
        places.filter(|place| *place != Place::EMPTY)
    }

    fn grow(&mut self) {
        let mut larger = Self::with_room_for(self.entries.max(1) * 4 / 3);
        for entry in self.entries() {
            larger.add(entry);
        }
        *self = larger;
    }

    /// Where an entry belongs.
    fn home(&self, tag: Tag) -> usize {
        tag.0 as usize & self.places.len().wrapping_sub(1)
    }

    fn next(&self, index: usize) -> usize {
        (index + 1) & self.places.len().wrapping_sub(1)
    }

    /// How many places from one on to another.
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & self.places.len().wrapping_sub(1)
    }

    fn at(&mut self, index: usize) -> &mut Place {
        self.places.get_mut(index).expect("indexes are masked")
    }
}

fn low_half(word: u64) -> u32 {
    u32::try_from(word & u64::from(u32::MAX)).expect("masked to 32 bits")
}
