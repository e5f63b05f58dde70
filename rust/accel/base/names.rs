// SPDX-License-Identifier: GPL-2.0

//! Tables of drivers, which are checked by the compiler: in constants, where `==` and formatting
//! cannot be.

/// Stops the compiler unless `holds`, which it has to of `row`: the message names both.
pub(crate) const fn require(holds: bool, row: &[u8], rule: &str) {
    if !holds {
        Message::new().quote(row).end(rule);
    }
}

/// As [`require`], of a row that has a number and no name.
pub(crate) const fn require_of_number(holds: bool, row: u32, rule: &str) {
    if !holds {
        const DIGITS: &[u8] = b"0123456789abcdef";
        let mut text = *b"0x00000000";
        let mut i = 0;
        while i < 8 {
            // CAST: A digit is small.
            text[9 - i] = DIGITS[(row >> (4 * i)) as usize & 0xf];
            i += 1;
        }
        Message::new().quote(&text).end(rule);
    }
}

/// What the compiler says, put together in a constant.
struct Message {
    text: [u8; 256],
    len: usize,
}

impl Message {
    const fn new() -> Self {
        Self {
            text: [0; 256],
            len: 0,
        }
    }

    /// Adds as much of `bytes` as there is room for.
    const fn push(mut self, bytes: &[u8]) -> Self {
        let mut i = 0;
        while i < bytes.len() && self.len < self.text.len() {
            self.text[self.len] = bytes[i];
            self.len += 1;
            i += 1;
        }
        self
    }

    const fn quote(self, name: &[u8]) -> Self {
        self.push(b"`").push(name).push(b"`: ")
    }

    /// Ends the message, and the compilation.
    const fn end(self, rule: &str) {
        let message = self.push(rule.as_bytes());
        match core::str::from_utf8(message.text.split_at(message.len).0) {
            Ok(text) => panic!("{}", text),
            // It is cut off within a character.
            Err(_) => panic!("{}", rule),
        }
    }
}

/// Returns whether `name` can be that of a file.
pub(crate) const fn is_of_file(name: &[u8]) -> bool {
    let mut i = 0;
    while i < name.len() {
        if name[i] == b'/' {
            return false;
        }
        i += 1;
    }
    !name.is_empty()
}

/// Returns whether `name` can be a part of a key of `fdinfo`, which ends with a colon.
pub(crate) const fn is_of_key(name: &[u8]) -> bool {
    let mut i = 0;
    while i < name.len() {
        if name[i] == b':' || name[i] == b' ' || name[i].is_ascii_control() {
            return false;
        }
        i += 1;
    }
    !name.is_empty()
}

/// Returns whether `name` can be that of a variable of a uevent: capital letters, digits and `_`.
pub(crate) const fn is_of_variable(name: &[u8]) -> bool {
    let mut i = 0;
    while i < name.len() {
        if !(name[i].is_ascii_uppercase() || name[i].is_ascii_digit() || name[i] == b'_') {
            return false;
        }
        i += 1;
    }
    !name.is_empty()
}

/// Returns whether `name` begins with `start`.
pub(crate) const fn begins_with(name: &[u8], start: &[u8]) -> bool {
    let mut i = 0;
    while i < name.len() && i < start.len() && name[i] == start[i] {
        i += 1;
    }
    i == start.len()
}

/// Returns whether two names are the same.
pub(crate) const fn equal(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}
