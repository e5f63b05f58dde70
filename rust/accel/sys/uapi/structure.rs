// SPDX-License-Identifier: GPL-2.0

//! Structures that a driver shares with user space.

use kernel::prelude::*;
use zerocopy::{
    Immutable,
    KnownLayout, //
};

/// What user space and a driver both understand: numbers of a fixed size, arrays of them, and
/// structures that [`uapi_struct!`](crate::uapi_struct) declares.
///
/// Numbers whose size depends on the architecture are not among them, nor are pointers: a 32-bit
/// program passes an address as a `u64`, too.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type that user space shares",
    label = "not shared with user space",
    note = "declare a structure with `uapi_struct! {{ struct Name {{ size: u32, .. }} }}`",
    note = "its members are `u8` to `u64`, `i8` to `i64`, arrays and such structures; \
            an address is a `u64`"
)]
pub trait UapiType: FromBytes + IntoBytes + KnownLayout + Immutable {
    /// Whether it is a `u32`.
    #[doc(hidden)]
    const IS_U32: bool = false;
    /// Whether it is a structure that begins with `size: u32`.
    #[doc(hidden)]
    const BEGINS_WITH_SIZE: bool = false;
}

macro_rules! impl_uapi_type {
    ($($type:ty),*) => {
        $(impl UapiType for $type {})*
    };
}

impl_uapi_type!(u8, u16, u64, i8, i16, i32, i64);

impl UapiType for u32 {
    const IS_U32: bool = true;
}

impl<T: UapiType, const N: usize> UapiType for [T; N] {}

/// Checks, by being called, that `T` may be a member of a structure.
#[doc(hidden)]
pub const fn assert_uapi_type<T: UapiType>() {}

/// Declares structures that user space knows from the driver's C header.
///
/// The layout is that of C. Members that user space cannot share, and holes between them, do not
/// compile: name the padding, and check that it is zero.
///
/// The structure of an [`Ioctl`](crate::Ioctl) begins with `size: u32`; it grows at its end. What
/// such a structure consists of, or points to, and the records of a topic, need no size.
///
/// # Examples
///
/// ```
/// use accel::prelude::*;
///
/// uapi_struct! {
///     /// `struct my_run` of `my_npu.h`.
///     pub(crate) struct Run {
///         size: u32,
///         flags: u32,
///         /// The address of the commands in the memory of the process.
///         commands: u64,
///         range: Range,
///     }
///
///     #[derive(Clone, Copy)]
///     struct Range {
///         start: u64,
///         end: u64,
///     }
/// }
/// ```
#[macro_export]
macro_rules! uapi_struct {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $(
                $(#[$member_attribute:meta])*
                $member_visibility:vis $member:ident: $type:ty
            ),+ $(,)?
        }
    )+) => {
        $(
            $(#[$attribute])*
            #[repr(C)]
            #[derive(
                $crate::uapi::derive::FromBytes,
                $crate::uapi::derive::Immutable,
                $crate::uapi::derive::IntoBytes,
                $crate::uapi::derive::KnownLayout,
            )]
            $visibility struct $name {
                $(
                    $(#[$member_attribute])*
                    $member_visibility $member: $type,
                )+
            }

            const _: () = {
                $($crate::uapi::assert_uapi_type::<$type>();)+
            };

            impl $crate::uapi::UapiType for $name {
                const BEGINS_WITH_SIZE: bool =
                    $crate::uapi_struct!(@begins_with_size $($member: $type),+);
            }
        )+
    };

    (@begins_with_size size: $type:ty $(, $member:ident: $other:ty)*) => {
        <$type as $crate::uapi::UapiType>::IS_U32
    };

    // A structure that has grown begins with what it was.
    (@begins_with_size $first:ident: $type:ty $(, $member:ident: $other:ty)*) => {
        <$type as $crate::uapi::UapiType>::BEGINS_WITH_SIZE
    };
}
