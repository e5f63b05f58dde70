// SPDX-License-Identifier: GPL-2.0

//! The ioctl table of a driver, and the rules that all ioctls share.
//!
//! A driver lists its ioctls once, in [`AccelDriver::IOCTLS`]. A row ties a number to a function
//! that takes a typed structure. From it follows everything else: the copy from and to user space
//! by the rules of `include/uapi/accel/accel.h`, who may call it, and what the information topic
//! UAPI says about it.
//!
//! [`AccelDriver::IOCTLS`]: crate::AccelDriver::IOCTLS

use core::marker::PhantomData;
use kernel::{
    bindings,
    prelude::*, //
};

use crate::{
    arrays::{
        Array,
        Shapes,
        MAX_ARRAYS, //
    },
    call::Call,
    context::{
        Context,
        Observer,
        User, //
    },
    driver::{
        AccelDriver,
        Invariant, //
    },
    handler,
    names,
    uapi::{
        self,
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
    /// `ACCEL_IOCTL_*`
    pub(crate) flags: u32,
}

impl Entry {
    const fn new(nr: u8, name: &'static str, description: &'static str, size: usize) -> Self {
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

/// One ioctl of the driver `T`: a row of its [`IoctlTable`].
#[repr(transparent)]
pub struct Ioctl<T: AccelDriver> {
    // INVARIANT: `handler` is a shim for `T`, and asks for the role that `flags` says.
    entry: Entry,
    _driver: Invariant<T>,
}

impl<T: AccelDriver> Ioctl<T> {
    /// Declares an ioctl that users may call.
    ///
    /// `nr` is its number, from 0x40 to 0xbf, and `name` its name in the C header. The type of the
    /// structure is taken from the signature of `handler`: [`uapi_struct!`](crate::uapi_struct)
    /// declares it, and it begins with `size: u32`. What the handler leaves in it goes back to user
    /// space if the handler succeeds.
    pub const fn new<A, H>(
        nr: u8,
        name: &'static str,
        handler: H,
        description: &'static str,
    ) -> Self
    where
        A: UapiType,
        H: Fn(Context<'_, T, User>, &mut A) -> Result + Copy,
    {
        Self::in_role::<User, A, H>(nr, name, handler, description, 0)
    }

    /// Declares an ioctl that observers may call as well. It must not reach the hardware, and has
    /// no per-open state.
    pub const fn for_observers<A, H>(
        nr: u8,
        name: &'static str,
        handler: H,
        description: &'static str,
    ) -> Self
    where
        A: UapiType,
        H: Fn(Context<'_, T, Observer>, &mut A) -> Result + Copy,
    {
        Self::in_role::<Observer, A, H>(nr, name, handler, description, uapi::ACCEL_IOCTL_OBSERVER)
    }

    /// Declares an ioctl for the role `R`, which `role_flag` says.
    const fn in_role<R, A, H>(
        nr: u8,
        name: &'static str,
        handler: H,
        description: &'static str,
        role_flag: u32,
    ) -> Self
    where
        A: UapiType,
        H: Fn(Context<'_, T, R>, &mut A) -> Result + Copy,
    {
        let _ = handler;
        let shim = Handler::Plain(shim::<T, R, A, H>);
        let mut this = Self::by::<A>(nr, name, description, shim);
        // INVARIANT: Both callers pass the flag that goes with the role.
        this.entry.shape.flags |= role_flag;
        this
    }

    /// Declares an ioctl that `handler` runs, a shim for `T` and for users.
    pub(crate) const fn by<A: UapiType>(
        nr: u8,
        name: &'static str,
        description: &'static str,
        handler: Handler,
    ) -> Self {
        names::require(
            A::BEGINS_WITH_SIZE,
            name.as_bytes(),
            "the structure of an ioctl begins with `size: u32`",
        );
        let mut entry = Entry::new(nr, name, description, size_of::<A>());
        entry.handler = handler;
        Self {
            entry,
            _driver: PhantomData,
        }
    }

    /// Says that the structure has grown: callers may still pass its first `size` bytes.
    pub const fn min_size(mut self, size: usize) -> Self {
        names::require(
            size >= size_of::<u32>() && size <= self.entry.shape.size as usize,
            self.entry.name.as_bytes(),
            "the first version of a structure is not larger than today's",
        );
        // INVARIANT: Checked above. CAST: At most `ARGS_MAX`.
        self.entry.shape.min_size = size as u32;
        self
    }

    /// Says that the caller needs a capability, `CAP_*` of `linux/capability.h`.
    pub const fn capability(mut self, capability: u32) -> Self {
        self.entry.shape.flags |= uapi::ACCEL_IOCTL_CAPABILITY;
        self.entry.capability = Some(capability);
        self
    }

    /// Says that the structure carries, or points to, an opaque payload for the device or its
    /// firmware.
    ///
    /// Such an ioctl needs `CAP_SYS_RAWIO`, is refused under lockdown, taints the kernel, is
    /// counted in sysfs, and can be switched off. Nothing else may carry such a payload.
    pub const fn passthrough(mut self) -> Self {
        self.entry.shape.flags |= uapi::ACCEL_IOCTL_PASSTHROUGH;
        self.capability(bindings::CAP_SYS_RAWIO)
    }

    /// Says that the structure only carries arguments; it is not written back.
    pub const fn input_only(mut self) -> Self {
        self.entry = self.entry.input_only();
        self
    }

    /// Says that the handler needs the device to be awake: it is woken before, if it is asleep, and
    /// stays awake until the handler has returned, also while that sleeps. See
    /// [`Power`](crate::Power); with a driver that has none, this only tells user space.
    ///
    /// An ioctl for observers does not wake a device: this does not compile.
    pub const fn powered(mut self) -> Self {
        names::require(
            self.entry.shape.flags & uapi::ACCEL_IOCTL_OBSERVER == 0,
            self.entry.name.as_bytes(),
            "observers do not wake a device",
        );
        self.entry.shape.flags |= uapi::ACCEL_IOCTL_POWERED;
        self
    }
}

/// Calls the handler of type `H` with typed arguments.
///
/// # Safety
///
/// The requirements of [`Handler`] for the driver `T`, the role `R` and the structure `A`.
unsafe fn shim<T, R, A, H>(call: Call<'_>, args: &mut [u8]) -> Result
where
    T: AccelDriver,
    A: UapiType,
    H: Fn(Context<'_, T, R>, &mut A) -> Result + Copy,
{
    // SAFETY: `Ioctl` was given one.
    let handler = unsafe { handler::of_type::<H>() };

    let args = A::mut_from_bytes(args).map_err(|_| EINVAL)?;

    // SAFETY: Passed on to the caller.
    handler(unsafe { Context::new(call) }, args)
}

/// The ioctls of the driver `T`.
pub struct IoctlTable<T: AccelDriver>(&'static [Ioctl<T>]);

impl<T: AccelDriver> IoctlTable<T> {
    /// Makes a table of `ioctls`, which must be in the order of their numbers.
    ///
    /// Two with the same number, or a number that is not a driver's, do not compile.
    pub const fn new(ioctls: &'static [Ioctl<T>]) -> Self {
        let mut next = uapi::ACCEL_IOC_DRIVER_BASE as u32;
        let mut i = 0;
        while i < ioctls.len() {
            let nr = ioctls[i].entry.command & 0xff;
            names::require(
                nr >= next && nr < uapi::ACCEL_IOC_DRIVER_END as u32,
                ioctls[i].entry.name.as_bytes(),
                "ioctl numbers are from 0x40 to 0xbf, ascending and unique",
            );
            next = nr + 1;
            i += 1;
        }
        Self(ioctls)
    }

    /// Returns the table without its types.
    pub(crate) const fn entries(&self) -> &'static [Entry] {
        // SAFETY: `Ioctl` is a transparent wrapper of `Entry`.
        unsafe { core::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len()) }
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
