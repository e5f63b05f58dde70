// SPDX-License-Identifier: GPL-2.0

//! `npu` is a device, or writes firmware for it; see `Documentation/accel/npu.rst`.
//!
//! The exit status is 0 if the client has closed the connection or a signal has asked the program
//! to end, 1 if something went wrong, 2 if the command line is wrong.

#![forbid(unsafe_code)]

mod arguments;

use std::error::Error;
use std::fs;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use clap::Parser;
use npu::control;
use npu::device::Identity;
use npu::firmware::Image;
use npu::machine::Machine;
use npu::registers::Revision;
use npu::server::{bind, Backend};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use arguments::{Arguments, Command, Firmware, Letter, Serve};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(arguments) => serve(&arguments),
        Command::Firmware(arguments) => write_firmware(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("npu: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Files that go with the program, also if a signal ends it.
struct Sockets(Vec<PathBuf>);

impl Drop for Sockets {
    fn drop(&mut self) {
        for path in &self.0 {
            // It may be gone already: the server removes its own.
            let _ = fs::remove_file(path);
        }
    }
}

fn serve(arguments: &Serve) -> Result {
    let machine = Arc::new(Machine::new(Identity {
        revision: arguments.revision.into(),
        vectors: arguments.vectors,
        serial: arguments.serial,
    })?);
    let server = bind(&arguments.socket, &machine, arguments.vectors)?;
    let mut sockets = Sockets(vec![arguments.socket.clone()]);
    if let Some(path) = &arguments.control {
        take_orders(path, &machine)?;
        sockets.0.push(path.clone());
    }
    end_by_signal(&sockets)?;
    println!("ready");

    thread::scope(|scope| {
        scope.spawn(|| machine.run());
        let served = server.run(&mut Backend { machine: &machine });
        machine.end();
        served
    })?;
    Ok(())
}

fn take_orders(path: &Path, machine: &Arc<Machine>) -> Result {
    let listener = UnixListener::bind(path).map_err(|error| named(path, &error))?;
    let machine = Arc::clone(machine);
    thread::spawn(move || control::serve(&listener, &machine));
    Ok(())
}

/// The server waits in a call that nothing ends, so a thread waits for signals.
fn end_by_signal(sockets: &Sockets) -> Result {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let sockets = Sockets(sockets.0.clone());
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            drop(sockets);
            std::process::exit(0);
        }
    });
    Ok(())
}

fn write_firmware(arguments: &Firmware) -> Result {
    let payload = match &arguments.payload {
        Some(path) => fs::read(path).map_err(|error| named(path, &error))?,
        None => vec![0; 4096],
    };
    let letters = match arguments.revision[..] {
        [] => &[Letter::A, Letter::B],
        ref letters => letters,
    };
    let image = Image {
        revisions: letters.iter().fold(0, |bits, letter| {
            bits | Revision::from(*letter).firmware_bit()
        }),
        version: arguments.version,
        name: &arguments.name,
        payload: &payload,
    };
    let bytes = image
        .to_bytes()
        .ok_or("a payload has 4 bytes to 1 MiB, in words")?;
    fs::write(&arguments.output, bytes).map_err(|error| named(&arguments.output, &error))?;
    Ok(())
}

fn named(path: &Path, error: &dyn Error) -> String {
    format!("{}: {error}", path.display())
}
