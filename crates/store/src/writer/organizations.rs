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
    /// The places of those that have waiting rows, in the order in which they got the first.
    touched: Vec<usize>,
}

impl Organizations {
    pub(super) fn new(reader: Reader) -> Self {
        Self {
            reader,
            list: Vec::new(),
            places: BTreeMap::new(),
            touched: Vec::new(),
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
        let organization = self.list.get_mut(place).expect("places are indexes");
        if !organization.is_touched {
            organization.is_touched = true;
            self.touched.push(place);
        }
        organization
    }

    /// Makes the waiting rows of all organizations visible.
    pub(super) fn publish(&mut self) {
        self.for_each_touched(Organization::publish);
    }

    /// Forgets the waiting rows of all organizations.
    pub(super) fn undo(&mut self) {
        self.for_each_touched(Organization::undo);
    }

    fn for_each_touched(&mut self, does: impl Fn(&mut Organization)) {
        for place in self.touched.drain(..) {
            let organization = self.list.get_mut(place).expect("places are indexes");
            organization.is_touched = false;
            does(organization);
        }
    }
}
