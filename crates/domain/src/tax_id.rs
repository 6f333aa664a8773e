//! Tax ids: the numbers under which states know who pays taxes, and whether a text is one.
//!
//! A customer's tax id is read in the light of the country of its billing address: each country has some formats, which are
//! tried in order. A format says how long the number is, of which characters, and how its check digits come from the others.
//! Where a state has published no check digit, length and characters decide.
//!
//! Invariants:
//! - a [`TaxId`] that [`TaxId::parse`] gave is read again to itself, in the same country;
//! - whether a number has been given to anybody is not asked: nothing here goes over a network, and nothing depends on the day.
//!
//! Sources are the descriptions that the tax offices and the European Commission (for VIES) publish of their numbers.

mod africa;
mod america;
mod asia;
mod digits;
mod europe;
mod format;
mod middle_east;
mod oceania;
mod text;
mod vat_eu;

#[cfg(test)]
mod tests;

pub use format::TaxIdFormat;

/// A tax id that is valid in form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxId {
    /// The number without separators, in upper case. One of the European Union's VAT system begins with its country.
    pub value: String,
    /// What it is.
    pub format: TaxIdFormat,
}

impl TaxId {
    /// Reads a tax id of somebody in `country` (ISO 3166 alpha-2, upper case). Separators and case do not matter. `None` when
    /// it is none of the country's formats.
    pub fn parse(country: &str, text: &str) -> Option<Self> {
        let bare = text::bare(text)?;
        let formats = TaxIdFormat::of_country(country).iter();
        // Wherever it is, a business may have registered with the One Stop Shop of the European Union.
        let mut formats = formats.chain(&[TaxIdFormat::EuOssVat]);
        formats.find_map(|&format| {
            let value = format.read(country, &bare)?;
            Some(Self { value, format })
        })
    }
}
