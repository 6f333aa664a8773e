//! The signature of what is sent, in the form of Standard Webhooks (SEMANTICS 14.5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The value of `webhook-signature` for a body that is sent under an id at a time, in seconds since 1970.
pub(super) fn sign(key: &[u8], id: &str, seconds: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body.as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_comes_out() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = r#"{"test": 2432232314}"#;
        assert_eq!(
            sign(
                &key.expect("base64"),
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                body
            ),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn another_program_comes_to_the_same() {
        // printf 'id.1.{}' | openssl dgst -sha256 -hmac whsec_secret -binary | base64
        assert_eq!(
            sign(b"whsec_secret", "id", 1, "{}"),
            "v1,NqrKZjRVbTglH7b2zQbSGhUkh5WbpvhnD7XZceVVRcM="
        );
    }
}
