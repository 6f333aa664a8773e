//! The organizations of a writer, and which of them have waiting rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::OrganizationId;

use crate::reader::Reader;
use crate::tail::{Organization, Tail};

#[derive(Debug)]
pub(super) struct Organizations {
    reader: Reader,
    list: Vec<Organization>,
    /// Where in the list each is.
    places: BTreeMap<OrganizationId, usize>,
    /// The places of those that may have rows in the group that is gathered, and in that which is written.
    touched: Vec<usize>,
    writing: Vec<usize>,
}

impl Organizations {
    pub(super) fn new(reader: Reader) -> Self {
        Self {
            reader,
            list: Vec::new(),
            places: BTreeMap::new(),
            touched: Vec::new(),
            writing: Vec::new(),
        }
    }

    /// An organization, to take rows in. A new one is made known to readers, without events.
    pub(super) fn touch(&mut self, id: OrganizationId) -> &mut Organization {
        let place = *self.places.entry(id).or_insert_with(|| {
            let tail = self.reader.tail(id).unwrap_or_else(|| {
                let tail = Arc::new(Tail::new(Arc::clone(self.reader.shared())));
                self.reader.add(id, Arc::clone(&tail));
                tail
            });
            self.list
                .push(Organization::new(tail, self.reader.identity_hasher()));
            self.list.len() - 1
        });
        let organization = at(&mut self.list, place);
        if !organization.is_touched {
            organization.is_touched = true;
            self.touched.push(place);
        }
        organization
    }

    /// What was taken in makes the group that is written next.
    pub(super) fn begin_writing(&mut self) {
        for place in self.touched.drain(..) {
            at(&mut self.list, place).begin_writing();
            self.writing.push(place);
        }
    }

    /// Makes the rows that were written visible.
    pub(super) fn publish(&mut self) {
        for place in self.writing.drain(..) {
            at(&mut self.list, place).publish();
        }
    }

    /// Forgets all rows that wait.
    pub(super) fn undo(&mut self) {
        for place in self.writing.drain(..).chain(self.touched.drain(..)) {
            at(&mut self.list, place).undo();
        }
    }
}

fn at(list: &mut [Organization], place: usize) -> &mut Organization {
    list.get_mut(place).expect("places are indexes")
}
