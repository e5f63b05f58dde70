// SPDX-License-Identifier: GPL-2.0

//! What can go wrong beside the library's errors.

use std::path::PathBuf;

use accel::Entry;

/// Where to look if a device is missing.
pub const IS_IT_LOADED: &str =
    "is the driver loaded? Look at `lsmod | grep accel` and `dmesg | grep accel`";

/// Says which devices have no node, if there are any.
pub fn without_node(entries: &[Entry]) -> Option<String> {
    let missing: Vec<_> = entries
        .iter()
        .filter(|entry| !entry.has_node)
        .map(|entry| format!("accel{}", entry.minor))
        .collect();
    let names = missing.join(", ");
    (!missing.is_empty()).then(|| {
        format!(
            "without a node here, so not shown: {names}; a container only has the nodes that it \
             was given"
        )
    })
}

/// Why a command could not do all it should. It becomes a line on standard
/// error and exit status 1.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// A device or the kernel refused something.
    #[error(transparent)]
    Accel(#[from] accel::Error),

    /// A device admits no further user.
    #[error("{refused}: {holders}")]
    Busy {
        /// What the library says.
        refused: accel::Error,
        /// What the device says: its policy, and who is in the way.
        holders: String,
    },

    /// The named device belongs to another driver.
    #[error("{}: driven by {found}, not {wanted}", .node.display())]
    WrongDriver {
        /// The node.
        node: PathBuf,
        /// The driver that it has.
        found: String,
        /// The driver that the command is for.
        wanted: &'static str,
    },

    /// No device is named, and there is none.
    #[error("no device is driven by {0}: {IS_IT_LOADED}")]
    NoDevice(&'static str),

    /// No device is named, and some cannot be asked.
    #[error("no device with a node here is driven by {driver}; {without_node}")]
    NoNode {
        /// The driver that the command is for.
        driver: &'static str,
        /// Which have none.
        without_node: String,
    },

    /// No device is named, and there are several.
    #[error("several devices are driven by {driver}, choose one with --device: {}", join(.nodes))]
    SeveralDevices {
        /// The driver that the command is for.
        driver: &'static str,
        /// Its devices.
        nodes: Vec<PathBuf>,
    },

    /// A device computed nonsense.
    #[error("{}: liveness of {value:#x}: the device replied {reply:#x}, not {:#x}",
            .node.display(), !.value)]
    WrongReply {
        /// The node.
        node: PathBuf,
        /// What the device was to invert.
        value: u32,
        /// What it replied.
        reply: u32,
    },

    /// A device computed something else than this program.
    #[error("{}: {wrong} of {results} results are wrong", .node.display())]
    WrongResults {
        /// The node.
        node: PathBuf,
        /// How many results there are.
        results: u32,
        /// How many of them are wrong.
        wrong: u32,
    },
}

fn join(nodes: &[PathBuf]) -> String {
    let names: Vec<_> = nodes
        .iter()
        .map(|node| node.display().to_string())
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_what_to_do() {
        assert_eq!(
            Problem::NoDevice("accel_edu").to_string(),
            "no device is driven by accel_edu: is the driver loaded? \
             Look at `lsmod | grep accel` and `dmesg | grep accel`"
        );
        let several = Problem::SeveralDevices {
            driver: "accel_edu",
            nodes: vec!["/dev/a".into(), "/dev/b".into()],
        };
        assert_eq!(
            several.to_string(),
            "several devices are driven by accel_edu, choose one with --device: /dev/a, /dev/b"
        );
    }

    #[test]
    fn who_is_in_the_way_follows_what_was_refused() {
        let refused = accel::Error::Refused {
            node: "accel0".into(),
            request: "opening as user".into(),
            errno: accel::Errno::BUSY,
            advice: None,
        };
        let problem = Problem::Busy {
            refused,
            holders: "it is held by train (pid 412) of alice".into(),
        };
        assert_eq!(
            problem.to_string(),
            "accel0: opening as user: device or resource busy (EBUSY): \
             it is held by train (pid 412) of alice"
        );
    }

    #[test]
    fn a_wrong_reply_is_compared_with_the_right_one() {
        let problem = Problem::WrongReply {
            node: "accel0".into(),
            value: 0xffff_0000,
            reply: 1,
        };
        assert_eq!(
            problem.to_string(),
            "accel0: liveness of 0xffff0000: the device replied 0x1, not 0xffff"
        );
    }
}
