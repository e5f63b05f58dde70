// SPDX-License-Identifier: GPL-2.0

//! Rows of ioctl tables without the types of their drivers, and the rules that all ioctls share.

use kernel::prelude::*;

use crate::{
    base::{
        arrays::{
            Array,
            Shapes,
            MAX_ARRAYS, //
        },
        names, //
    },
    device::call::Call,
    sys::uapi, //
};

/// The largest structure that an ioctl may take, in bytes. Larger data goes by pointer.
pub const ARGS_MAX: usize = 256;

/// Size of the name of an ioctl as a C string, at most.
pub(crate) const NAME_SIZE: usize = 48;

/// What is known of an ioctl apart from the types that its driver gave it.
pub(crate) struct Entry {
    pub(crate) command: u32,
    pub(crate) shape: Shape,
    /// The capability that the caller needs.
    pub(crate) capability: Option<u32>,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) handler: Handler,
}

/// What runs an ioctl.
///
/// # Safety
///
/// The slice must be aligned for and have the size of the structure; the call must have been
/// admitted to a device of the driver that the entry was made for, in the role that `flags` asks
/// for.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    /// Takes the structure.
    Plain(unsafe fn(Call<'_>, &mut [u8]) -> Result),
    /// Takes the structure, and the arrays that it points to, of these shapes.
    WithArrays(
        unsafe fn(Call<'_>, &mut [u8], &mut [Array; MAX_ARRAYS]) -> Result,
        &'static Shapes,
    ),
}

/// What decides about the copy from and to user space.
///
/// # Invariants
///
/// `size` is from that of a `u32` to `ARGS_MAX`; `min_size` is from that of a `u32` to `size`.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// Size of the structure here and now.
    pub(crate) size: u32,
    /// Size of its first version.
    pub(crate) min_size: u32,
    /// `ACCEL_IOCTL_*`
    pub(crate) flags: u32,
}

impl Entry {
    /// Makes the entry of an ioctl on a structure of `size` bytes, which has no handler yet.
    pub(crate) const fn new(
        nr: u8,
        name: &'static str,
        description: &'static str,
        size: usize,
    ) -> Self {
        names::require(
            size >= size_of::<u32>() && size <= ARGS_MAX,
            name.as_bytes(),
            "the structure of an ioctl has at most 256 bytes",
        );
        names::require(
            name.len() < NAME_SIZE,
            name.as_bytes(),
            "an ioctl's name has at most 47 bytes",
        );
        names::require(
            description.len() < 128,
            name.as_bytes(),
            "an ioctl's description has at most 127 bytes",
        );
        Self {
            command: kernel::ioctl::_IO(uapi::ACCEL_IOC_TYPE, nr as u32),
            // INVARIANT: The size was checked above.
            shape: Shape {
                // CAST: At most `ARGS_MAX`.
                size: size as u32,
                min_size: size as u32,
                flags: uapi::ACCEL_IOCTL_IN | uapi::ACCEL_IOCTL_OUT,
            },
            capability: None,
            name,
            description,
            handler: Handler::Plain(unused),
        }
    }

    /// Makes the entry of a core ioctl. The same checks hold as for drivers.
    ///
    /// # Safety
    ///
    /// `handler` must accept what [`Handler`] guarantees, for every device.
    pub(crate) const unsafe fn core(
        nr: u8,
        name: &'static str,
        description: &'static str,
        size: usize,
        handler: unsafe fn(Call<'_>, &mut [u8]) -> Result,
    ) -> Self {
        let mut entry = Self::new(nr, name, description, size);
        entry.handler = Handler::Plain(handler);
        entry
    }

    /// Says that the structure is not written back.
    pub(crate) const fn input_only(mut self) -> Self {
        self.shape.flags &= !uapi::ACCEL_IOCTL_OUT;
        self
    }

    /// Lets observers call it.
    ///
    /// # Safety
    ///
    /// The handler must accept calls of observers.
    pub(crate) const unsafe fn for_observers(mut self) -> Self {
        self.shape.flags |= uapi::ACCEL_IOCTL_OBSERVER;
        self
    }
}

/// Stands in for the handler while an [`Entry`] is being built.
fn unused(_: Call<'_>, _: &mut [u8]) -> Result {
    Err(ENOTTY)
}

/// Finds the entry for `command` in a table that is ordered by command.
#[inline]
pub(crate) fn find(entries: &'static [Entry], command: u32) -> Option<&'static Entry> {
    // Where it is if no number before it is left out, as is usual.
    let i = command.wrapping_sub(entries.first()?.command);
    let entry = entries.get(i as usize);
    entry
        .filter(|entry| entry.command == command)
        .or_else(|| search(entries, command))
}

fn search(entries: &'static [Entry], command: u32) -> Option<&'static Entry> {
    let i = entries
        .binary_search_by_key(&command, |entry| entry.command)
        .ok()?;
    entries.get(i)
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_ioctl)]
mod tests {
    use super::*;

    static TABLE: [Entry; 3] = [
        Entry::new(0x40, "A", "first", 16),
        Entry::new(0x42, "B", "second", 16),
        Entry::new(0xbf, "C", "third", 16),
    ];

    fn name_of(command: u32) -> Option<&'static str> {
        find(&TABLE, command).map(|entry| entry.name)
    }

    #[test]
    fn lookup() {
        assert_eq!(name_of(0x9b40), Some("A"));
        assert_eq!(name_of(0x9b42), Some("B"));
        assert_eq!(name_of(0x9bbf), Some("C"));
        for command in [0, 0x40, 0x9b3f, 0x9b41, 0x9bc0, 0xc0109b40, u32::MAX] {
            assert_eq!(name_of(command), None);
        }
    }
}
