//! A value and its place, and the containers that values stand in.

use super::{Checked, Faults, Path, Refused, Rule};
use crate::json::{Object, Value};
#[cfg(test)]
use crate::openapi::asked::{self, Wanted};

/// A value of a request and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'p, 'v> {
    /// The value.
    pub(crate) value: &'v Value<'v>,
    /// Its place.
    pub(crate) at: &'p Path<'p>,
}

impl<'p, 'v> Node<'p, 'v> {
    /// A value at a place.
    pub(crate) const fn new(value: &'v Value<'v>, at: &'p Path<'p>) -> Self {
        Self { value, at }
    }

    /// The same value, reported at another place.
    pub(crate) const fn at<'q>(self, at: &'q Path<'q>) -> Node<'q, 'v> {
        Node {
            value: self.value,
            at,
        }
    }

    /// Reports that the value breaks a rule.
    pub(crate) fn refuse(self, rule: Rule<'_>, faults: &mut Faults) -> Refused {
        faults.report(self.at, rule, self.value)
    }

    /// The value's fields, if it is an object.
    pub(crate) fn model(self, faults: &mut Faults) -> Checked<Model<'p, 'v>> {
        match self.value {
            Value::Object(object) => Ok(Model { object, node: self }),
            _ => Err(self.refuse(Rule::NotAModel, faults)),
        }
    }

    /// The value's keys, whatever they are, if it is an object.
    pub(crate) fn dictionary(self, faults: &mut Faults) -> Checked<&'v Object<'v>> {
        match self.value {
            Value::Object(object) => Ok(object),
            _ => Err(self.refuse(Rule::NotADictionary, faults)),
        }
    }

    /// `None` for null, else what `inner` makes of the value.
    pub(crate) fn nullable<T>(
        self,
        faults: &mut Faults,
        inner: impl FnOnce(Node<'_, 'v>, &mut Faults) -> Checked<T>,
    ) -> Checked<Option<T>> {
        match self.value {
            Value::Null => Ok(None),
            _ => inner(self, faults).map(Some),
        }
    }
}

/// An object whose keys are known; others are passed over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Model<'p, 'v> {
    object: &'v Object<'v>,
    node: Node<'p, 'v>,
}

impl<'p, 'v> Model<'p, 'v> {
    /// Fields of an object that was taken for another reason than [`Node::model`].
    pub(crate) const fn of(object: &'v Object<'v>, node: Node<'p, 'v>) -> Self {
        Self { object, node }
    }

    /// The object as a value.
    pub(crate) const fn node(self) -> Node<'p, 'v> {
        self.node
    }

    /// The object itself.
    pub(crate) const fn object(self) -> &'v Object<'v> {
        self.object
    }

    /// The value under a key.
    pub(crate) fn get(self, name: &str) -> Option<&'v Value<'v>> {
        #[cfg(test)]
        asked::tell(&self.node.at.name(name), || Wanted::Something);
        self.object.get(name)
    }

    /// A field that must be there.
    pub(crate) fn required<T>(
        self,
        name: &str,
        faults: &mut Faults,
        inner: impl FnOnce(Node<'_, 'v>, &mut Faults) -> Checked<T>,
    ) -> Checked<T> {
        let at = self.node.at.name(name);
        match self.get(name) {
            Some(value) => inner(Node::new(value, &at), faults),
            None => Err(faults.report(&at, Rule::Missing, self.node.value)),
        }
    }

    /// A field that may be left out, but not be null unless `inner` takes it.
    pub(crate) fn optional<T>(
        self,
        name: &str,
        faults: &mut Faults,
        inner: impl FnOnce(Node<'_, 'v>, &mut Faults) -> Checked<T>,
    ) -> Checked<Option<T>> {
        let at = self.node.at.name(name);
        match self.get(name) {
            Some(value) => inner(Node::new(value, &at), faults).map(Some),
            None => Ok(None),
        }
    }

    /// A field that may be left out or be null, which is the same.
    pub(crate) fn nullable<T>(
        self,
        name: &str,
        faults: &mut Faults,
        inner: impl FnOnce(Node<'_, 'v>, &mut Faults) -> Checked<T>,
    ) -> Checked<Option<T>> {
        let found = self.optional(name, faults, |node, faults| node.nullable(faults, inner))?;
        Ok(found.flatten())
    }
}

/// Each item of a list. All are looked at, unless no further fault would be kept.
pub(crate) fn list<'v, T>(
    node: Node<'_, 'v>,
    faults: &mut Faults,
    mut inner: impl FnMut(Node<'_, 'v>, &mut Faults) -> Checked<T>,
) -> Checked<Vec<T>> {
    let Value::Array(items) = node.value else {
        return Err(node.refuse(Rule::NotAList, faults));
    };
    let mut checked = Ok(Vec::with_capacity(items.len()));
    for (index, item) in items.iter().enumerate() {
        let at = node.at.index(index);
        match (inner(Node::new(item, &at), faults), &mut checked) {
            (Ok(item), Ok(items)) => items.push(item),
            (Ok(_), Err(Refused)) => {}
            (Err(Refused), _) => checked = Err(Refused),
        }
        if checked.is_err() && !faults.wants_more() {
            break;
        }
    }
    checked
}
