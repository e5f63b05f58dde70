// SPDX-License-Identifier: GPL-2.0

//! Arrays that the structure of an ioctl points to.
//!
//! A driver declares them in its table of ioctls, and its handler gets them as slices. The copies
//! from and to user space, which may take as long as user space pleases, are made by the core
//! function that calls the handler: outside of the gate, so they hold up neither a removal nor a
//! reset; and with none of the driver's code in the call, so they do not hold up the removal of its
//! module either.

mod array;

use core::mem::align_of;
use kernel::{
    prelude::*,
    uaccess::UserSlice, //
};

pub(crate) use self::array::Array;

use crate::sys::{
    ffi,
    uapi::UapiType, //
};

/// The largest array that an ioctl may take, in bytes. Larger data goes by buffers.
pub const ARRAY_MAX: usize = 1 << 20;

/// How many arrays an ioctl may take.
pub(crate) const MAX_ARRAYS: usize = 3;

/// The structure of an ioctl that points to arrays.
///
/// Each array has two members in the structure: a `u64` with its address in user space, and a `u32`
/// with the number of its elements. If that is zero, the address is not looked at; if it is larger
/// than [`array_field!`](crate::array_field) says, the error is `E2BIG`, and if the memory cannot
/// be accessed, `EFAULT`. `ENOMEM` if there is no memory for a copy.
///
/// # Examples
///
/// ```
/// use accel::{array_field, prelude::*, ArrayField, HasArrays};
///
/// uapi_struct! {
///     struct Squares {
///         size: u32,
///         count: u32,
///         numbers_ptr: u64,
///         squares_ptr: u64,
///     }
/// }
///
/// impl HasArrays for Squares {
///     type Arrays<'a> = (&'a [u32], &'a mut [u32]);
///     const FIELDS: &'static [ArrayField] = &[
///         array_field!(Squares, numbers_ptr, count, 1024),
///         array_field!(Squares, squares_ptr, count, 1024),
///     ];
/// }
///
/// fn squares<T: AccelDriver>(
///     _ctx: Context<'_, T>,
///     _args: &mut Squares,
///     (numbers, squares): (&[u32], &mut [u32]),
/// ) -> Result {
///     for (square, number) in squares.iter_mut().zip(numbers) {
///         *square = number.wrapping_mul(*number);
///     }
///     Ok(())
/// }
/// ```
pub trait HasArrays: UapiType {
    /// What the handler is given: `&[E]` for an array that it reads, `&mut [E]` for one that it
    /// fills. That is full of zeros at first, or has what is in user space if the field is
    /// [`changed`](ArrayField::changed), and is written to user space if the handler succeeds. A
    /// tuple of these if there are two or three.
    type Arrays<'a>: Arrays<'a>;

    /// Where the structure has the address and the length of each.
    const FIELDS: &'static [ArrayField];
}

/// Where a structure has the address and the length of an array, and how long that may be. Made by
/// [`array_field!`](crate::array_field).
#[derive(Clone, Copy)]
pub struct ArrayField {
    pointer: usize,
    count: usize,
    max: u32,
    /// What the handler fills has at first what is in user space.
    is_changed: bool,
}

impl ArrayField {
    #[doc(hidden)]
    pub const fn new(pointer: usize, count: usize, max: u32) -> Self {
        Self {
            pointer,
            count,
            max,
            is_changed: false,
        }
    }

    /// Says that the array is changed: the handler, which gets it as `&mut [E]`, finds in it what
    /// is in user space, rather than zeros.
    ///
    /// # Examples
    ///
    /// ```
    /// use accel::{array_field, prelude::*, ArrayField, HasArrays};
    ///
    /// uapi_struct! {
    ///     struct Sort {
    ///         size: u32,
    ///         count: u32,
    ///         numbers_ptr: u64,
    ///     }
    /// }
    ///
    /// impl HasArrays for Sort {
    ///     type Arrays<'a> = &'a mut [u32];
    ///     const FIELDS: &'static [ArrayField] =
    ///         &[array_field!(Sort, numbers_ptr, count, 1024).changed()];
    /// }
    ///
    /// fn sort<T: AccelDriver>(_: Context<'_, T>, _: &mut Sort, numbers: &mut [u32]) -> Result {
    ///     numbers.sort_unstable();
    ///     Ok(())
    /// }
    /// ```
    pub const fn changed(mut self) -> Self {
        self.is_changed = true;
        self
    }
}

