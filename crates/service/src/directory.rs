//! Who the customers are, in memory: what every request needs to know of them, without asking the catalogue.

use std::collections::{HashMap, HashSet};

use domain::{
    CustomerId, CustomerMeterIds, Identity, KeyedHash, MemberId, OrganizationId, OwnedIdentity,
};
use rustc_hash::FxHashMap;

/// The customers of all organizations.
#[derive(Debug)]
pub(crate) struct Directory {
    /// External ids are chosen by clients.
    hash: KeyedHash,
    tags: CustomerMeterIds,
    organizations: FxHashMap<OrganizationId, Customers>,
}

/// The customers of one organization.
#[derive(Debug)]
pub(crate) struct Customers {
    /// By what stands for them in the ids of customer meters; deleted ones too.
    by_tag: FxHashMap<u64, CustomerId>,
    /// Those that are not deleted, as everything below.
    external_ids: FxHashMap<CustomerId, Option<Box<str>>>,
    by_external_id: HashMap<Box<str>, CustomerId, KeyedHash>,
    /// The ids of the members of teams, as they are shown.
    members: HashSet<Box<str>, KeyedHash>,
    members_of: FxHashMap<CustomerId, Vec<MemberId>>,
}

impl Directory {
    /// Without customers.
    pub(crate) fn new(hash: KeyedHash, tags: CustomerMeterIds) -> Self {
        Self {
            hash,
            tags,
            organizations: FxHashMap::default(),
        }
    }

    /// The customers of an organization; `None` when it has none.
    pub(crate) fn customers(&self, organization: OrganizationId) -> Option<&Customers> {
        self.organizations.get(&organization)
    }

    /// Adds a customer, or gives one that has no external id this one.
    pub(crate) fn insert(
        &mut self,
        organization: OrganizationId,
        id: CustomerId,
        external_id: Option<&str>,
    ) {
        let customers = self.remember(organization, id);
        customers
            .external_ids
            .insert(id, external_id.map(Into::into));
        if let Some(external_id) = external_id {
            customers.by_external_id.insert(external_id.into(), id);
        }
    }

    /// Adds a member of a customer that is not deleted.
    pub(crate) fn insert_member(
        &mut self,
        organization: OrganizationId,
        customer: CustomerId,
        member: MemberId,
    ) {
        let customers = self.remember(organization, customer);
        if customers.members.insert(member.to_string().into()) {
            customers
                .members_of
                .entry(customer)
                .or_default()
                .push(member);
        }
    }

    /// Notes that there is such a customer, deleted or not.
    pub(crate) fn remember(
        &mut self,
        organization: OrganizationId,
        id: CustomerId,
    ) -> &mut Customers {
        let hash = &self.hash;
        let customers = self
            .organizations
            .entry(organization)
            .or_insert_with(|| Customers {
                by_tag: FxHashMap::default(),
                external_ids: FxHashMap::default(),
                by_external_id: HashMap::with_hasher(hash.clone()),
                members: HashSet::with_hasher(hash.clone()),
                members_of: FxHashMap::default(),
            });
        customers.by_tag.insert(self.tags.customer_tag(id), id);
        customers
    }

    /// The customer, deleted or not, for whom this stands in the id of a customer meter.
    pub(crate) fn customer_of_tag(
        &self,
        organization: OrganizationId,
        tag: u64,
    ) -> Option<CustomerId> {
        self.customers(organization)?.by_tag.get(&tag).copied()
    }

    /// The identities under which the events of these customers came (SEMANTICS 8.8): each is widened to its other
    /// identifier; an unknown customer has none; an external id without a customer stands for itself.
    pub(crate) fn identities(
        &self,
        organization: OrganizationId,
        ids: &[CustomerId],
        external_ids: &[String],
    ) -> Vec<OwnedIdentity> {
        let customers = self.customers(organization);
        let mut identities = Vec::new();
        for id in ids {
            if let Some(external_id) = customers.and_then(|known| known.external_ids.get(id)) {
                identities.push(OwnedIdentity::Customer(*id));
                identities.extend(external_id.clone().map(OwnedIdentity::External));
            }
        }
        for external_id in external_ids {
            identities.push(Identity::External(external_id).to_owned());
            let customer = customers.and_then(|known| known.by_external_id(external_id));
            identities.extend(customer.map(OwnedIdentity::Customer));
        }
        identities
    }

