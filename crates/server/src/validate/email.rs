//! E-mail addresses: the syntax alone, nothing is looked up. The rules are those of the reference's validator: a dot-atom
//! before the `@`, a host name of two labels or more after it, Unicode in both.

use super::{Checked, Faults, Length, Node, Rule, text};

/// Bytes of a whole address.
const ADDRESS_BYTES_MAX: usize = 254;
/// Bytes of the domain.
const DOMAIN_BYTES_MAX: usize = 253;
/// Bytes of one label of the domain.
const LABEL_BYTES_MAX: usize = 63;

/// Domains that no mail reaches (RFC 6761, 6762, 7686), and all below them.
const SPECIAL_USE: [&str; 6] = ["arpa", "invalid", "local", "localhost", "onion", "test"];

/// An address, its domain in lower case. `Name <address>` is read as the address.
pub(crate) fn email(node: Node<'_, '_>, faults: &mut Faults) -> Checked<String> {
    let text = text(node, Length::ANY, faults)?;
    check(address_part(text)).map_err(|why| node.refuse(Rule::Email(why), faults))
}

fn address_part(text: &str) -> &str {
    let text = text.trim();
    match text
        .strip_suffix('>')
        .and_then(|inner| inner.split_once('<'))
    {
        Some((_, address)) => address.trim(),
        None => text,
    }
}

fn check(address: &str) -> Result<String, &'static str> {
    let Some((local, domain)) = address.split_once('@') else {
        return Err("An email address must have an @-sign.");
    };
    check_local(local)?;
    let domain = domain.to_lowercase();
    check_domain(&domain)?;
    if address.len() > ADDRESS_BYTES_MAX {
        return Err("The email address is too long.");
    }
    Ok(format!("{local}@{domain}"))
}

fn check_local(local: &str) -> Result<(), &'static str> {
    if local.is_empty() {
        Err("There must be something before the @-sign.")
    } else if local.starts_with('"') {
        Err("Quoting the part before the @-sign is not allowed here.")
    } else if !local
        .chars()
        .all(|character| character == '.' || is_atom(character))
    {
        Err("The email address contains invalid characters before the @-sign.")
    } else if local.starts_with('.') {
        Err("An email address cannot start with a period.")
    } else if local.ends_with('.') {
        Err("An email address cannot have a period immediately before the @-sign.")
    } else if local.contains("..") {
        Err("An email address cannot have two periods in a row.")
    } else {
        Ok(())
    }
}

fn is_atom(character: char) -> bool {
    if character.is_ascii() {
        character.is_ascii_alphanumeric() || "_!#$%&'*+-/=?^`{|}~".contains(character)
    } else {
        !character.is_control() && !character.is_whitespace()
    }
}

fn check_domain(domain: &str) -> Result<(), &'static str> {
    if domain.is_empty() {
        return Err("There must be something after the @-sign.");
    }
    if domain.starts_with('[') {
        return Err("A bracketed IP address after the @-sign is not allowed here.");
    }
    let is_host = |character: char| {
        if character.is_ascii() {
            character.is_ascii_alphanumeric() || matches!(character, '-' | '.')
        } else {
            character.is_alphanumeric()
        }
    };
    if !domain.chars().all(is_host) {
        return Err("The part after the @-sign contains invalid characters.");
    }
    if domain.len() > DOMAIN_BYTES_MAX {
        return Err("The email address is too long after the @-sign.");
    }
    let labels: Vec<&str> = domain.split('.').collect();
    for label in &labels {
        check_label(label)?;
    }
    let ends_with_letter = domain.chars().next_back().is_some_and(char::is_alphabetic);
    match labels.last() {
        Some(top) if SPECIAL_USE.contains(top) && labels.len() > 1 => Err(
            "The part after the @-sign is a special-use or reserved name that cannot be used with email.",
        ),
        _ if labels.len() < 2 => {
            Err("The part after the @-sign is not valid. It should have a period.")
        }
        _ if !ends_with_letter => Err(
            "The part after the @-sign is not valid. It is not within a valid top-level domain.",
        ),
        _ => Ok(()),
    }
}

fn check_label(label: &str) -> Result<(), &'static str> {
    if label.is_empty() {
        Err(
            "An email address cannot have two periods in a row, or a period at either end of the part after the @-sign.",
        )
    } else if label.starts_with('-') || label.ends_with('-') {
        Err("An email address cannot have a period and a hyphen next to each other.")
    } else if label.as_bytes().get(2..4) == Some(b"--") && !label.starts_with("xn") {
        Err(
            "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period.",
        )
    } else if label.len() > LABEL_BYTES_MAX {
        Err("After the @-sign, periods cannot be separated by so many characters.")
    } else {
        Ok(())
    }
}