/// Says that the structure `$args` has the address of an array in the member `$pointer`, a `u64`,
/// and the number of its elements in `$count`, a `u32`, which may be at most `$max`. See
/// [`HasArrays`].
#[macro_export]
macro_rules! array_field {
    ($args:ty, $pointer:ident, $count:ident, $max:expr) => {{
        const _: fn(&$args) -> (&u64, &u32) = |args| (&args.$pointer, &args.$count);
        $crate::ArrayField::new(
            ::core::mem::offset_of!($args, $pointer),
            ::core::mem::offset_of!($args, $count),
            $max,
        )
    }};
}

/// The arrays of a handler: slices, or a tuple of them.
pub trait Arrays<'a>: sealed::Arrays<'a> {}

impl<'a, S: sealed::Arrays<'a>> Arrays<'a> for S {}

mod sealed {
    use super::*;

    /// What is known of the elements of an array.
    #[derive(Clone, Copy)]
    pub struct Element {
        pub(crate) size: usize,
        pub(crate) is_result: bool,
    }

    impl Element {
        const fn new<E>(is_result: bool) -> Self {
            assert!(
                align_of::<E>() <= align_of::<u64>(),
                "the elements of an array are aligned as a u64 at most"
            );
            Self {
                size: size_of::<E>(),
                is_result,
            }
        }
    }

    /// One array.
    pub trait Slice<'a>: Sized {
        const ELEMENT: Element;

        fn of(array: &'a mut Array) -> Result<Self>;
    }

    impl<'a, E: UapiType> Slice<'a> for &'a [E] {
        const ELEMENT: Element = Element::new::<E>(false);

        fn of(array: &'a mut Array) -> Result<Self> {
            <[E]>::ref_from_bytes(array.bytes_mut()).map_err(|_| EINVAL)
        }
    }

    impl<'a, E: UapiType> Slice<'a> for &'a mut [E] {
        const ELEMENT: Element = Element::new::<E>(true);

        fn of(array: &'a mut Array) -> Result<Self> {
            <[E]>::mut_from_bytes(array.bytes_mut()).map_err(|_| EINVAL)
        }
    }

    /// All arrays.
    pub trait Arrays<'a>: Sized {
        const ELEMENTS: &'static [Element];

        fn of(arrays: &'a mut [Array]) -> Result<Self>;
    }

    impl<'a, E: UapiType> Arrays<'a> for &'a [E] {
        const ELEMENTS: &'static [Element] = &[Self::ELEMENT];

        fn of(arrays: &'a mut [Array]) -> Result<Self> {
            Slice::of(arrays.first_mut().ok_or(EINVAL)?)
        }
    }

    impl<'a, E: UapiType> Arrays<'a> for &'a mut [E] {
        const ELEMENTS: &'static [Element] = &[Self::ELEMENT];

        fn of(arrays: &'a mut [Array]) -> Result<Self> {
            Slice::of(arrays.first_mut().ok_or(EINVAL)?)
        }
    }

    impl<'a, A: Slice<'a>, B: Slice<'a>> Arrays<'a> for (A, B) {
        const ELEMENTS: &'static [Element] = &[A::ELEMENT, B::ELEMENT];

        fn of(arrays: &'a mut [Array]) -> Result<Self> {
            match arrays {
                [a, b, ..] => Ok((A::of(a)?, B::of(b)?)),
                _ => Err(EINVAL),
            }
        }
    }

    impl<'a, A: Slice<'a>, B: Slice<'a>, C: Slice<'a>> Arrays<'a> for (A, B, C) {
        const ELEMENTS: &'static [Element] = &[A::ELEMENT, B::ELEMENT, C::ELEMENT];

        fn of(arrays: &'a mut [Array]) -> Result<Self> {
            match arrays {
                [a, b, c] => Ok((A::of(a)?, B::of(b)?, C::of(c)?)),
                _ => Err(EINVAL),
            }
        }
    }
}

