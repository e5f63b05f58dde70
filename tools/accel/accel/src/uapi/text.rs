// SPDX-License-Identifier: GPL-2.0

//! Strings of fixed size.

use std::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A string in a structure, `char name[N]`, NUL-terminated.
///
/// What is behind the first NUL does not count; a string without one, which
/// the kernel does not write, is taken in full.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Text<const N: usize>([u8; N]);

impl<const N: usize> Text<N> {
    /// Makes a string of what of `text` fits beside the terminator.
    pub fn new(text: &str) -> Self {
        let mut bytes = [0; N];
        let len = text.len().min(N.saturating_sub(1));
        bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
        Self(bytes)
    }

    /// The bytes in front of the terminator.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.split(|&byte| byte == 0).next().unwrap_or_default()
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

/// What is not UTF-8, and control characters, which would reach the terminal,
/// come out as U+FFFD.
impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy(self.as_bytes());
        f.pad(&text.replace(char::is_control, "\u{fffd}"))
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(self.as_bytes()).fmt(f)
    }
}

impl<const N: usize> PartialEq<str> for Text<N> {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_at_the_first_nul() {
        assert_eq!(Text(*b"pci\0rest").to_string(), "pci");
        assert_eq!(Text(*b"\0pci").to_string(), "");
        assert_eq!(Text(*b"full").to_string(), "full");
    }

    #[test]
    fn new_leaves_room_for_the_terminator() {
        assert_eq!(Text::<4>::new("abcd").to_string(), "abc");
        assert_eq!(Text::<5>::new("abcd").to_string(), "abcd");
    }

    #[test]
    fn does_not_pass_on_escape_sequences() {
        assert_eq!(
            Text(*b"a\x1b[2Jb\xff\0").to_string(),
            "a\u{fffd}[2Jb\u{fffd}"
        );
    }

    #[test]
    fn compares_the_whole_string() {
        assert!(Text::<16>::new("accel_edu") == *"accel_edu");
        assert!(Text::<16>::new("accel_edu2") != *"accel_edu");
        assert!(Text::<16>::new("accel") != *"accel_edu");
    }
}
