//! Customer sessions.

use service::CreatedSession;

use super::customer_to_api;
use crate::settings::PublicUrl;

/// A session that was made, with its secret and the address of the portal that carries it.
pub(crate) fn customer_session_to_api(
    created: &CreatedSession,
    public_url: &PublicUrl,
) -> api::CustomerSession {
    let CreatedSession {
        session,
        secret,
        customer,
    } = created;
    api::CustomerSession {
        created_at: session.created_at.to_iso(),
        modified_at: None,
        id: session.id.to_string(),
        token: secret.clone(),
        expires_at: session.expires_at.to_iso(),
        return_url: session.return_url.clone(),
        // A secret is made of letters, digits and underscores: nothing in it needs to be encoded.
        customer_portal_url: format!("{public_url}/portal?customer_session_token={secret}"),
        customer_id: session.customer.to_string(),
        customer: customer_to_api(customer),
    }
}
