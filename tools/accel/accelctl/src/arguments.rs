// SPDX-License-Identifier: GPL-2.0

//! The command line.

use std::path::PathBuf;
use std::str::FromStr;

use accel::{sim, Namespace};
use clap::{Args, Parser, Subcommand};

/// Shows compute accelerator devices and tries what they can do
#[derive(Debug, Parser)]
#[command(name = "accelctl", version, about)]
pub struct Arguments {
    /// Print one JSON document instead of text; for events, one on each line
    #[arg(long, global = true)]
    pub json: bool,

    /// Look for devices below this folder
    // For tests, which have no devices to show.
    #[arg(long, global = true, hide = true, default_value = "/")]
    pub sysroot: PathBuf,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done with any device, and with those of known drivers.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all devices; the observers include accelctl itself
    List,
    /// Show all that devices tell about themselves; the observers include accelctl itself
    Info {
        /// N, accelN or the path of a node; all devices if missing
        device: Option<DeviceArgument>,
    },
    /// List who has devices open; the observers include accelctl itself
    Clients {
        /// N, accelN or the path of a node; all devices if missing
        device: Option<DeviceArgument>,
    },
    /// Print what happens to a device, a line for each event, until it is gone
    Events {
        /// N, accelN or the path of a node
        device: DeviceArgument,
    },
    /// Use a device of the driver accel_edu
    #[command(subcommand)]
    Edu(Edu),
    /// Use a device of the driver accel_minimal
    #[command(subcommand)]
    Minimal(Minimal),
    /// Use a device of the driver accel_sim
    #[command(subcommand)]
    Sim(Sim),
}

/// What accel_edu can do.
#[derive(Debug, Subcommand)]
pub enum Edu {
    /// Let the device compute N!
    Factorial {
        /// The argument, at most 12
        #[arg(value_parser = number)]
        n: u32,
        /// How long to wait, in milliseconds; the driver's default if missing
        #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(1..))]
        timeout: Option<u32>,
        /// The device.
        #[command(flatten)]
        target: Target,
    },
    /// Let the device invert a number, to see that it is alive
    Liveness {
        /// Any number of 32 bits, decimal or 0x...
        #[arg(value_parser = number)]
        value: u32,
        /// The device.
        #[command(flatten)]
        target: Target,
    },
}

/// What accel_minimal can do.
#[derive(Debug, Subcommand)]
pub enum Minimal {
    /// Let the driver compute A + B, modulo 2^32
    Add {
        /// First addend, decimal or 0x...
        #[arg(value_parser = number)]
        a: u32,
        /// Second addend, decimal or 0x...
        #[arg(value_parser = number)]
        b: u32,
        /// The device.
        #[command(flatten)]
        target: Target,
    },
}

/// What accel_sim can do.
#[derive(Debug, Subcommand)]
pub enum Sim {
    /// Let the device add two vectors of N numbers, and check the result
    Add {
        /// The length
        #[arg(value_parser = clap::value_parser!(u32).range(1..=sim::MAX_STEPS as i64))]
        n: u32,
        /// The device.
        #[command(flatten)]
        target: Target,
    },
    /// Let the device multiply a matrix of M x K numbers with one of K x N, and check the result
    Matmul {
        /// Rows of the first
        #[arg(value_parser = clap::value_parser!(u32).range(1..=1024))]
        m: u32,
        /// Columns of the first, and rows of the second
        #[arg(value_parser = clap::value_parser!(u32).range(1..=1024))]
        k: u32,
        /// Columns of the second
        #[arg(value_parser = clap::value_parser!(u32).range(1..=1024))]
        n: u32,
        /// The device.
        #[command(flatten)]
        target: Target,
    },
}

/// Which device a driver's command is for.
#[derive(Debug, Args)]
pub struct Target {
    /// N, accelN or the path of a node; the driver's only device if missing
    #[arg(long)]
    pub device: Option<DeviceArgument>,
}

/// How a device is named on the command line.
#[derive(Debug, Clone, PartialEq)]
pub enum DeviceArgument {
    /// N or accelN.
    Minor(u32),
    /// The path of a node.
    Node(PathBuf),
}

impl DeviceArgument {
    /// The path of the node.
    pub fn node(&self, namespace: &Namespace) -> PathBuf {
        match self {
            Self::Minor(minor) => namespace.node(*minor),
            Self::Node(path) => path.clone(),
        }
    }
}

impl FromStr for DeviceArgument {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains('/') {
            return Ok(Self::Node(text.into()));
        }
        let digits = text.strip_prefix("accel").unwrap_or(text);
        let minor = digits.parse::<u32>().ok();
        // Only as it is written in the name of a node, not "+1" or "007".
        minor
            .filter(|minor| minor.to_string() == digits)
            .map(Self::Minor)
            .ok_or("expected a number, accelN, or a path with a slash")
    }
}

/// Takes a number of 32 bits, decimal or hexadecimal.
fn number(text: &str) -> Result<u32, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use std::path::Path;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_device_is_a_number_a_name_or_a_path() {
        let parse = |text: &str| text.parse::<DeviceArgument>();
        assert_eq!(parse("0"), Ok(DeviceArgument::Minor(0)));
        assert_eq!(parse("accel12"), Ok(DeviceArgument::Minor(12)));
        let node = "/dev/accelerator/accel3";
        assert_eq!(parse(node), Ok(DeviceArgument::Node(node.into())));
        assert_eq!(parse("./x"), Ok(DeviceArgument::Node("./x".into())));
        for text in [
            "",
            "accel",
            "card0",
            "-1",
            "+1",
            "007",
            "accel01",
            "4294967296",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_device_has_a_node() {
        let namespace = Namespace::under(Path::new("/r"));
        assert_eq!(
            DeviceArgument::Minor(7).node(&namespace),
            Path::new("/r/dev/accelerator/accel7")
        );
        let path = DeviceArgument::Node("./accel7".into());
        assert_eq!(path.node(&namespace), Path::new("./accel7"));
    }

    #[test]
    fn numbers_are_decimal_or_hexadecimal() {
        assert_eq!(number("12"), Ok(12));
        assert_eq!(number("0xffFFffff"), Ok(u32::MAX));
        for text in ["", "0x", "-1", "4294967296", "0x100000000", "ff"] {
            assert!(number(text).is_err(), "{text}");
        }
    }
}
