//! Which event is whose parent. SEMANTICS 9.12, 19.18.
//!
//! - An event that names a parent which has not arrived is a root until it does.
//! - Who is linked stays linked; a link that would close a cycle is never made. So following parents ends, at a root.
//! - An event without a parent takes no room here.

use domain::packed::{PackedError, Reader, write_len, write_varint};
use rustc_hash::FxHashMap;

use super::names::Waiting;
use super::references::Parent;
use crate::packed::read_count;

/// The links between an organization's events. Their ordinals are numbers of ours, and the hashes are keyed, so that plain tables do.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// By ordinal: the events that have a parent.
    children: FxHashMap<u32, Child>,
    /// By ordinal: the events that have children.
    families: FxHashMap<u32, Family>,
    /// By the hash of the key that they wait for, in order. The hash is keyed and has 128 bits: two keys that have the same are not to be
    /// expected while there are disks, so who waits need not be read when a key arrives. There may be many.
    waiting: FxHashMap<u128, Vec<Waits>>,
}

/// An event that waits for its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waits {
    pub(super) ordinal: u32,
    /// Where it counts.
    pub(super) place: Waiting,
}

#[derive(Debug, Clone, Copy)]
struct Child {
    parent: u32,
    /// The child of the same parent that was linked before it.
    sibling: Option<u32>,
    /// An ancestor: its parent at first, later one nearer to the root.
    ancestor: u32,
}

#[derive(Debug, Clone, Copy)]
struct Family {
    children: u32,
    /// The child that was linked last.
    newest: u32,
}

impl Links {
    /// Takes in an event that is newer than all others; `place` is where it counts.
    pub(super) fn add(&mut self, ordinal: u32, parent: Parent, place: Waiting) {
        match parent {
            Parent::None => {}
            Parent::Known(parent) => self.link(ordinal, parent),
            Parent::Awaited(hash) => self
                .waiting
                .entry(hash)
                .or_default()
                .push(Waits { ordinal, place }),
        }
    }

    /// The event that those who wait for a key with this hash were waiting for has been added: it becomes their parent, but for the one
    /// that is above it. Returns those who waited, and which of them is that one.
    pub(super) fn arrived(&mut self, ordinal: u32, hash: u128) -> (Vec<Waits>, Option<u32>) {
        let who = self.waiting.remove(&hash).unwrap_or_default();
        // Who waits is a root, so it can be above the event only as its root; and that does not change by links below it.
        let root = self.root(ordinal);
        for waits in who.iter().filter(|waits| waits.ordinal != root) {
            self.link(waits.ordinal, ordinal);
        }
        let refused = who.binary_search_by_key(&root, |waits| waits.ordinal);
        (who, refused.is_ok().then_some(root))
    }

    /// How many events have a parent.
    pub(super) fn count(&self) -> u64 {
        self.children.len() as u64
    }

    /// Whether any event waits for its parent.
    pub(super) fn is_any_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// All events that wait, in no order.
    pub(super) fn all_waiting(&self) -> impl Iterator<Item = Waiting> {
        // What is done with them does not depend on their order.
        let all = self.waiting.values();
        all.flat_map(|who| who.iter().map(|waits| waits.place))
    }

    pub(super) fn parent(&self, ordinal: u32) -> Option<u32> {
        Some(self.children.get(&ordinal)?.parent)
    }

    /// How many children an event has.
    pub(super) fn children_count(&self, ordinal: u32) -> u32 {
        self.families
            .get(&ordinal)
            .map_or(0, |family| family.children)
    }

    /// Whether an event has at most so many ancestors. Cost: a look-up for each level up to that.
    pub(super) fn is_depth_at_most(&self, ordinal: u32, depth: u8) -> bool {
        let mut at = ordinal;
        for _ in 0..=depth {
            match self.parent(at) {
                None => return true,
                Some(parent) => at = parent,
            }
        }
        false
    }

    /// The events at most so many levels below an event, itself excluded, sorted. Cost: they themselves.
    pub(super) fn descendants(&self, of: u32, levels: u8) -> Vec<u32> {
        let mut found = Vec::new();
        let mut level = vec![of];
        for _ in 0..levels {
            level = (level.iter())
                .flat_map(|parent| self.children(*parent))
                .collect();
            if level.is_empty() {
                break;
            }
            found.extend_from_slice(&level);
        }
        found.sort_unstable();
        found
    }

    fn children(&self, of: u32) -> impl Iterator<Item = u32> {
        let newest = self.families.get(&of).map(|family| family.newest);
        std::iter::successors(newest, |child| self.children.get(child)?.sibling)
    }

    /// The caller has seen to it that this closes no cycle, and that the child has no parent.
    fn link(&mut self, child: u32, parent: u32) {
        let family = self.families.get(&parent).copied();
        let sibling = family.map(|family| family.newest);
        let ancestor = parent;
        self.children.insert(
            child,
            Child {
                parent,
                sibling,
                ancestor,
            },
        );
        let family = Family {
            children: family.map_or(0, |family| family.children) + 1,
            newest: child,
        };
        self.families.insert(parent, family);
    }

    /// The event at the end of the parents of one; itself when it has none. Shortens the ways it went, so that many such walks cost little
    /// each, however deep the events are.
    fn root(&mut self, of: u32) -> u32 {
        let mut root = of;
        while let Some(child) = self.children.get(&root) {
            root = child.ancestor;
        }
        let mut at = of;
        while let Some(child) = self.children.get_mut(&at) {
            at = std::mem::replace(&mut child.ancestor, root);
        }
        root
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let mut children: Vec<(u32, u32)> = Vec::with_capacity(self.children.len());
        children.extend(
            self.children
                .iter()
                .map(|(child, link)| (*child, link.parent)),
        );
        children.sort_unstable();
        write_len(children.len(), out);
        for (child, parent) in children {
            write_varint(u128::from(child), out);
            write_varint(u128::from(parent), out);
        }
        let mut waiting: Vec<(u32, u128, Waiting)> = Vec::new();
        waiting.extend(
            (self.waiting.iter()).flat_map(|(hash, who)| {
                who.iter().map(|waits| (waits.ordinal, *hash, waits.place))
            }),
        );
        waiting.sort_unstable_by_key(|(ordinal, ..)| *ordinal);
        write_len(waiting.len(), out);
        for (ordinal, hash, place) in waiting {
            write_varint(u128::from(ordinal), out);
            out.extend_from_slice(&hash.to_le_bytes());
            place.encode(out);
        }
    }

    /// Of the first `rows` rows.
    pub(super) fn decode(reader: &mut Reader<'_>, rows: u32) -> Result<Self, PackedError> {
        const CHILD: PackedError = PackedError {
            what: "a link between events is not possible",
        };
        let mut links = Self::default();
        let mut next = 0;
        for _ in 0..reader.len()? {
            let (child, parent) = (read_count(reader)?, read_count(reader)?);
            if child < next || child >= rows || parent >= rows || links.root(parent) == child {
                return Err(CHILD);
            }
            links.link(child, parent);
            next = child + 1;
        }
        next = 0;
        for _ in 0..reader.len()? {
            let ordinal = read_count(reader)?;
            let hash = u128::from_le_bytes(reader.array()?);
            if ordinal < next || ordinal >= rows || links.children.contains_key(&ordinal) {
                return Err(CHILD);
            }
            let place = Waiting::decode(reader)?;
            let who = links.waiting.entry(hash).or_default();
            who.push(Waits { ordinal, place });
            next = ordinal + 1;
        }
        Ok(links)
    }
}
