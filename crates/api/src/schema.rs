//! Schemas of what wire types hold as text: `#[schemars(with = "Uuid4")]` on a field that is a `String` says what kind of text it
//! is. None of these types has values.
//!
//! Names are those of the contract, as clients are generated from them.

mod country;
mod metadata;
mod tax;

pub use country::COUNTRIES;
pub(crate) use country::{Country, CountryInput};
pub(crate) use metadata::{EventMetadataInput, EventMetadataOutput, MetadataInput};
pub(crate) use tax::TaxIdFormat;

/// Declares kinds of values whose schema stands in place, without a name of its own.
macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident = $schema:tt;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug)]
        pub(crate) enum $name {}

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    )*};
}

/// Declares sets of names, and how the contract calls the set where it does so otherwise.
macro_rules! names {
    ($($(#[doc = $doc:literal])* $name:ident $(as $wire:literal)? = [$($value:literal),* $(,)?];)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug)]
        pub(crate) enum $name {}

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                [$($wire,)? stringify!($name)][0].into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                const NAMES: &[&str] = &[$($value),*];
                schemars::json_schema!({
                    "description": concat!($($doc),*).trim(),
                    "type": "string",
                    "enum": NAMES,
                })
            }
        }
    )*};
}

pub(crate) use {names, texts};

texts! {
    /// An identifier.
    Uuid4 = {"type": "string", "format": "uuid4"};
    /// A time, ISO 8601 with an offset.
    DateTime = {"type": "string", "format": "date-time"};
    /// A length of time, ISO 8601.
    Duration = {"type": "string", "format": "duration"};
    /// An e-mail address.
    Email = {"type": "string", "format": "email"};
    /// The address of a page.
    HttpUrl = {"type": "string", "format": "uri", "minLength": 1, "maxLength": 2083};
    /// A whole number of any size.
    Integer = {"type": "integer"};
    /// A whole number above 0.
    Positive = {"type": "integer", "exclusiveMinimum": 0};
    /// Names of fields and positions of items.
    Location = {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}};
    /// Any value.
    Anything = true;
    /// An object with keys of its own.
    Object = {"type": "object"};
}

names! {
    /// The kinds of benefits that the contract knows. Here all are `meter_credit`.
    BenefitType = [
        "custom",
        "discord",
        "github_repository",
        "downloadables",
        "license_keys",
        "meter_credit",
        "feature_flag",
        "slack_shared_channel",
    ];
}
