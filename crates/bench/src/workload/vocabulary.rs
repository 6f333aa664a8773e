//! The words that events are made of, and how often each occurs (of 256).

/// Names of events.
pub(crate) const NAMES: [(&str, u8); 12] = [
    ("llm.completion", 72),
    ("llm.embedding", 40),
    ("llm.rerank", 12),
    ("api.call", 48),
    ("api.upload", 12),
    ("page.view", 24),
    ("job.run", 10),
    ("job.step", 14),
    ("storage.read", 10),
    ("storage.write", 6),
    ("mail.sent", 4),
    ("search.query", 4),
];

/// `region`. One is written with an escape by clients that keep to ASCII.
pub(crate) const REGIONS: [(&str, u8); 7] = [
    ("us-east", 88),
    ("us-west", 48),
    ("eu-west", 56),
    ("eu-north", 24),
    ("ap-south", 24),
    ("ap-east", 8),
    ("são-paulo", 8),
];

/// `plan`.
pub(crate) const PLANS: [(&str, u8); 4] =
    [("free", 128), ("pro", 80), ("team", 32), ("enterprise", 16)];

/// `model`.
pub(crate) const MODELS: [(&str, u8); 8] = [
    ("large", 48),
    ("large-2", 40),
    ("medium", 48),
    ("small", 64),
    ("mini", 32),
    ("mini-2", 16),
    ("vision-large", 6),
    ("audio \"beta\"", 2),
];

/// `status`: mostly a number, by some clients a text.
pub(crate) const STATUSES: [(Status, u8); 13] = [
    (Status::Number(200), 190),
    (Status::Number(201), 20),
    (Status::Number(204), 8),
    (Status::Number(400), 8),
    (Status::Number(401), 3),
    (Status::Number(404), 9),
    (Status::Number(429), 6),
    (Status::Number(500), 3),
    (Status::Number(503), 1),
    (Status::Text("200"), 4),
    (Status::Text("404"), 1),
    (Status::Text("500"), 1),
    (Status::Absent, 2),
];

/// How many documents there are: the key `document` is `doc-` and five digits.
pub(crate) const DOCUMENTS: u32 = 50_000;

/// How many end users there are: the key `user` is an integer below.
pub(crate) const USERS: u32 = 1_000_000;

/// A status as it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Number(u16),
    Text(&'static str),
    Absent,
}

/// The index of a word, by a number of 0 to 255.
pub(crate) fn choose<T>(words: &[(T, u8)], drawn: u64) -> u8 {
    let mut drawn = drawn & 0xFF;
    let mut index = 0;
    for (_, weight) in words {
        let weight = u64::from(*weight);
        if drawn < weight {
            break;
        }
        drawn -= weight;
        index += 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up() {
        fn check<T>(words: &[(T, u8)]) {
            let sum: u32 = words.iter().map(|(_, weight)| u32::from(*weight)).sum();
            assert_eq!(sum, 256);
            assert_eq!(usize::from(choose(words, 255)), words.len() - 1);
            assert_eq!(choose(words, 0), 0);
        }
        check(&NAMES);
        check(&REGIONS);
        check(&PLANS);
        check(&MODELS);
        check(&STATUSES);
    }
}