    pub(crate) fn remove(&mut self, organization: OrganizationId, id: CustomerId) {
        let Some(customers) = self.organizations.get_mut(&organization) else {
            return;
        };
        if let Some(Some(external_id)) = customers.external_ids.remove(&id) {
            customers.by_external_id.remove(&external_id);
        }
        for member in customers.members_of.remove(&id).unwrap_or_default() {
            customers.members.remove(&*member.to_string());
        }
    }
}

impl Customers {
    pub(crate) fn contains(&self, id: CustomerId) -> bool {
        self.external_ids.contains_key(&id)
    }

    /// Whether there is a member with this id, of whatever customer.
    pub(crate) fn has_member(&self, id: &str) -> bool {
        self.members.contains(id)
    }

    /// The customer that has an external id now.
    pub(crate) fn by_external_id(&self, external_id: &str) -> Option<CustomerId> {
        self.by_external_id.get(external_id).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_are_widened_to_both_identifiers_and_unknown_ones_match_nothing() {
        let organization = OrganizationId::from_random([1; 16]);
        let (ada, bob) = (
            CustomerId::from_random([2; 16]),
            CustomerId::from_random([3; 16]),
        );
        let mut directory =
            Directory::new(KeyedHash::new([7; 16]), CustomerMeterIds::new(&[7; 32]));
        directory.insert(organization, ada, Some("a"));
        directory.insert(organization, bob, None);
        let of = |directory: &Directory, ids: &[CustomerId], external: &[&str]| {
            let external: Vec<String> = external.iter().map(|id| (*id).to_owned()).collect();
            directory.identities(organization, ids, &external)
        };
        let external = |id: &str| OwnedIdentity::External(id.into());
        assert_eq!(
            of(&directory, &[ada], &[]),
            [OwnedIdentity::Customer(ada), external("a")]
        );
        assert_eq!(of(&directory, &[bob], &[]), [OwnedIdentity::Customer(bob)]);
        assert_eq!(
            of(&directory, &[], &["a"]),
            [external("a"), OwnedIdentity::Customer(ada)]
        );
        assert_eq!(of(&directory, &[], &["z"]), [external("z")]);
        assert_eq!(of(&directory, &[CustomerId::from_random([9; 16])], &[]), []);
        // External ids come later, too.
        directory.insert(organization, bob, Some("b"));
        assert_eq!(
            of(&directory, &[bob], &[]),
            [OwnedIdentity::Customer(bob), external("b")]
        );
        assert_eq!(
            of(&directory, &[], &["b"]),
            [external("b"), OwnedIdentity::Customer(bob)]
        );
        directory.remove(organization, ada);
        assert_eq!(of(&directory, &[ada], &["a"]), [external("a")]);
    }
    #[test]
    fn members_are_known_until_their_customer_is_deleted() {
        let organization = OrganizationId::from_random([1; 16]);
        let other = OrganizationId::from_random([2; 16]);
        let (ada, bob) = (
            CustomerId::from_random([2; 16]),
            CustomerId::from_random([3; 16]),
        );
        let (first, second) = (
            MemberId::from_random([4; 16]),
            MemberId::from_random([5; 16]),
        );
        let mut directory =
            Directory::new(KeyedHash::new([7; 16]), CustomerMeterIds::new(&[7; 32]));
        for (customer, member) in [(ada, first), (bob, second)] {
            directory.insert(organization, customer, None);
            directory.insert_member(organization, customer, member);
        }
        directory.insert(other, CustomerId::from_random([9; 16]), None);
        let knows = |directory: &Directory, of: OrganizationId, id: MemberId| {
            let customers = directory.customers(of).expect("has customers");
            customers.has_member(&id.to_string())
        };
        assert!(knows(&directory, organization, first));
        assert!(!knows(&directory, other, first));
        directory.remove(organization, ada);
        assert!(!knows(&directory, organization, first));
        assert!(knows(&directory, organization, second));
    }
}
