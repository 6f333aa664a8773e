//! Customers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Metadata;
use crate::schema::{
    Country, CountryInput, DateTime, Email, MetadataInput, TaxIdFormat, Uuid4, names, texts,
};

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Customer {
    /// Its id.
    #[schemars(with = "Uuid4")]
    pub id: String,
    /// When it was created.
    #[schemars(with = "DateTime")]
    pub created_at: String,
    /// When it last changed.
    #[schemars(with = "Option<DateTime>")]
    pub modified_at: Option<String>,
    /// Keys and values of the organization's own.
    pub metadata: Metadata,
    /// The organization's own id for it.
    #[serde(default)]
    pub external_id: Option<String>,
    /// A team may have none.
    pub email: Option<String>,
    /// Nobody verifies addresses here: always false.
    pub email_verified: bool,
    /// `individual` or `team`.
    #[serde(rename = "type")]
    #[schemars(with = "CustomerType")]
    pub kind: String,
    /// Its name.
    pub name: Option<String>,
    /// The name on bills.
    pub billing_name: Option<String>,
    /// Where bills go.
    pub billing_address: Option<Address>,
    /// A value and its format.
    #[schemars(with = "Option<(String, TaxIdFormat)>")]
    pub tax_id: Option<(String, String)>,
    /// A language tag.
    #[serde(default)]
    pub locale: Option<String>,
    /// Whose it is.
    #[schemars(with = "Uuid4")]
    pub organization_id: String,
    /// There is no payment here: always null.
    #[serde(default)]
    #[schemars(with = "Option<Uuid4>")]
    pub default_payment_method_id: Option<String>,
    /// When it was deleted.
    #[schemars(with = "Option<DateTime>")]
    pub deleted_at: Option<String>,
    /// The least timestamp of its events, as of now; unset while there are none.
    #[schemars(with = "Option<DateTime>")]
    pub first_user_event_at: Option<String>,
    /// A picture made from the e-mail address.
    pub avatar_url: Option<String>,
}

/// A postal address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// First line.
    #[serde(default)]
    pub line1: Option<String>,
    /// Second line.
    #[serde(default)]
    pub line2: Option<String>,
    /// Postal code.
    #[serde(default)]
    pub postal_code: Option<String>,
    /// City.
    #[serde(default)]
    pub city: Option<String>,
    /// State or province.
    #[serde(default)]
    pub state: Option<String>,
    /// ISO 3166 alpha-2.
    #[schemars(with = "Country")]
    pub country: String,
}

/// A customer to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerCreate {
    /// Unset: `individual`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CustomerType")]
    pub kind: Option<String>,
    /// Needed by an individual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Email")]
    pub email: Option<String>,
    /// The organization's own id for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<CustomerName>")]
    pub name: Option<String>,
    /// Where bills go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<AddressInput>")]
    pub billing_address: Option<Address>,
    /// Under which the state knows it. Valid in the country of the address, which it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
    /// A language tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Keys and values of the organization's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MetadataInput")]
    pub metadata: Option<Metadata>,
    /// The member that owns it, to be made too. Needed by a team without an address of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<MemberOwnerCreate>,
}

/// The owner of a customer to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberOwnerCreate {
    /// The person's address.
    #[schemars(with = "Email")]
    pub email: String,
    /// The person's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<CustomerName>")]
    pub name: Option<String>,
    /// The organization's own id for the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

/// Changes to a customer; what is unset stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerUpdate {
    /// Unique in the organization, ignoring case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Email>")]
    pub email: Option<String>,
    /// At most 256 characters; blank: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<CustomerName>")]
    pub name: Option<String>,
    /// Where bills go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<AddressInput>")]
    pub billing_address: Option<Address>,
    /// Valid in the country of the address, which it needs; blank: none. Also one that stays must be valid in that of a new address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
    /// A language tag; blank: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Replaces all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MetadataInput")]
    pub metadata: Option<Metadata>,
    /// Can be set once. Not looked at where the customer is named by its external id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// `team`: an individual becomes one, and never goes back. Not looked at where the customer is named by its external id.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<CustomerType>")]
    pub kind: Option<String>,
}

names! {
    /// A person or a company, or one with members.
    CustomerType = ["individual", "team"];
}

texts! {
    /// The name of a customer.
    CustomerName = {"type": "string", "maxLength": 256};
}

/// A postal address that is sent.
#[derive(Debug, JsonSchema)]
#[expect(dead_code, reason = "only its schema is of use")]
struct AddressInput {
    /// First line.
    #[serde(default)]
    line1: Option<String>,
    /// Second line.
    #[serde(default)]
    line2: Option<String>,
    /// Postal code.
    #[serde(default)]
    postal_code: Option<String>,
    /// City.
    #[serde(default)]
    city: Option<String>,
    /// State or province. In some countries one of a list.
    #[serde(default)]
    state: Option<String>,
    /// ISO 3166 alpha-2, in either case.
    country: CountryInput,
}
