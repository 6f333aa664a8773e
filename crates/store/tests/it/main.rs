//! The store through its public face, on a disk that fails, fills up and loses power.

mod damage;
mod derived;
mod faults;
mod folder;
mod model;
mod pipeline;
mod real;
mod sealing;
mod snapshots;
mod support;
mod tables;
