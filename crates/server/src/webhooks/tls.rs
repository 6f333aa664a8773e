//! TLS to endpoints: whose word counts for who they are.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Trusts what the machine trusts; where it says nothing of that, as in a bare container, what browsers trust. Reads files.
pub(super) fn trusted_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // What of it cannot be read is as good as not there.
    let found = rustls_native_certs::load_native_certs();
    let _counts = roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

/// For connections to those for whom these vouch.
pub(super) fn config(roots: RootCertStore) -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has ciphers for them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}
