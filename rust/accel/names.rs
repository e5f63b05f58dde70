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

/// Returns whether two names are the same.
pub(crate) const fn equal(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}
