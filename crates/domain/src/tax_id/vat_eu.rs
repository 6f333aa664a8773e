//! Numbers of the European Union's VAT system: a member's two letters, then the number by its rules.
//!
//! The letters are part of the number: they tell it from a national one, and a business may be registered in another member
//! than the one it has its address in.

mod east;
mod north;
mod south;
mod west;

use super::europe;
use super::text::{is_like, padded};

/// Greece, whose code elsewhere is GR.
const GREECE: &str = "EL";
/// Northern Ireland, whose numbers are those of the United Kingdom.
pub(super) const NORTHERN_IRELAND: &str = "XI";

/// The members' numbers in ISO 3166, by which the One Stop Shop names the member of identification, in order; 900 is Northern Ireland.
const MEMBER_NUMBERS: [&str; 28] = [
    "040", "056", "100", "191", "196", "203", "208", "233", "246", "250", "276", "300", "348",
    "372", "380", "428", "440", "442", "470", "528", "616", "620", "642", "703", "705", "724",
    "752", "900",
];

/// The number with its member's letters, without separators; `None` when it is not valid.
pub(super) fn read(bare: &str) -> Option<String> {
    let (member, number) = bare.split_at_checked(2)?;
    let member = if member == "GR" { GREECE } else { member };
    let number = match member {
        // Numbers of an older form are a digit shorter.
        "BE" if number.len() == 9 => padded(number, 10),
        GREECE if number.len() == 8 => padded(number, 9),
        "NL" if number.is_ascii() => padded(number, 12),
        _ => number.to_owned(),
    };
    is_valid(member, &number).then(|| format!("{member}{number}"))
}

fn is_valid(member: &str, number: &str) -> bool {
    match member {
        "AT" => west::austria(number),
        "BE" => west::belgium(number),
        "BG" => east::bulgaria(number),
        "CY" => south::cyprus(number),
        "CZ" => east::czechia(number),
        "DE" => west::germany(number),
        "DK" => north::denmark(number),
        "EE" => north::estonia(number),
        GREECE => south::greece(number),
        "ES" => south::spain(number),
        "FI" => north::finland(number),
        "FR" => west::france(number),
        "HR" => europe::hr_oib(number),
        "HU" => east::hungary(number),
        "IE" => west::ireland(number),
        "IT" => south::italy(number),
        "LT" => north::lithuania(number),
        "LU" => west::luxembourg(number),
        "LV" => north::latvia(number),
        "MT" => south::malta(number),
        "NL" => west::netherlands(number),
        "PL" => east::poland(number),
        "PT" => south::portugal(number),
        "RO" => europe::ro_tin(number),
        "SE" => north::sweden(number),
        "SI" => europe::si_tin(number),
        "SK" => east::slovakia(number),
        NORTHERN_IRELAND => europe::gb_vat(number),
        _ => false,
    }
}

/// A number of the One Stop Shop: `EU` for a business outside of the Union, `IM` for one that imports through an intermediary.
pub(super) fn is_one_stop_shop(number: &str) -> bool {
    (is_like("EU#########", number) || is_like("IM##########", number))
        && MEMBER_NUMBERS.contains(&&number[2..5])
}
