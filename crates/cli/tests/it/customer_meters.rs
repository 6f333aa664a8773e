//! Customer meters over HTTP, held against a naive fold over the events that the API lists.
//!
//! What is done is random: events under both identifiers, credits and resets, archiving, customers that come and go, restarts and kills. After
//! every few steps the test reads all events, customers and meters back, folds the events as SEMANTICS 12 says, and compares every
//! customer meter that the API shows. The fold shares no code with the server.
//!
//! No answer tells when an event was received. The test knows the order because it sends one request after another, and the times
//! between because it reads the clock before each.

mod check;
mod decimal;
mod instant;
mod kill;
mod many;
mod matching;
mod model;
mod rollover;
mod samples;
mod steps;
mod value;
mod world;

use world::World;

use crate::random::Random;

/// How many sequences there are; `SEXTANT_TEST_SEQUENCES` asks for another number.
const SEQUENCES: u64 = 24;
const STEPS: u64 = 50;

#[test]
fn every_customer_meter_equals_a_fold_over_the_listed_events() {
    let seed = Random::seed();
    let sequences = match std::env::var("SEXTANT_TEST_SEQUENCES") {
        Ok(text) => text.parse().expect("SEXTANT_TEST_SEQUENCES is a number"),
        Err(_) => SEQUENCES,
    };
    for number in 0..sequences {
        run(seed.wrapping_add(number));
    }
}

fn run(seed: u64) {
    let mut random = Random::new(seed);
    let mut world = World::new(seed);
    world.furnish(&mut random);
    // Apart, so that more looks or fewer do not change what is done.
    let mut looks = Random::new(!seed);
    for _ in 0..STEPS {
        world.step(&mut random);
        if looks.happens(1, 4) {
            world.check(&mut looks);
        }
    }
    world.check(&mut looks);
    world.note("kill at the end".to_owned());
    world.kill();
    world.check(&mut looks);
}
