#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vfio_user 0.1.7, client and server of the same crate: the client does not look at what the server
# says of an error. reset() and dma_map() return Ok although the device has failed them, and the
# server has set the flag of an error in its reply, with 0 for the errno, whichever the device gave.
# And resettable() is true for a server that was made with resettable = false, and the reverse.
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
use vfio_user::{Client, DmaMapFlags, DmaUnmapFlags, Server, ServerBackend};

struct Device;

impl ServerBackend for Device {
    fn region_read(&mut self, _: u32, _: u64, _: &mut [u8]) -> io::Result<()> {
        Ok(())
    }
    fn region_write(&mut self, _: u32, _: u64, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
    fn dma_map(&mut self, _: DmaMapFlags, _: u64, _: u64, _: u64, _: Option<File>) -> io::Result<()> {
        Err(io::Error::from_raw_os_error(12))
    }
    fn dma_unmap(&mut self, _: DmaUnmapFlags, _: u64, _: u64) -> io::Result<()> {
        Ok(())
    }
    fn reset(&mut self) -> io::Result<()> {
        Err(io::Error::from_raw_os_error(110))
    }
    fn set_irqs(&mut self, _: u32, _: u32, _: u32, count: u32, fds: Vec<File>) -> io::Result<()> {
        println!("device: {count} vectors, {} descriptors", fds.len());
        Ok(())
    }
}

fn try_with(resettable: bool) {
    let socket = Path::new("socket");
    let server = Server::new(socket, resettable, vec![], vec![]).unwrap();
    let running = thread::spawn(move || server.run(&mut Device).is_ok());
    let mut client = Client::new(socket).unwrap();
    let null = File::open("/dev/null").unwrap();
    println!(
        "{resettable}: resettable {}, reset {:?}, dma_map {:?}",
        client.resettable(),
        client.reset(),
        client.dma_map(0, 0x1000, 0x1000, null.as_raw_fd())
    );
    drop(client);
    println!("{resettable}: server ended well: {}", running.join().unwrap());
}

fn main() {
    try_with(true);
    try_with(false);
}
END
cargo run --quiet >seen 2>errors || { cat errors; exit 1; }
if diff - seen <<'END'
true: resettable false, reset Ok(()), dma_map Ok(())
true: server ended well: true
false: resettable true, reset Ok(()), dma_map Ok(())
false: server ended well: true
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
