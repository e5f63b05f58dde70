#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# nix 0.30.1 and rustix 1.1.6: the number of an ioctl has 14 bits for the size of its argument.
# With an argument of 16,384 bytes, both give a number whose size is 0, and with 16,392 bytes one
# whose size is 8, which is that of another ioctl: no error when it is compiled, nor a panic when
# it runs, also in a debug build. A driver that uses the kernel's _IOWR() with such a size does not link.
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
nix = { version = "=0.30.1", features = ["ioctl"] }
rustix = "=1.1.6"
END
cat >src/main.rs <<'END'
use rustix::ioctl::opcode;

fn size(number: u64) -> u64 {
    number >> 16 & 0x3fff
}

fn main() {
    println!("nix {} {} {}",
        size(nix::request_code_readwrite!(b'x', 1, 16_376) as u64),
        size(nix::request_code_readwrite!(b'x', 1, 16_384) as u64),
        size(nix::request_code_readwrite!(b'x', 1, 16_392) as u64));
    println!("rustix {} {} {}",
        size(opcode::read_write::<[u8; 16_376]>(b'x', 1) as u64),
        size(opcode::read_write::<[u8; 16_384]>(b'x', 1) as u64),
        size(opcode::read_write::<[u8; 16_392]>(b'x', 1) as u64));
}
END
cargo run --quiet >seen 2>errors || { cat errors; exit 1; }
if diff - seen <<'END'
nix 16376 0 8
rustix 16376 0 8
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
