//! Countries and their states.

/// The states, districts and outlying areas of the United States (ISO 3166-2), in order.
const US_STATES: [&str; 57] = [
    "AK", "AL", "AR", "AS", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "GU", "HI", "IA", "ID",
    "IL", "IN", "KS", "KY", "LA", "MA", "MD", "ME", "MI", "MN", "MO", "MP", "MS", "MT", "NC", "ND",
    "NE", "NH", "NJ", "NM", "NV", "NY", "OH", "OK", "OR", "PA", "PR", "RI", "SC", "SD", "TN", "TX",
    "UM", "UT", "VA", "VI", "VT", "WA", "WI", "WV", "WY",
];

/// The provinces and territories of Canada (ISO 3166-2), in order.
const CA_PROVINCES: [&str; 13] = [
    "AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT",
];

/// The state with its country's prefix, where there is a list of states; as it is elsewhere.
///
/// # Errors
///
/// The rule in words, when the list has no such state.
pub(super) fn full_state(country: &str, state: String) -> Result<String, &'static str> {
    let (states, rule): (&[&str], _) = match country {
        "US" => (&US_STATES, "Invalid US state"),
        "CA" => (&CA_PROVINCES, "Invalid CA province"),
        _ => return Ok(state),
    };
    let code = state
        .strip_prefix(country)
        .and_then(|rest| rest.strip_prefix('-'))
        .unwrap_or(&state);
    if states.binary_search(&code).is_ok() {
        Ok(format!("{country}-{code}"))
    } else {
        Err(rule)
    }
}
