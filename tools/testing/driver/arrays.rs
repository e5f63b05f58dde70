// SPDX-License-Identifier: GPL-2.0

//! Ioctls of the test driver that take arrays in each of the ways in which that can be.

use accel::{
    array_field,
    prelude::*,
    ArrayField,
    HasArrays, //
};

use crate::{
    Policy,
    Test, //
};

uapi_struct! {
    /// `struct accel_test_double`
    pub(crate) struct Double {
        size: u32,
        count: u32,
        numbers_ptr: u64,
    }

    /// `struct accel_test_rows`
    pub(crate) struct Rows {
        size: u32,
        count: u32,
        rows_ptr: u64,
        stride: u32,
        reserved: u32,
        sum: u64,
    }

    /// `struct accel_test_row`
    struct Row {
        count: u32,
        reserved: u32,
        numbers_ptr: u64,
    }
}

impl HasArrays for Double {
    type Arrays<'a> = &'a mut [u32];
    const FIELDS: &'static [ArrayField] =
        &[array_field!(Double, numbers_ptr, count, 4096).changed()];
}

pub(crate) fn double<P: Policy>(
    _ctx: Context<'_, Test<P>>,
    _args: &mut Double,
    numbers: &mut [u32],
) -> Result {
    for number in numbers {
        *number = number.checked_mul(2).ok_or(EOVERFLOW)?;
    }
    Ok(())
}

/// Sums the numbers of all rows.
pub(crate) fn sum_rows<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Rows) -> Result {
    if args.reserved != 0 || args.sum != 0 {
        return Err(EINVAL);
    }
    // If this is called again, the structure is as it was.
    args.reserved = 1;
    let stride = args.stride as usize;
    for row in &ctx.read_array::<Row>(args.rows_ptr, args.count as usize, stride)? {
        let numbers = ctx.read_array::<u32>(row.numbers_ptr, row.count as usize, 4)?;
        args.sum += numbers.iter().copied().map(u64::from).sum::<u64>();
    }
    args.reserved = 0;
    Ok(())
}
