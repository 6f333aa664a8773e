//! A disk in memory that fails at a chosen operation, fills up, or loses power. For tests and simulation.

mod memory;

pub use memory::{Fault, MemoryDisk, Survives};
