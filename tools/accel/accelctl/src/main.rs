// SPDX-License-Identifier: GPL-2.0

//! `accelctl` shows compute accelerator devices and tries what they can do.
//!
//! Standard output carries the result and nothing else: text, or with `--json`
//! exactly one JSON document, whose members keep their names and meaning as
//! long as `"schema"` is the same. What could not be learned or computed is
//! null in it; `events` has a document on each line. Messages go to standard error. The exit status is 0 if all went
//! well, 1 if a device or the kernel refused something, 2 if the command line
//! is wrong.

#![forbid(unsafe_code)]

mod arguments;
mod clients;
mod commands;
mod events;
mod holders;
mod info;
mod list;
mod output;
mod problem;
mod results;
mod select;
mod table;
mod units;
mod users;
mod workload;

use std::process::ExitCode;

use accel::Namespace;
use clap::Parser;

use arguments::{Arguments, Command, Edu, Minimal, Sim};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let namespace = Namespace::under(&arguments.sysroot);
    let json = arguments.json;
    match arguments.command {
        Command::List => output::finish(&commands::list(&namespace), json),
        Command::Info { device } => {
            output::finish(&commands::info(&namespace, device.as_ref()), json)
        }
        Command::Clients { device } => {
            output::finish(&commands::clients(&namespace, device.as_ref()), json)
        }
        Command::Events { device } => {
            let node = device.node(&namespace);
            output::stream(|print| events::follow(&node, output::SCHEMA, json, print))
        }
        Command::Edu(Edu::Factorial { n, timeout, target }) => output::finish(
            &commands::factorial(&namespace, target.device.as_ref(), n, timeout),
            json,
        ),
        Command::Edu(Edu::Liveness { value, target }) => output::finish(
            &commands::liveness(&namespace, target.device.as_ref(), value),
            json,
        ),
        Command::Minimal(Minimal::Add { a, b, target }) => output::finish(
            &commands::add(&namespace, target.device.as_ref(), a, b),
            json,
        ),
        Command::Sim(Sim::Add { n, target }) => output::finish(
            &commands::add_vectors(&namespace, target.device.as_ref(), n),
            json,
        ),
        Command::Sim(Sim::Matmul { m, k, n, target }) => output::finish(
            &commands::matmul(&namespace, target.device.as_ref(), [m, k, n]),
            json,
        ),
    }
}
