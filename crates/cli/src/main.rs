//! `sextant`: the one program.
//!
//! `serve` runs the server, `demo` shows it at work, the rest are clients of a running server. Only this crate reads
//! the environment, the real clock and real randomness; everything below is given them.

mod client;
mod commands;
mod demo;
mod environment;
mod logging;
mod open_files;
mod running;
mod serve;
mod signals;
mod terminal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Requests allocate and free many small things on several threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Turns a stream of usage events into numbers that a business can bill on.
///
/// One program with one data folder: `sextant serve` runs the server, `sextant demo` shows it at work on made-up
/// data. The other commands are for the administrator of a running server.
#[derive(Debug, Parser)]
#[command(
    name = "sextant",
    version,
    arg_required_else_help = true,
    max_term_width = 100
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    Organization(commands::organization::Organization),
    Token(commands::token::Token),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve(serve) => serve.run(),
        Command::Demo(demo) => demo.run(),
        Command::Organization(organization) => organization.run(),
        Command::Token(token) => token.run(),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            terminal::print_error(&error);
            ExitCode::FAILURE
        }
    }
}
