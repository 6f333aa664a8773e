//! The rules that a value may break: the type, the message and the context of each fault, as the reference words them.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::json::write_string;

/// A broken rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule<'a> {
    /// A key or parameter that must be there is not.
    Missing,
    /// Not an object where one is described by its fields.
    NotAModel,
    /// Not an object where any keys are allowed.
    NotADictionary,
    /// Not a list.
    NotAList,
    /// Not text.
    NotText,
    /// Fewer characters than this.
    TooShort(usize),
    /// More characters than this.
    TooLong(usize),
    /// Text that does not have this form.
    Pattern(&'static str),
    /// Not a number where a whole one is wanted.
    NotAnInteger,
    /// Text that does not read as a whole number.
    IntegerText,
    /// A whole number of too many digits, or too large a float.
    IntegerSize,
    /// A number with a fraction where a whole one is wanted.
    Fractional,
    /// Not a number.
    NotAFloat,
    /// Text that does not read as a number.
    FloatText,
    /// Not a number, where exact decimals are wanted.
    NotADecimal,
    /// Text that does not read as a decimal.
    DecimalText,
    /// More digits than this.
    DecimalDigits(u32),
    /// More digits after the point than this.
    DecimalPlaces(u32),
    /// More digits before the point than this.
    DecimalWholeDigits(u32),
    /// Infinite, not a number, or beyond what is stored.
    NotFinite,
    /// Not greater than this.
    GreaterThan(i64),
    /// Less than this.
    AtLeast(i64),
    /// Greater than this.
    AtMost(i64),
    /// A time before this one.
    AtLeastTime(&'static str),
    /// Not a boolean.
    NotABoolean,
    /// Does not read as a boolean.
    BooleanText,
    /// Not one of these names.
    Choice(&'a [&'static str]),
    /// The key that tells the members of a union apart is not there.
    TagMissing(&'static str),
    /// The key tells of no member: what tells, what it says, the members.
    TagUnknown(&'static str, &'a str, &'a [&'static str]),
    /// Not text where an identifier is wanted.
    NotAnIdentifier,
    /// Not a UUID, and why.
    Identifier(&'a str),
    /// A UUID of another version than 4.
    IdentifierVersion,
    /// Neither text nor number where a time is wanted.
    NotATime,
    /// A number that is no time, or a time that no calendar has, and why.
    Time(&'a str),
    /// Text that is no time, and why.
    TimeText(&'a str),
    /// A time without an offset.
    NaiveTime,
    /// Neither text nor number where a duration is wanted.
    NotADuration,
    /// Text that is no duration, and why.
    DurationText(&'a str),
    /// No such time zone.
    TimeZone,
    /// An object of more keys than the first number; it has the second.
    TooManyKeys(usize, usize),
    /// A filter of more clauses than the first number; it has the second.
    TooManyClauses(usize, usize),
    /// Not an e-mail address, and why.
    Email(&'a str),
    /// Not text where an address of a page is wanted.
    NotAUrl,
    /// Text that is no address of a page, and why.
    UrlText(&'a str),
    /// An address of more bytes than this.
    UrlTooLong(usize),
    /// An address of another scheme than these.
    UrlScheme(&'a [&'static str]),
    /// A rule of our own or the reference's, in words.
    Value(&'a str),
}

impl Rule<'_> {
    /// The `type` of the fault. Stable.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Rule::Missing => "missing",
            Rule::NotAModel => "model_attributes_type",
            Rule::NotADictionary => "dict_type",
            Rule::NotAList => "list_type",
            Rule::NotText => "string_type",
            Rule::TooShort(_) => "string_too_short",
            Rule::TooLong(_) => "string_too_long",
            Rule::Pattern(_) => "string_pattern_mismatch",
            Rule::NotAnInteger => "int_type",
            Rule::IntegerText => "int_parsing",
            Rule::IntegerSize => "int_parsing_size",
            Rule::Fractional => "int_from_float",
            Rule::NotAFloat => "float_type",
            Rule::FloatText => "float_parsing",
            Rule::NotADecimal => "decimal_type",
            Rule::DecimalText => "decimal_parsing",
            Rule::DecimalDigits(_) => "decimal_max_digits",
            Rule::DecimalPlaces(_) => "decimal_max_places",
            Rule::DecimalWholeDigits(_) => "decimal_whole_digits",
            Rule::NotFinite => "finite_number",
            Rule::GreaterThan(_) => "greater_than",
            Rule::AtLeast(_) | Rule::AtLeastTime(_) => "greater_than_equal",
            Rule::AtMost(_) => "less_than_equal",
            Rule::NotABoolean => "bool_type",
            Rule::BooleanText => "bool_parsing",
            Rule::Choice(_) => "enum",
            Rule::TagMissing(_) => "union_tag_not_found",
            Rule::TagUnknown(..) => "union_tag_invalid",
            Rule::NotAnIdentifier => "uuid_type",
            Rule::Identifier(_) => "uuid_parsing",
            Rule::IdentifierVersion => "uuid_version",
            Rule::NotATime => "datetime_type",
            Rule::Time(_) => "datetime_parsing",
            Rule::TimeText(_) => "datetime_from_date_parsing",
            Rule::NaiveTime => "timezone_aware",
            Rule::NotADuration => "time_delta_type",
            Rule::DurationText(_) => "time_delta_parsing",
            Rule::TimeZone => "TimeZoneName",
            Rule::TooManyKeys(..) | Rule::TooManyClauses(..) => "too_long",
            Rule::NotAUrl => "url_type",
            Rule::UrlText(_) => "url_parsing",
            Rule::UrlTooLong(_) => "url_too_long",
            Rule::UrlScheme(_) => "url_scheme",
            Rule::Email(_) | Rule::Value(_) => "value_error",
        }
    }

    /// The message, for people.
    pub(crate) fn message(self) -> Cow<'static, str> {
        let fixed = match self {
            Rule::Missing => "Field required",
            Rule::NotAModel => {
                "Input should be a valid dictionary or object to extract fields from"
            }
            Rule::NotADictionary => "Input should be a valid dictionary",
            Rule::NotAList => "Input should be a valid list",
            Rule::NotText => "Input should be a valid string",
            Rule::NotAnInteger => "Input should be a valid integer",
            Rule::IntegerText => {
                "Input should be a valid integer, unable to parse string as an integer"
            }
            Rule::IntegerSize => {
                "Unable to parse input string as an integer, exceeded maximum size"
            }
            Rule::Fractional => {
                "Input should be a valid integer, got a number with a fractional part"
            }
            Rule::NotAFloat => "Input should be a valid number",
            Rule::FloatText => "Input should be a valid number, unable to parse string as a number",
            Rule::NotADecimal => {
                "Decimal input should be an integer, float, string or Decimal object"
            }
            Rule::DecimalText => "Input should be a valid decimal",
            Rule::NotFinite => "Input should be a finite number",
            Rule::NotABoolean => "Input should be a valid boolean",
            Rule::BooleanText => "Input should be a valid boolean, unable to interpret input",
            Rule::NotAnIdentifier => "UUID input should be a string, bytes or UUID object",
            Rule::IdentifierVersion => "UUID version 4 expected",
            Rule::NotATime => "Input should be a valid datetime",
            Rule::NaiveTime => "Input should have timezone info",
            Rule::NotADuration => "Input should be a valid timedelta",
            Rule::TimeZone => "Invalid timezone name.",
            Rule::NotAUrl => "URL input should be a string or URL",
            _ => return Cow::Owned(self.message_with_values()),
        };
        Cow::Borrowed(fixed)
    }

    fn message_with_values(self) -> String {
        match self {
            Rule::TooShort(min) => {
                format!("String should have at least {min} character{}", plural(min))
            }
            Rule::TooLong(max) => {
                format!("String should have at most {max} character{}", plural(max))
            }
            Rule::Pattern(pattern) => format!("String should match pattern '{pattern}'"),
            Rule::DecimalDigits(max) => {
                format!("Decimal input should have no more than {max} digits in total")
            }
            Rule::DecimalPlaces(max) => {
                format!("Decimal input should have no more than {max} decimal places")
            }
            Rule::DecimalWholeDigits(max) => {
                format!(
                    "Decimal input should have no more than {max} digits before the decimal point"
                )
            }
            Rule::GreaterThan(than) => format!("Input should be greater than {than}"),
            Rule::AtLeast(least) => format!("Input should be greater than or equal to {least}"),
            Rule::AtMost(most) => format!("Input should be less than or equal to {most}"),
            Rule::AtLeastTime(least) => format!("Input should be greater than or equal to {least}"),
            Rule::Choice(names) => format!("Input should be {}", either(names)),
            Rule::TagMissing(by) => format!("Unable to extract tag using discriminator {by}"),
            Rule::TagUnknown(by, tag, names) => format!(
                "Input tag '{tag}' found using {by} does not match any of the expected tags: {}",
                quoted(names)
            ),
            Rule::Identifier(why) => format!("Input should be a valid UUID, {why}"),
            Rule::Time(why) => format!("Input should be a valid datetime, {why}"),
            Rule::TimeText(why) => format!("Input should be a valid datetime or date, {why}"),
            Rule::DurationText(why) => format!("Input should be a valid timedelta, {why}"),
            Rule::TooManyKeys(max, count) => {
                format!("Dictionary should have at most {max} items after validation, not {count}")
            }
            Rule::TooManyClauses(max, count) => {
                format!("Filter should have at most {max} clauses in all, not {count}")
            }
            Rule::Email(why) => format!("value is not a valid email address: {why}"),
            Rule::UrlText(why) => format!("Input should be a valid URL, {why}"),
            Rule::UrlTooLong(max) => format!("URL should have at most {max} characters"),
            Rule::UrlScheme(names) => format!("URL scheme should be {}", either(names)),
            Rule::Value(why) => format!("Value error, {why}"),
            other => other.message().into_owned(),
        }
    }

    /// The values of the rule, as the text of a JSON object.
    pub(crate) fn context(self) -> Option<String> {
        Some(match self {
            Rule::TooShort(min) => format!("{{\"min_length\":{min}}}"),
            Rule::TooLong(max) | Rule::UrlTooLong(max) => format!("{{\"max_length\":{max}}}"),
            Rule::Pattern(pattern) => object("pattern", pattern),
            Rule::DecimalDigits(max) => format!("{{\"max_digits\":{max}}}"),
            Rule::DecimalPlaces(max) => format!("{{\"decimal_places\":{max}}}"),
            Rule::DecimalWholeDigits(max) => format!("{{\"whole_digits\":{max}}}"),
            Rule::GreaterThan(than) => format!("{{\"gt\":{than}}}"),
            Rule::AtLeast(least) => format!("{{\"ge\":{least}}}"),
            Rule::AtMost(most) => format!("{{\"le\":{most}}}"),
            Rule::AtLeastTime(least) => object("ge", least),
            Rule::Choice(names) => object("expected", &either(names)),
            Rule::TagMissing(by) => object("discriminator", by),
            Rule::TagUnknown(by, tag, names) => {
                let mut out = String::from("{\"discriminator\":");
                write_string(by, &mut out);
                out.push_str(",\"tag\":");
                write_string(tag, &mut out);
                out.push_str(",\"expected_tags\":");
                write_string(&quoted(names), &mut out);
                out.push('}');
                out
            }
            Rule::UrlScheme(names) => object("expected_schemes", &either(names)),
            Rule::Identifier(why)
            | Rule::UrlText(why)
            | Rule::Time(why)
            | Rule::TimeText(why)
            | Rule::DurationText(why) => object("error", why),
            Rule::IdentifierVersion => "{\"expected_version\":4}".to_owned(),
            Rule::TooManyKeys(max, count) => format!(
                "{{\"field_type\":\"Dictionary\",\"max_length\":{max},\"actual_length\":{count}}}"
            ),
            Rule::TooManyClauses(max, count) => format!(
                "{{\"field_type\":\"Filter\",\"max_length\":{max},\"actual_length\":{count}}}"
            ),
            Rule::Email(why) => object("reason", why),
            Rule::Value(_) => "{\"error\":{}}".to_owned(),
            _ => return None,
        })
    }
}

fn object(key: &str, value: &str) -> String {
    let mut out = String::from("{");
    write_string(key, &mut out);
    out.push(':');
    write_string(value, &mut out);
    out.push('}');
    out
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// `'a', 'b'`
fn quoted(names: &[&str]) -> String {
    let mut out = String::new();
    for (index, name) in names.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(out, "{separator}'{name}'").expect("writing to a string does not fail");
    }
    out
}

/// `'a', 'b' or 'c'`
fn either(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => quoted(&[*only]),
        [first @ .., last] => format!("{} or '{last}'", quoted(first)),
    }
}
