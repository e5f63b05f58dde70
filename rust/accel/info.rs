// SPDX-License-Identifier: GPL-2.0

//! The information ioctl: topics, and the protocol by which their records reach user space.

use kernel::{
    prelude::*,
    uaccess::{
        UserSlice,
        UserSliceWriter, //
    },
};

use crate::{
    context::Call,
    dispatch::CORE_IOCTLS,
    driver::DriverOps,
    ffi,
    ioctl::Entry,
    uapi::*, //
};

/// Handles `ACCEL_IOC_INFO`. Accepts any call.
pub(crate) fn ioctl(call: Call<'_>, args: &mut [u8]) -> Result {
    let args = accel_info::mut_from_bytes(args).map_err(|_| EINVAL)?;
    if args.flags != 0 || args.count != 0 {
        return Err(EINVAL);
    }

    let topic = Topic::try_from(args.topic)?;
    let window = Window::new(topic.count(&call), topic.record_size(), args)?;

    // CAST: A pointer of user space fits; if it does not, it is not one.
    let data = UserPtr::from_addr(usize::try_from(args.data_ptr).map_err(|_| EFAULT)?);
    let mut out = Output {
        writer: UserSlice::new(data, window.bytes()).writer(),
        stride: window.stride,
    };
    for index in window.records() {
        topic.write(&call, index, &mut out)?;
    }

    args.data_len = window.wanted;
    args.record_size = topic.record_size();
    args.count = window.count;
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
        let room = args.data_len / u64::from(stride);

        Ok(Self {
            first,
            // CAST: At most `available`.
            count: room.min(available.into()) as u32,
            stride,
            wanted: u64::from(available) * u64::from(stride),
        })
    }

    fn records(&self) -> core::ops::Range<u32> {
        self.first..self.first + self.count
    }

    /// Returns how many bytes are written.
    fn bytes(&self) -> usize {
        self.count as usize * self.stride as usize
    }
}

/// Where records go: an array in user space whose stride is the caller's.
struct Output {
    writer: UserSliceWriter,
    stride: u32,
}

impl Output {
    /// Writes one record, cut or filled up to the stride.
    fn push(&mut self, record: impl IntoBytes + zerocopy::Immutable) -> Result {
        let stride = self.stride as usize;
        let bytes = record.as_bytes();
        let bytes = &bytes[..bytes.len().min(stride)];
        self.writer.write_slice(bytes)?;

        let mut left = stride - bytes.len();
        let zeros = [0; 64];
        while left > 0 {
            let n = left.min(zeros.len());
            self.writer.write_slice(&zeros[..n])?;
            left -= n;
        }
        Ok(())
    }
}

/// The topics; see `enum accel_info_topic_id`.
#[derive(Clone, Copy)]
enum Topic {
    List,
    Device,
    Driver,
    Status,
    Uapi,
}

impl TryFrom<u32> for Topic {
    type Error = Error;

    fn try_from(topic: u32) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|candidate| candidate.id() == topic)
            .ok_or(EINVAL)
    }
}

impl Topic {
    const ALL: [Self; 5] = [
        Self::List,
        Self::Device,
        Self::Driver,
        Self::Status,
        Self::Uapi,
    ];

    fn id(self) -> u32 {
        match self {
            Self::List => ACCEL_INFO_LIST,
            Self::Device => ACCEL_INFO_DEVICE,
            Self::Driver => ACCEL_INFO_DRIVER,
            Self::Status => ACCEL_INFO_STATUS,
            Self::Uapi => ACCEL_INFO_UAPI,
        }
    }

    /// Returns the size of a record in bytes.
    fn record_size(self) -> u32 {
        let size = match self {
            Self::List => size_of::<accel_info_topic>(),
            Self::Device => size_of::<accel_info_device>(),
            Self::Driver => size_of::<accel_info_driver>(),
            Self::Status => size_of::<accel_info_status>(),
            Self::Uapi => size_of::<accel_info_ioctl>(),
        };
        // CAST: A record is far smaller than 4 GiB.
        size as u32
    }

    /// Returns how many records there are.
    fn count(self, call: &Call<'_>) -> u32 {
        match self {
            // CAST: Both are lengths of small tables.
            Self::List => Self::ALL.len() as u32,
            Self::Uapi => (CORE_IOCTLS.len() + ops(call).ioctls.len()) as u32,
            Self::Device | Self::Driver | Self::Status => 1,
        }
    }

    fn write(self, call: &Call<'_>, index: u32, out: &mut Output) -> Result {
        match self {
            Self::List => out.push(Self::ALL[index as usize].describe(call)),
            Self::Device => out.push(device(call)),
            Self::Driver => out.push(driver(call)),
            Self::Status => out.push(status(call)),
            Self::Uapi => {
                let mut entries = Iterator::chain(CORE_IOCTLS.iter(), ops(call).ioctls);
                out.push(describe_ioctl(entries.nth(index as usize).ok_or(EINVAL)?))
            }
        }
    }

    fn describe(self, call: &Call<'_>) -> accel_info_topic {
        accel_info_topic {
            topic: self.id(),
            record_size: self.record_size(),
            count: self.count(call),
            reserved: 0,
        }
    }
}

fn ops<'a>(call: &'a Call<'_>) -> &'a DriverOps {
    // SAFETY: The call is inside the gate, and is borrowed meanwhile.
    unsafe { call.core.ops() }
}

fn device(call: &Call<'_>) -> accel_info_device {
    let ids = &call.core.ids;
    let parent = call.core.parent();

    accel_info_device {
        minor: call.core.minor.number(),
        vendor: ids.vendor,
        device: ids.device,
        subsystem_vendor: ids.subsystem_vendor,
        subsystem_device: ids.subsystem_device,
        revision: ids.revision,
        numa_node: ffi::numa_node(parent),
        reserved: 0,
        bus: text(ffi::bus_name(parent).to_bytes()),
        address: text(parent.name().to_bytes()),
    }
}

fn driver(call: &Call<'_>) -> accel_info_driver {
    let info = &ops(call).info;

    accel_info_driver {
        name: text(info.name.as_bytes()),
        version: text(info.version.as_bytes()),
        user_space_url: text(info.user_space_url.as_bytes()),
        user_space_license: text(info.user_space_license.as_bytes()),
        documentation_url: text(info.documentation_url.as_bytes()),
    }
}

fn status(call: &Call<'_>) -> accel_info_status {
    let (users, observers) = call.core.files.lock().counts();

    accel_info_status {
        // Whoever gets here is inside the gate, so the device is not gone.
        state: ACCEL_STATE_RUNNING,
        users,
        observers,
        reserved: 0,
        registered_ns: call.core.registered_ns,
    }
}

fn describe_ioctl(entry: &Entry) -> accel_info_ioctl {
    accel_info_ioctl {
        command: entry.command,
        size: entry.size,
        min_size: entry.min_size,
        flags: entry.flags,
        name: text(entry.name.as_bytes()),
        description: text(entry.description.as_bytes()),
    }
}

/// Returns `source` as a C string in an array, cut to fit.
fn text<const N: usize>(source: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    let len = source.len().min(N - 1);
    array[..len].copy_from_slice(&source[..len]);
    array
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

    #[test]
    fn text_is_terminated() {
        assert_eq!(text::<4>(b""), *b"\0\0\0\0");
        assert_eq!(text::<4>(b"abc"), *b"abc\0");
        assert_eq!(text::<4>(b"abcd"), *b"abc\0");
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
