// SPDX-License-Identifier: GPL-2.0

//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use npu::registers::{Revision, SOURCE_COUNT};

/// A neural processing unit as a program, for tests of drivers
#[derive(Debug, Parser)]
#[command(name = "npu", version, about)]
pub struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Be the device, for one client of vfio-user
    Serve(Serve),
    /// Write a firmware image
    Firmware(Firmware),
}

/// A revision of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Letter {
    /// The first one
    A,
    /// With more capabilities
    B,
}

impl From<Letter> for Revision {
    fn from(letter: Letter) -> Self {
        match letter {
            Letter::A => Self::A,
            Letter::B => Self::B,
        }
    }
}

/// What the device is like.
#[derive(Debug, Args)]
pub struct Serve {
    /// The socket for the client
    #[arg(long, value_name = "PATH")]
    pub socket: PathBuf,
    /// A socket for orders, as for faults
    #[arg(long, value_name = "PATH")]
    pub control: Option<PathBuf>,
    /// The revision
    #[arg(long, value_enum, default_value_t = Letter::B)]
    pub revision: Letter,
    /// Vectors of MSI-X; 0 for a device without MSI-X
    #[arg(long, value_name = "N", default_value_t = SOURCE_COUNT as u16,
          value_parser = clap::value_parser!(u16).range(..=SOURCE_COUNT as i64))]
    pub vectors: u16,
    /// The serial number
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub serial: u64,
}

/// What the image is like.
#[derive(Debug, Args)]
pub struct Firmware {
    /// Where to write it
    #[arg(long, value_name = "PATH")]
    pub output: PathBuf,
    /// MAJOR.MINOR.PATCH
    #[arg(long, value_parser = version, default_value = "1.0.0")]
    pub version: u32,
    /// A revision that it is for; all if missing
    #[arg(long, value_enum)]
    pub revision: Vec<Letter>,
    /// Its name, of at most 32 bytes
    #[arg(long, value_parser = name, default_value = "npu")]
    pub name: String,
    /// A file with the payload; 4 KiB of zeros if missing
    #[arg(long, value_name = "PATH")]
    pub payload: Option<PathBuf>,
}

fn version(text: &str) -> Result<u32, &'static str> {
    let parts: Vec<u16> = text.split('.').flat_map(str::parse).collect();
    match parts[..] {
        [major, minor @ 0..=255, patch @ 0..=255] if text.matches('.').count() == 2 => {
            Ok((u32::from(major) << 16) | (u32::from(minor) << 8) | u32::from(patch))
        }
        _ => Err("expected MAJOR.MINOR.PATCH"),
    }
}

fn name(text: &str) -> Result<String, &'static str> {
    if text.len() <= 32 {
        Ok(text.to_owned())
    } else {
        Err("longer than 32 bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn versions_have_three_parts() {
        assert_eq!(version("1.2.3"), Ok(0x0001_0203));
        assert_eq!(version("65535.255.255"), Ok(u32::MAX));
        for text in ["", "1", "1.2", "1.2.3.4", "1.256.0", "1..2.3", "a.b.c"] {
            assert!(version(text).is_err(), "{text}");
        }
    }
}
