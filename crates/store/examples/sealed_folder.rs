//! Makes a data folder with sealed events that are easy to add up: `cargo run -p store --example sealed_folder FOLDER`.
//!
//! For `tests/duckdb/check.py`, which reads it as docs/data-folder.md says.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use domain::metadata::MetadataBuilder;
use domain::{
    CustomerId, Event, EventBatch, Identity, Member, Number, OrganizationId, Source, Spelling,
    Timestamp,
};
use store::disk::RealDisk;
use store::{AppendRequest, Folder, Options, open};

const DAY: i64 = 86_400_000_000;
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which folder?")?;
    let folder = Folder::open(Arc::new(RealDisk), &PathBuf::from(path), [7; 32])?;
    let (mut writer, reader, _) = open(&folder, Options::default())?;
    let mut sealer = writer.take_sealer().ok_or("nobody took it")?;
    // Two seals of two organizations, the second with a key of metadata that the first does not have.
    for part in 0..2 {
        for byte in [1, 2] {
            let organization = OrganizationId::from_random([byte; 16]);
            let mut batch = EventBatch::default();
            let mut hashes = Vec::new();
            for number in part * 10_000..(part + 1) * 10_000 {
                let key = key_of(number);
                let hash = (reader.key_hasher()).hash(organization, Source::User, &key);
                hashes.push(Some(hash));
                push(&mut batch, number, &key);
            }
            let request = AppendRequest {
                organization,
                batch: &batch,
                hashes: &hashes,
            };
            let received_at = Timestamp::from_micros(START + DAY * i64::from(part));
            writer.commit(received_at.ok_or("in range")?, &[request])?;
        }
        sealer.seal()?;
    }
    writer.close()?;
    Ok(())
}

/// Every other one is a UUID.
fn key_of(number: u32) -> String {
    if number.is_multiple_of(2) {
        format!("00000000-0000-4000-8000-{number:012x}")
    } else {
        format!("key-{number}")
    }
}

fn push(batch: &mut EventBatch, number: u32, key: &str) {
    let mut metadata = MetadataBuilder::new();
    metadata.text(
        "model",
        if number.is_multiple_of(3) {
            "small"
        } else {
            "large"
        },
    );
    metadata.number(
        "tokens",
        &Number::from_u64(number.into()),
        Spelling::Integer,
    );
    // Quarters: 0.25 for the first.
    let cost = Number::from_parts(i128::from(number) * 25, 2);
    metadata.number("cost", &cost, Spelling::Decimal);
    metadata.bool("cached", number.is_multiple_of(5));
    if number >= 10_000 {
        metadata.text("later", "yes");
    }
    let customer = format!("customer-{}", number % 10);
    let identity = if number % 10 == 9 {
        Identity::Customer(CustomerId::from_random([9; 16]))
    } else {
        Identity::External(&customer)
    };
    batch.push(&Event {
        source: if number.is_multiple_of(100) {
            Source::System
        } else {
            Source::User
        },
        name: "api.request",
        identity,
        member: number
            .is_multiple_of(4)
            .then_some(Member::External("member")),
        timestamp: Timestamp::from_micros(START + i64::from(number) * 1_000_000).expect("in range"),
        external_id: Some(key),
        parent: None,
        metadata: metadata.as_ref(),
    });
}
