// SPDX-License-Identifier: GPL-2.0

//! Names in tables of drivers, which are checked by the compiler: in constants, where `==` cannot.

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
