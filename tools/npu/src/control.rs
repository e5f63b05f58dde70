// SPDX-License-Identifier: GPL-2.0

//! The control socket.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::thread;

use crate::machine::Machine;
use crate::orders::Order;

/// The most bytes that a line can have.
const LINE_BYTES: u64 = 256;

/// Takes orders as long as the process lives; each connection has a thread.
pub fn serve(listener: &UnixListener, machine: &Arc<Machine>) {
    for stream in listener.incoming().flatten() {
        let machine = Arc::clone(machine);
        thread::spawn(move || talk(&stream, &machine));
    }
}

/// Answers each line, until there are no more.
fn talk(stream: &UnixStream, machine: &Machine) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut stream = stream;
    loop {
        let mut line = String::new();
        let bytes = reader.by_ref().take(LINE_BYTES).read_line(&mut line)?;
        if bytes == 0 {
            return Ok(());
        }
        let answer = line
            .parse::<Order>()
            .and_then(|order| machine.change(|device, _| device.obey(order)))
            .unwrap_or_else(|mistake| format!("error: {mistake}"));
        writeln!(stream, "{answer}")?;
    }
}
