//! Text that reads as a number: white space around it, a plus sign, leading zeros and single underscores between digits are
//! passed over. What comes out is a JSON literal.

/// Text that reads as a number, as a JSON literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plain(String);

impl Plain {
    /// The literal.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A whole number: digits, and after a point nothing but zeros.
pub(super) fn integer_from_text(text: &str) -> Option<Plain> {
    let (negative, rest) = sign(text.trim());
    let (digits, fraction) = match rest.split_once('.') {
        Some((digits, fraction)) => (digits, Some(fraction)),
        None => (rest, None),
    };
    if fraction.is_some_and(|zeros| zeros.is_empty() || zeros.bytes().any(|byte| byte != b'0')) {
        return None;
    }
    let whole = whole_part(&without_underscores(digits)?);
    Some(literal(negative, &whole, None, None))
}

/// A decimal: digits on at least one side of a point, and perhaps an exponent.
pub(crate) fn decimal_from_text(text: &str) -> Option<Plain> {
    let (negative, rest) = sign(text.trim());
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (rest, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits = |part: &str| {
        if part.is_empty() {
            Some(String::new())
        } else {
            without_underscores(part)
        }
    };
    let whole = whole_part(&digits(whole)?);
    let fraction = digits(fraction)?;
    let exponent = match exponent {
        None => None,
        Some(exponent) => {
            let (negative, rest) = sign(exponent);
            let digits = whole_part(&without_underscores(rest)?);
            Some(if negative {
                format!("-{digits}")
            } else {
                digits
            })
        }
    };
    Some(literal(
        negative,
        &whole,
        Some(&fraction),
        exponent.as_deref(),
    ))
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// The digits of a text of digits with single underscores between them.
fn without_underscores(text: &str) -> Option<String> {
    let mut digits = String::with_capacity(text.len());
    for group in text.split('_') {
        if group.is_empty() || !group.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        digits.push_str(group);
    }
    Some(digits)
}

fn whole_part(digits: &str) -> String {
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        "0".to_owned()
    } else {
        significant.to_owned()
    }
}

fn literal(negative: bool, whole: &str, fraction: Option<&str>, exponent: Option<&str>) -> Plain {
    let mut out = String::with_capacity(whole.len() + 2);
    if negative {
        out.push('-');
    }
    out.push_str(whole);
    if let Some(fraction) = fraction.filter(|fraction| !fraction.is_empty()) {
        out.push('.');
        out.push_str(fraction);
    }
    if let Some(exponent) = exponent {
        out.push('e');
        out.push_str(exponent);
    }
    Plain(out)
}
