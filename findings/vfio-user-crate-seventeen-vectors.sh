#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vfio_user 0.1.7: a server can be made with any number of interrupt vectors, but takes at most 16
# descriptors in a message. A client that sets 17 eventfds at once, as for a device with 17 MSI-X
# vectors, is not told so: run() of the server returns ENOBUFS, and the connection is closed. What
# the crate's own client sends is one message.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export CARGO_TARGET_DIR=$folder/target
mkdir src
cat >Cargo.toml <<'END'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
vfio_user = "=0.1.7"
END
cat >src/main.rs <<'END'
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::thread;
use vfio_user::{Client, DmaMapFlags, DmaUnmapFlags, IrqInfo, Server, ServerBackend};

struct Device;

impl ServerBackend for Device {
    fn region_read(&mut self, _: u32, _: u64, _: &mut [u8]) -> io::Result<()> {
        Ok(())
    }
    fn region_write(&mut self, _: u32, _: u64, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
    fn dma_map(&mut self, _: DmaMapFlags, _: u64, _: u64, _: u64, _: Option<File>) -> io::Result<()> {
        Ok(())
    }
    fn dma_unmap(&mut self, _: DmaUnmapFlags, _: u64, _: u64) -> io::Result<()> {
        Ok(())
    }
    fn reset(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn set_irqs(&mut self, _: u32, _: u32, _: u32, count: u32, fds: Vec<File>) -> io::Result<()> {
        println!("device: {count} vectors, {} descriptors", fds.len());
        Ok(())
    }
}

fn main() {
    let socket = Path::new("socket");
    let vectors = IrqInfo { index: 0, flags: 1, count: 17 };
    let server = Server::new(socket, false, vec![vectors], vec![]).unwrap();
    let running = thread::spawn(move || format!("{:?}", server.run(&mut Device)));
    let mut client = Client::new(socket).unwrap();
    let null = File::open("/dev/null").unwrap();
    for count in [16, 17] {
        let set = client.set_irqs(0, 0x24, 0, count, &vec![null.as_raw_fd(); count as usize]);
        println!("client: {count} {}", if set.is_ok() { "set" } else { "connection lost" });
    }
    println!("server: {}", running.join().unwrap());
}
END
cargo run --quiet >seen 2>errors || { cat errors; exit 1; }
if diff - seen <<'END'
device: 16 vectors, 16 descriptors
client: 16 set
client: 17 connection lost
server: Err(ReceiveWithFd(Error(105)))
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
