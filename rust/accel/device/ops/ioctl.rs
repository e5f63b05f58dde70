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
    sys::uapi::{
        self,
        flags::{
            IoctlFlag,
            IoctlFlags, //
        },
        UapiType, //
    }, //
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
    pub(crate) flags: IoctlFlags,
}

impl Entry {
    /// Makes the entry of an ioctl on the structure `A`.
    pub(crate) const fn new<A: UapiType>(
        nr: u8,
        name: &'static str,
        description: &'static str,
        handler: Handler,
    ) -> Self {
        let (size, row) = (size_of::<A>(), name.as_bytes());
        names::require(
            A::BEGINS_WITH_SIZE,
            row,
            "the structure of an ioctl begins with `size: u32`",
        );
        names::require(
            size <= ARGS_MAX,
            row,
            "the structure of an ioctl has at most 256 bytes",
        );
        names::require(
            name.len() < NAME_SIZE,
            row,
            "an ioctl's name has at most 47 bytes",
        );
        names::require(
            description.len() < 128,
            row,
            "an ioctl's description has at most 127 bytes",
        );
        Self {
            command: kernel::ioctl::_IO(uapi::ACCEL_IOC_TYPE, nr as u32),
            // INVARIANT: The size was checked above, and what begins with a `u32` is no smaller.
            shape: Shape {
                // CAST: At most `ARGS_MAX`.
                size: size as u32,
                min_size: size as u32,
                flags: IoctlFlags::empty().with(IoctlFlag::In).with(IoctlFlag::Out),
            },
            capability: None,
            name,
            description,
            handler,
        }
    }

    /// Says that the structure is not written back.
    pub(crate) const fn input_only(mut self) -> Self {
        self.shape.flags = self.shape.flags.without(IoctlFlag::Out);
        self
    }

    /// Lets observers call an ioctl of the framework.
    pub(crate) const fn for_observers(mut self) -> Self {
        self.shape.flags = self.shape.flags.with(IoctlFlag::Observer);
        self
    }
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
        entry(0x40, "A", "first"),
        entry(0x42, "B", "second"),
        entry(0xbf, "C", "third"),
    ];

    const fn entry(nr: u8, name: &'static str, description: &'static str) -> Entry {
        fn unused(_call: Call<'_>, _args: &mut [u8]) -> Result {
            Err(ENOTTY)
        }
        Entry::new::<uapi::accel_bo_close>(nr, name, description, Handler::Plain(unused))
    }

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
