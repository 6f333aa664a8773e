//! The engine from outside, on a disk in memory.

mod faults;
mod harness;
mod model;
