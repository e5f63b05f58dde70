// SPDX-License-Identifier: GPL-2.0

//! The information ioctl: the protocol by which the records of a topic reach user space.

mod topic;

use kernel::{
    prelude::*,
    uaccess::{
        UserSlice,
        UserSliceWriter, //
    },
};

use crate::{
    device::call::Call,
    sys::{
        ffi,
        uapi::{
            accel_info,
            ACCEL_INFO_STATUS,
            ACCEL_INFO_USAGE, //
        }, //
    }, //
};

/// Handles `ACCEL_IOC_INFO`.
pub(crate) fn ioctl(call: Call<'_>, args: &mut accel_info) -> Result {
    if args.flags != 0 || args.count != 0 {
        return Err(EINVAL);
    }

    // To write user memory may take as long as user space pleases, so the gate is left before.
    match args.topic {
        // What is asked for often needs no memory of its own.
        ACCEL_INFO_STATUS => {
            let record = topic::status(&call)?;
            drop(call);
            reply(args, record.as_bytes(), size_of_val(&record))
        }
        ACCEL_INFO_USAGE => {
            let record = topic::usage(&call);
            drop(call);
            reply(args, record.as_bytes(), size_of_val(&record))
        }
        _ => reply_list(call, args),
    }
}

/// Handles a topic with a list of records.
#[inline(never)]
fn reply_list(call: Call<'_>, args: &mut accel_info) -> Result {
    let records = topic::records(&call, args.topic)?;
    drop(call);
    let (bytes, record_size) = records.as_parts();
    reply(args, bytes, record_size)
}

/// Writes those records out of `bytes` that `args` asks for.
#[inline(always)]
fn reply(args: &mut accel_info, bytes: &[u8], record_size: usize) -> Result {
    let total = bytes.len().checked_div(record_size).unwrap_or(0);
    // CAST: Records are small, and their number is limited by memory.
    let window = Window::new(total as u32, record_size as u32, args)?;

    let data = UserPtr::from_addr(usize::try_from(args.data_ptr).map_err(|_| EFAULT)?);
    let start = window.first as usize * record_size;
    let end = start + window.count as usize * record_size;
    let records = bytes.get(start..end).ok_or(EINVAL)?;
    if window.stride as usize == record_size {
        ffi::copy_to_user(data, records)?;
    } else {
        write_strided(data, records, record_size, &window)?;
    }

    args.data_len = window.wanted;
    args.record_size = record_size as u32;
    args.count = window.count;
    Ok(())
}

/// Writes records that user space has more or less room for than they have bytes.
#[cold]
fn write_strided(data: UserPtr, records: &[u8], record_size: usize, window: &Window) -> Result {
    let mut writer = UserSlice::new(data, window.bytes()).writer();
    for record in records.chunks_exact(record_size) {
        write_record(&mut writer, record, window.stride as usize)?;
    }
    Ok(())
}

/// Writes one record, cut or filled up to the stride.
fn write_record(writer: &mut UserSliceWriter, record: &[u8], stride: usize) -> Result {
    let record = &record[..record.len().min(stride)];
    writer.write_slice(record)?;

    let mut left = stride - record.len();
    let zeros = [0; 64];
    while left > 0 {
        let n = left.min(zeros.len());
        writer.write_slice(&zeros[..n])?;
        left -= n;
    }
    Ok(())
}

/// The part of a topic that a caller asks for.
#[derive(Debug, PartialEq, Eq)]
struct Window {
    /// The first record.
    first: u32,
    /// How many records are written.
    count: u32,
    /// Bytes from one record to the next.
    stride: u32,
    /// Bytes that all records from the first on would take.
    wanted: u64,
}

impl Window {
    /// The largest distance between records that a caller may ask for.
    const MAX_STRIDE: u32 = 4096;

    fn new(total: u32, record_size: u32, args: &accel_info) -> Result<Self> {
        let stride = match args.record_size {
            0 => record_size,
            1..=Self::MAX_STRIDE => args.record_size,
            _ => return Err(EINVAL),
        };
        let first = args.index.min(total);
        let available = total - first;
        let room = args.data_len.checked_div(stride.into()).unwrap_or(0);

        Ok(Self {
            first,
            // CAST: At most `available`.
            count: room.min(available.into()) as u32,
            stride,
            wanted: u64::from(available) * u64::from(stride),
        })
    }

    /// Returns how many bytes are written.
    fn bytes(&self) -> usize {
        self.count as usize * self.stride as usize
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_info)]
mod tests {
    use super::*;

    #[test]
    fn whole_records_only() {
        for (room, count) in [(0, 0), (15, 0), (16, 1), (31, 1), (48, 3), (1000, 5)] {
            let window = window(5, 0, room, 0).unwrap_or(NOTHING);
            assert_eq!(window.count, count);
            assert_eq!(window.wanted, 80);
        }
    }

    #[test]
    fn records_from_an_index() {
        for (index, count) in [(0, 5), (1, 4), (4, 1), (5, 0), (6, 0), (u32::MAX, 0)] {
            let window = window(5, index, 1000, 0).unwrap_or(NOTHING);
            assert_eq!(window.count, count);
            assert_eq!(window.wanted, u64::from(count) * 16);
        }
    }

    #[test]
    fn strides_of_other_versions() {
        for (record_size, stride, count) in [(0, 16, 5), (8, 8, 5), (32, 32, 3), (4096, 4096, 0)] {
            let window = window(5, 0, 100, record_size).unwrap_or(NOTHING);
            assert_eq!(window.stride, stride);
            assert_eq!(window.count, count);
            assert_eq!(window.wanted, 5 * u64::from(stride));
        }
        assert_eq!(window(5, 0, 100, 4097), Err(EINVAL));
        assert_eq!(window(5, 0, 100, u32::MAX), Err(EINVAL));
    }

    #[test]
    fn no_overflow() {
        let window = window(u32::MAX, 0, u64::MAX, 4096).unwrap_or(NOTHING);
        assert_eq!(window.count, u32::MAX);
        assert_eq!(window.wanted, u64::from(u32::MAX) * 4096);
    }

    const NOTHING: Window = Window {
        first: u32::MAX,
        count: u32::MAX,
        stride: 0,
        wanted: 1,
    };

    /// What a caller gets of `total` records of 16 bytes each.
    fn window(total: u32, index: u32, data_len: u64, record_size: u32) -> Result<Window> {
        let args = accel_info {
            size: size_of::<accel_info>() as u32,
            topic: 0,
            index,
            flags: 0,
            data_ptr: 0,
            data_len,
            record_size,
            count: 0,
        };
        Window::new(total, 16, &args)
    }
}
