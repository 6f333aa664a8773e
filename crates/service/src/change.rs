//! Changes to fields.

/// A change to a field that may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Make it this.
    Set(T),
}

impl<T> Change<T> {
    /// Whether the field is named, be it with the value that it has.
    pub(crate) const fn is_set(&self) -> bool {
        matches!(self, Change::Set(_))
    }

    /// Changes a field.
    pub fn apply(self, field: &mut T) {
        if let Change::Set(value) = self {
            *field = value;
        }
    }
}
