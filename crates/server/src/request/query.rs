//! Query strings.

use std::borrow::Cow;

use domain::MetadataFilter;
use uuid::Uuid;

use crate::json::Value;
#[cfg(test)]
use crate::openapi::asked::{self, Wanted};
use crate::validate::{self, Checked, Faults, Node, Path, Refused, Rule, choice, one_of, uuid4};

/// The parameters of a request, in order.
#[derive(Debug, Default)]
pub(crate) struct Query<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// What the readings of a parameter are called in the places of faults: as a list of identifiers, as one of a set of names, as a
/// list of these. Not names that a key could have.
const AS_LIST: &str = "list[uuid]";
const AS_NAME: &str = "str-enum";
const AS_NAMES: &str = "list[str-enum]";

impl<'a> Query<'a> {
    /// Reads what stands behind the `?`. Every string is a query.
    pub(crate) fn parse(text: &'a str) -> Self {
        Self {
            pairs: form_urlencoded::parse(text.as_bytes()).collect(),
        }
    }

    /// Every value of a parameter.
    fn all<'q>(&'q self, name: &str) -> impl Iterator<Item = &'q str> {
        #[cfg(test)]
        asked::tell(&Path::QUERY.name(name), || Wanted::Something);
        self.pairs
            .iter()
            .filter_map(move |(key, value)| (key == name).then_some(&**value))
    }

    /// A parameter of one value; a repeated one counts with its last (SEMANTICS 19.9).
    pub(super) fn optional<T>(
        &self,
        name: &str,
        faults: &mut Faults,
        inner: impl FnOnce(Node<'_, '_>, &mut Faults) -> Checked<T>,
    ) -> Checked<Option<T>> {
        let Some(text) = self.all(name).last() else {
            return Ok(None);
        };
        let at = Path::QUERY.name(name);
        inner(Node::new(&Value::String(text.into()), &at), faults).map(Some)
    }

    /// A parameter of one value that must be there.
    pub(super) fn required<T>(
        &self,
        name: &str,
        faults: &mut Faults,
        inner: impl FnOnce(Node<'_, '_>, &mut Faults) -> Checked<T>,
    ) -> Checked<T> {
        match self.optional(name, faults, inner)? {
            Some(value) => Ok(value),
            None => Err(faults.report(&Path::QUERY.name(name), Rule::Missing, &Value::Null)),
        }
    }

    /// A repeated parameter of names out of a set.
    pub(super) fn choices<T>(
        &self,
        name: &str,
        names: &[&'static str],
        from_name: impl Fn(&str) -> Option<T>,
        faults: &mut Faults,
    ) -> Checked<Vec<T>> {
        self.each(name, faults, |node, faults| {
            choice(node, names, &from_name, faults)
        })
    }

    /// A filter by identifiers, one or many (SEMANTICS 4.4).
    pub(super) fn ids(&self, name: &str, faults: &mut Faults) -> Checked<Vec<Uuid>> {
        #[cfg(test)]
        asked::tell(&Path::QUERY.name(name), || Wanted::Kind("uuid4"));
        let texts: Vec<&str> = self.all(name).collect();
        let read: Checked<Vec<Uuid>> = texts
            .iter()
            .map(|text| {
                let value = Value::String((*text).into());
                uuid4(Node::new(&value, &Path::QUERY), &mut Faults::none_wanted())
            })
            .collect();
        if read.is_err() {
            report_ids(name, &texts, faults);
        }
        read
    }

    /// A filter by names out of a set, one or many (SEMANTICS 4.4). The faults are those of the reading as one name, and of each
    /// item of the reading as a list.
    pub(super) fn one_or_many<T: Copy>(
        &self,
        name: &str,
        values: &[T],
        name_of: impl Fn(T) -> &'static str,
        faults: &mut Faults,
    ) -> Checked<Vec<T>> {
        #[cfg(test)]
        asked::tell(&Path::QUERY.name(name), || {
            Wanted::names(values.iter().map(|value| name_of(*value)))
        });
        let found = self.all(name).map(|text| {
            let mut values = values.iter().copied();
            values.find(|value| name_of(*value) == text)
        });
        if let Some(found) = found.collect() {
            return Ok(found);
        }
        let at = Path::QUERY.name(name);
        let items = self.all(name).map(|text| Value::String(text.into()));
        let list = Value::Array(items.collect());
        let as_one = at.name(AS_NAME);
        let refused = one_of(Node::new(&list, &as_one), values, &name_of, faults);
        let as_many = at.name(AS_NAMES);
        let _each = validate::list(Node::new(&list, &as_many), faults, |node, faults| {
            one_of(node, values, &name_of, faults)
        });
        refused.map(|_| Vec::new())
    }

    /// A repeated parameter, each value read by `inner`.
    pub(super) fn each<T>(
        &self,
        name: &str,
        faults: &mut Faults,
        inner: impl Fn(Node<'_, '_>, &mut Faults) -> Checked<T>,
    ) -> Checked<Vec<T>> {
        let at = Path::QUERY.name(name);
        let mut checked = Ok(Vec::new());
        for (index, text) in self.all(name).enumerate() {
            let value = Value::String(text.into());
            let at = at.index(index);
            match (inner(Node::new(&value, &at), faults), &mut checked) {
                (Ok(item), Ok(items)) => items.push(item),
                (Ok(_), Err(Refused)) => {}
                (Err(Refused), _) => checked = Err(Refused),
            }
        }
        checked
    }

    /// A filter by text, one or many.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.all(name).map(str::to_owned).collect()
    }

    /// The metadata filter: `metadata[key]=value`, the values of a key together (SEMANTICS 4.5, 19.10).
    pub(super) fn metadata(&self) -> MetadataFilter {
        #[cfg(test)]
        asked::tell(&Path::QUERY.name("metadata"), || Wanted::Something);
        let mut filter: Vec<(String, Vec<String>)> = Vec::new();
        for (parameter, value) in &self.pairs {
            let Some(key) = metadata_key(parameter) else {
                continue;
            };
            match filter.iter_mut().find(|(known, _)| known == key) {
                Some((_, values)) => values.push(value.clone().into_owned()),
                None => filter.push((key.to_owned(), vec![value.clone().into_owned()])),
            }
        }
        MetadataFilter::new(filter)
    }
}

/// The faults of [`Query::ids`]: of the reading as one identifier, and of each item of the reading as a list.
fn report_ids(name: &str, texts: &[&str], faults: &mut Faults) {
    let at = Path::QUERY.name(name);
    let items: Vec<Value<'_>> = texts
        .iter()
        .map(|text| Value::String((*text).into()))
        .collect();
    let list = Value::Array(items);
    faults.report(&at.name("uuid"), Rule::NotAnIdentifier, &list);
    let at = at.name(AS_LIST);
    for (index, text) in texts.iter().enumerate() {
        let value = Value::String((*text).into());
        let at = at.index(index);
        // A sound identifier among others reports nothing.
        let _checked = uuid4(Node::new(&value, &at), faults);
    }
}

/// What stands between the first `[` and the next `]` of `metadata[key]…`.
fn metadata_key(parameter: &str) -> Option<&str> {
    let (key, _) = parameter.strip_prefix("metadata[")?.split_once(']')?;
    (!key.is_empty()).then_some(key)
}