/// Returns the arrays of an ioctl as its handler wants them.
pub(crate) fn typed<A: HasArrays>(arrays: &mut [Array; MAX_ARRAYS]) -> Result<A::Arrays<'_>> {
    sealed::Arrays::of(arrays)
}

/// An array as far as its types are not needed.
#[derive(Clone, Copy)]
struct Shape {
    field: ArrayField,
    element: sealed::Element,
}

/// The arrays of an ioctl.
#[derive(Clone, Copy)]
pub(crate) struct Shapes([Option<Shape>; MAX_ARRAYS]);

impl Shapes {
    /// An ioctl without arrays.
    pub(crate) const NONE: Self = Self([None; MAX_ARRAYS]);

    /// Returns those that the structure `A` points to.
    pub(crate) const fn of<A: HasArrays>() -> &'static Self {
        const { &Self::new::<A>() }
    }

    const fn new<A: HasArrays>() -> Self {
        let elements = <A::Arrays<'static> as sealed::Arrays<'static>>::ELEMENTS;
        let fields = A::FIELDS;
        assert!(
            elements.len() == fields.len(),
            "each array has a field of its own"
        );
        let mut shapes = [None; MAX_ARRAYS];
        let mut i = 0;
        while i < fields.len() {
            let bytes = (fields[i].max as usize).checked_mul(elements[i].size);
            assert!(
                matches!(bytes, Some(..=ARRAY_MAX)),
                "an array has at most 1 MiB"
            );
            assert!(
                elements[i].is_result || !fields[i].is_changed,
                "an array that is changed is a slice that can be"
            );
            shapes[i] = Some(Shape {
                field: fields[i],
                element: elements[i],
            });
            i += 1;
        }
        Self(shapes)
    }

    /// Copies the arrays that the structure `args` points to from user space, as far as the handler
    /// reads them, and makes room for the others. To be called outside of the gate.
    pub(crate) fn read(&self, args: &[u8]) -> Result<[Array; MAX_ARRAYS]> {
        let mut arrays = [const { Array::EMPTY }; MAX_ARRAYS];
        for (array, shape) in arrays.iter_mut().zip(self.0.iter().flatten()) {
            *array = shape.read(args)?;
        }
        Ok(arrays)
    }

    /// As [`Self::read`], if the handler only reads the arrays, and they are small and at hand.
    /// Returns whether they are. Does not sleep.
    pub(crate) fn read_nofault(&self, args: &[u8], arrays: &mut [Array; MAX_ARRAYS]) -> bool {
        let mut shapes = arrays.iter_mut().zip(self.0.iter().flatten());
        shapes.all(|(array, shape)| shape.read_nofault(args, array).is_ok())
    }
}

impl Shape {
    /// Returns where the array is in user space, and how many bytes it has.
    fn find(&self, args: &[u8]) -> Result<(UserPtr, usize)> {
        let count = u32::read_from_prefix(args.get(self.field.count..).ok_or(EINVAL)?);
        let pointer = u64::read_from_prefix(args.get(self.field.pointer..).ok_or(EINVAL)?);
        let (Ok((count, _)), Ok((pointer, _))) = (count, pointer) else {
            return Err(EINVAL);
        };
        if count > self.field.max {
            return Err(E2BIG);
        }
        let address = match count {
            0 => 0,
            _ => usize::try_from(pointer).map_err(|_| EFAULT)?,
        };
        let user = UserPtr::from_addr(address);
        Ok((user, count as usize * self.element.size))
    }

    fn read(&self, args: &[u8]) -> Result<Array> {
        let (user, len) = self.find(args)?;
        if len == 0 {
            return Ok(Array::EMPTY);
        }
        let result_at = self.element.is_result.then_some(user);
        let mut array = Array::zeroed(len, result_at)?;
        if !self.element.is_result || self.field.is_changed {
            UserSlice::new(user, len)
                .reader()
                .read_slice(array.bytes_mut())?;
        }
        Ok(array)
    }

    /// See [`Shapes::read_nofault`].
    #[inline]
    fn read_nofault(&self, args: &[u8], array: &mut Array) -> Result {
        let (user, len) = self.find(args)?;
        match self.element.is_result {
            true => Err(EINVAL),
            false => array.fill(len, |room| ffi::copy_from_user_nofault(room, user)),
        }
    }
}
