// SPDX-License-Identifier: GPL-2.0

//! Errors that say which device, what was asked, why not, and what to do.

use std::fmt;
use std::path::PathBuf;

use rustix::io::Errno;

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A node or folder could not be opened, or an ioctl failed.
    #[error("{}: {request}: {}{}", .node.display(), describe(*.errno), Advice(.advice))]
    Refused {
        /// The node or folder.
        node: PathBuf,
        /// What was asked for.
        request: String,
        /// What the kernel said. The errors of ioctls are explained in
        /// `include/uapi/accel/accel.h`.
        errno: Errno,
        /// What to do about it, if that is known.
        advice: Option<String>,
    },

    /// The kernel did something that the interface rules out.
    #[error("{}: {request}: unexpected answer: {problem}", .node.display())]
    Protocol {
        /// The node.
        node: PathBuf,
        /// What was asked for.
        request: String,
        /// What is wrong with the answer.
        problem: String,
    },
}

impl Error {
    /// What the kernel said, if it said something.
    pub fn errno(&self) -> Option<Errno> {
        match self {
            Self::Refused { errno, .. } => Some(*errno),
            Self::Protocol { .. } => None,
        }
    }

    /// Says in the terms of the caller what was asked for.
    pub(crate) fn asked(mut self, what: impl fmt::Display) -> Self {
        let (Self::Refused { request, .. } | Self::Protocol { request, .. }) = &mut self;
        *request = what.to_string();
        self
    }

    /// Replaces the advice for one error, if there is a better one.
    pub(crate) fn advise(mut self, on: Errno, better: Option<String>) -> Self {
        if let Self::Refused { errno, advice, .. } = &mut self {
            if *errno == on && better.is_some() {
                *advice = better;
            }
        }
        self
    }
}

/// The end of a message, if there is something to say.
struct Advice<'a>(&'a Option<String>);

impl fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(advice) => write!(f, ": {advice}"),
            None => Ok(()),
        }
    }
}

/// The meaning and the name of an error, "invalid argument (EINVAL)".
pub fn describe(errno: Errno) -> String {
    let (text, name) = match errno {
        Errno::TOOBIG => ("argument list too long", "E2BIG"),
        Errno::ACCESS => ("permission denied", "EACCES"),
        Errno::AGAIN => ("try again", "EAGAIN"),
        Errno::BUSY => ("device or resource busy", "EBUSY"),
        Errno::FAULT => ("bad address", "EFAULT"),
        Errno::INTR => ("interrupted by a signal", "EINTR"),
        Errno::INVAL => ("invalid argument", "EINVAL"),
        Errno::IO => ("input/output error", "EIO"),
        Errno::ISDIR => ("is a directory", "EISDIR"),
        Errno::MFILE => ("too many open files", "EMFILE"),
        Errno::NODEV => ("no such device", "ENODEV"),
        Errno::NOENT => ("no such file or directory", "ENOENT"),
        Errno::NOMEM => ("out of memory", "ENOMEM"),
        Errno::NOSPC => ("no space left on device", "ENOSPC"),
        Errno::NOTDIR => ("not a directory", "ENOTDIR"),
        Errno::NOTTY => ("no such command for this device", "ENOTTY"),
        Errno::NXIO => ("no such device or address", "ENXIO"),
        Errno::OPNOTSUPP => ("operation not supported", "EOPNOTSUPP"),
        Errno::PERM => ("operation not permitted", "EPERM"),
        Errno::TIMEDOUT => ("timed out", "ETIMEDOUT"),
        other => return other.to_string(),
    };
    format!("{text} ({name})")
}

/// What to do if an information topic is refused.
pub(crate) fn advice_on_info(errno: Errno) -> Option<&'static str> {
    match errno {
        Errno::NOTTY => Some("this is not an accelerator device"),
        Errno::INVAL => Some("the device does not answer this topic"),
        other => advice_on_call(other),
    }
}

/// What to do if another ioctl is refused.
pub(crate) fn advice_on_call(errno: Errno) -> Option<&'static str> {
    match errno {
        Errno::NODEV => Some("the device is gone"),
        Errno::NOTTY => {
            Some("its driver does not have this command; topic UAPI lists those it has")
        }
        Errno::ACCESS => {
            Some("only the user role may do this, and the node is open as an observer")
        }
        Errno::PERM => Some(
            "the command needs a capability, which topic UAPI names; a passthrough is also refused \
             while the kernel is locked down, or if the module accel was loaded with passthrough=N",
        ),
        Errno::TOOBIG => Some("the kernel is older than this program and lacks what it asks for"),
        Errno::TIMEDOUT => Some("the device did not finish in time"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(errno: Errno, advice: Option<&str>) -> Error {
        Error::Refused {
            node: "/dev/accelerator/accel0".into(),
            request: "addition".into(),
            errno,
            advice: advice.map(str::to_owned),
        }
    }

    #[test]
    fn says_device_request_errno_and_advice() {
        assert_eq!(
            refused(Errno::NODEV, Some("the device is gone")).to_string(),
            "/dev/accelerator/accel0: addition: no such device (ENODEV): the device is gone"
        );
        assert_eq!(
            refused(Errno::IO, None).to_string(),
            "/dev/accelerator/accel0: addition: input/output error (EIO)"
        );
    }

    #[test]
    fn an_error_without_a_name_has_its_number() {
        assert!(describe(Errno::CANCELED).contains("125"));
    }

    #[test]
    fn better_advice_is_for_one_error_only() {
        let better = || Some("drink tea".to_owned());
        let error = refused(Errno::INVAL, Some("old")).advise(Errno::INVAL, better());
        assert!(error.to_string().ends_with(": drink tea"));
        let error = refused(Errno::NODEV, Some("old")).advise(Errno::INVAL, better());
        assert!(error.to_string().ends_with(": old"));
        let error = refused(Errno::INVAL, Some("old")).advise(Errno::INVAL, None);
        assert!(error.to_string().ends_with(": old"));
    }

    #[test]
    fn an_unknown_command_and_a_foreign_device_differ() {
        let info = advice_on_info(Errno::NOTTY).unwrap();
        assert!(info.contains("not an accelerator"), "{info}");
        let call = advice_on_call(Errno::NOTTY).unwrap();
        assert!(call.contains("does not have this command"), "{call}");
    }
}
