#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vfio_user 0.1.7: a server sends the descriptor of a region that can be mapped only along with a
# list of sparse areas. A region with VFIO_REGION_INFO_FLAG_MMAP (4) and an mmap_fd, but no such
# list, which is how VFIO says that all of it can be mapped, has that flag in the reply, and never a
# descriptor, whatever room the client gives. The protocol says that with this flag, the reply has
# one. One sparse area over all of the region brings it.
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
vfio-bindings = "=0.7.0"
vfio_user = "=0.1.7"
vmm-sys-util = "=0.15.0"
END
cat >src/main.rs <<'END'
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::{fs::FileExt, net::UnixStream};
use std::path::Path;
use std::thread;
use vfio_bindings::bindings::vfio::{vfio_region_info, vfio_region_sparse_mmap_area};
use vfio_user::{Client, DmaMapFlags, DmaUnmapFlags, Server, ServerBackend, ServerRegion, SparseArea};
use vmm_sys_util::sock_ctrl_msg::ScmSocket;

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
    fn set_irqs(&mut self, _: u32, _: u32, _: u32, _: u32, _: Vec<File>) -> io::Result<()> {
        Ok(())
    }
}

/// What the server replies to DEVICE_GET_REGION_INFO for a client with room for `argsz` bytes.
fn ask(stream: &mut UnixStream, index: u32, argsz: u32) {
    let mut request = [0; 48];
    request[2..4].copy_from_slice(&5u16.to_ne_bytes());
    request[4..8].copy_from_slice(&48u32.to_ne_bytes());
    request[16..20].copy_from_slice(&argsz.to_ne_bytes());
    request[24..28].copy_from_slice(&index.to_ne_bytes());
    stream.write_all(&request).unwrap();
    let mut reply = [0; 4096];
    let (length, descriptor) = stream.recv_with_fd(&mut reply).unwrap();
    let field = |at: usize| u32::from_ne_bytes(reply[at..at + 4].try_into().unwrap());
    println!(
        "reply {index} for argsz {argsz}: {length} bytes, error {}, argsz {}, flags {}, cap_offset {}, descriptor {}",
        field(12), field(16), field(20), field(28), descriptor.is_some()
    );
}

fn main() {
    fs::write("memory", [7; 4096]).unwrap();
    let memory = File::options().read(true).write(true).open("memory").unwrap();
    let region = |index, sparse_areas| ServerRegion {
        region_info: vfio_region_info { argsz: 32, flags: 7, index, cap_offset: 0, size: 4096, offset: 0 },
        sparse_areas,
        mmap_fd: Some(memory.as_raw_fd()),
    };
    let all = SparseArea { area: vfio_region_sparse_mmap_area { offset: 0, size: 4096 } };
    let regions = vec![region(0, vec![all]), region(1, vec![])];
    let socket = Path::new("socket");
    let server = Server::new(socket, false, vec![], regions).unwrap();
    let running = thread::spawn(move || (server.run(&mut Device).is_ok(), server.run(&mut Device).is_ok()));

    let client = Client::new(socket).unwrap();
    for index in 0..2 {
        let region = client.region(index).unwrap();
        let first = region.file_offset.as_ref().map(|file_offset| {
            let mut byte = [0];
            file_offset.file().read_exact_at(&mut byte, file_offset.start()).unwrap();
            byte[0]
        });
        println!(
            "client {index}: flags {}, {} sparse areas, first byte behind the descriptor {first:?}",
            region.flags, region.sparse_areas.len()
        );
    }
    drop(client);

    let mut stream = UnixStream::connect(socket).unwrap();
    for index in 0..2 {
        ask(&mut stream, index, 32);
        ask(&mut stream, index, 4096);
    }
    drop(stream);
    println!("server ended well: {:?}", running.join().unwrap());
}
END
cargo run --quiet >seen 2>errors || { cat errors; exit 1; }
if diff - seen <<'END'
client 0: flags 15, 1 sparse areas, first byte behind the descriptor Some(7)
client 1: flags 7, 0 sparse areas, first byte behind the descriptor None
reply 0 for argsz 32: 48 bytes, error 0, argsz 64, flags 15, cap_offset 32, descriptor false
reply 0 for argsz 4096: 80 bytes, error 0, argsz 64, flags 15, cap_offset 32, descriptor true
reply 1 for argsz 32: 48 bytes, error 0, argsz 32, flags 7, cap_offset 0, descriptor false
reply 1 for argsz 4096: 48 bytes, error 0, argsz 32, flags 7, cap_offset 0, descriptor false
server ended well: (true, true)
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
