//! The engine from outside, on a disk in memory.

mod arrivals;
mod concurrent;
mod events;
mod fairness;
mod faults;
mod harness;
mod kept;
mod model;
