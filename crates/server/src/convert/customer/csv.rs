//! Customers as lines of CSV (SEMANTICS 11.8, RFC 4180).

use csv::{Terminator, WriterBuilder};
use domain::{Address, Customer};

use super::metadata_to_api;

const HEADER: [&str; 13] = [
    "ID",
    "External ID",
    "Created At",
    "Email",
    "Name",
    "Tax ID",
    "Billing Address Line 1",
    "Billing Address Line 2",
    "Billing Address City",
    "Billing Address State",
    "Billing Address Zip",
    "Billing Address Country",
    "Metadata",
];

/// The line that names the columns.
pub(crate) fn customer_csv_header() -> Vec<u8> {
    lines([HEADER.map(str::to_owned)])
}

/// A line for each customer. What is not there is empty.
pub(crate) fn customers_to_csv(customers: &[Customer]) -> Vec<u8> {
    lines(customers.iter().map(cells))
}

fn cells(customer: &Customer) -> [String; 13] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let nowhere = Address::default();
    let address = customer.billing_address.as_ref().unwrap_or(&nowhere);
    let metadata = metadata_to_api(customer.metadata.as_ref());
    [
        customer.id.to_string(),
        text(&customer.external_id),
        customer.created_at.to_iso(),
        text(&customer.email),
        text(&customer.name),
        customer
            .tax_id
            .as_ref()
            .map(|tax_id| tax_id.value.clone())
            .unwrap_or_default(),
        text(&address.line1),
        text(&address.line2),
        text(&address.city),
        text(&address.state),
        text(&address.postal_code),
        address.country.clone(),
        match metadata.as_str() {
            "{}" => String::new(),
            metadata => metadata.to_owned(),
        },
    ]
}

fn lines(rows: impl IntoIterator<Item = [String; 13]>) -> Vec<u8> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        writer
            .write_record(row)
            .expect("lines of one length, in memory");
    }
    writer.into_inner().expect("writing to memory")
}

#[cfg(test)]
mod tests {
    use domain::{MetadataBuilder, TaxId};

    use super::super::tests::profile;
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_and_come_back_as_they_were() {
        let mut metadata = MetadataBuilder::new();
        metadata.text("plan", "a, \"b\"");
        let mut customer = profile().customer;
        customer.external_id = None;
        customer.email = Some("=1+1@example.com".to_owned());
        customer.name = Some("Lovelace, \"Ada\"\r\nCountess".to_owned());
        customer.tax_id = TaxId::parse("FR", "FR61954506077");
        customer.billing_address = Some(Address {
            country: "FR".to_owned(),
            line1: Some("1 rue".to_owned()),
            postal_code: Some("75001".to_owned()),
            ..Address::default()
        });
        customer.metadata = metadata.finish();
        let id = customer.id;
        let expected = format!(
            "{id},,1970-01-01T00:00:00Z,=1+1@example.com,\"Lovelace, \"\"Ada\"\"\r\nCountess\",FR61954506077,\
             1 rue,,,,75001,FR,\"{{\"\"plan\"\":\"\"a, \\\"\"b\\\"\"\"\"}}\"\r\n"
        );
        let written = customers_to_csv(&[customer]);
        assert_eq!(String::from_utf8(written).expect("UTF-8"), expected);
    }

    #[test]
    fn what_is_not_there_is_empty() {
        let mut customer = profile().customer;
        customer.name = None;
        let id = customer.id;
        let written = customers_to_csv(&[customer]);
        let expected = format!("{id},ada,1970-01-01T00:00:00Z,,,,,,,,,,\r\n");
        assert_eq!(String::from_utf8(written).expect("UTF-8"), expected);
        assert!(customers_to_csv(&[]).is_empty());
    }

    #[test]
    fn columns_have_the_names_of_the_contract() {
        let expected = "ID,External ID,Created At,Email,Name,Tax ID,Billing Address Line 1,Billing Address Line 2,\
                        Billing Address City,Billing Address State,Billing Address Zip,Billing Address Country,\
                        Metadata\r\n";
        assert_eq!(
            String::from_utf8(customer_csv_header()).expect("UTF-8"),
            expected
        );
    }
}
