#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# zerocopy 0.8.64 (the kernel has 0.8.54, with the same outcome): IntoBytes and FromBytes can be
# derived for a structure without repr(C), as long as no padding is left once the compiler has
# reordered its members. So the derives do not show that an argument of an ioctl has the layout in
# which it is written: here the first member is at offset 4. A structure in which the order of
# repr(C) needs padding is what is accepted; the same one with repr(C) is refused.
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
zerocopy = { version = "=0.8.64", features = ["derive"] }
END
cat >src/main.rs <<'END'
use zerocopy::{FromBytes, Immutable, IntoBytes};

#[derive(FromBytes, Immutable, IntoBytes)]
struct Argument {
    size: u16,
    address: u32,
    flags: u16,
}

fn main() {
    let argument = Argument { size: 0x1111, address: 0x2222_2222, flags: 0x3333 };
    println!("{:x?}", argument.as_bytes());
    println!("size at {}", core::mem::offset_of!(Argument, size));
}
END
cargo run --quiet >seen 2>errors || { cat errors; exit 1; }
if diff - seen <<'END'
[22, 22, 22, 22, 11, 11, 33, 33]
size at 4
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
