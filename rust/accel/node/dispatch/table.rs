// SPDX-License-Identifier: GPL-2.0

//! The ioctls of the framework.

use kernel::prelude::*;

use crate::{
    device::{
        call::Call,
        events,
        ops::ioctl::{
            Entry,
            Handler, //
        }, //
    },
    node::{
        buffers,
        info,
        timelines, //
    },
    sys::uapi, //
};

/// Makes the entry of an ioctl of the framework, which users may call on every device: `$handler`
/// takes the structure `$Args`.
///
/// What calls it is made here and not by a function that is generic over the handler, as for
/// drivers: in one that is not known by name, the compiler copies the call.
macro_rules! core_ioctl {
    ($nr:literal, $name:literal, $handler:path: $Args:ty, $description:literal) => {{
        fn call_typed(call: Call<'_>, args: &mut [u8]) -> Result {
            $handler(call, <$Args>::mut_from_bytes(args).map_err(|_| EINVAL)?)
        }
        Entry::new::<$Args>($nr, $name, $description, Handler::Plain(call_typed))
    }};
}

/// The ioctls of the framework, in the order of their numbers.
pub(super) static CORE_IOCTLS: [Entry; 19] = [
    core_ioctl!(
        0x00,
        "ACCEL_IOC_INFO",
        info::ioctl: uapi::accel_info,
        "Asks for information about the device, by topic"
    )
    .for_observers(),
    core_ioctl!(
        0x01,
        "ACCEL_IOC_BO_CREATE",
        buffers::create: uapi::accel_bo_create,
        "Creates a buffer"
    ),
    core_ioctl!(
        0x02,
        "ACCEL_IOC_BO_INFO",
        buffers::info: uapi::accel_bo_info,
        "Tells what a buffer is"
    ),
    core_ioctl!(
        0x03,
        "ACCEL_IOC_BO_CLOSE",
        buffers::close: uapi::accel_bo_close,
        "Gives up the handle of a buffer"
    )
    .input_only(),
    core_ioctl!(
        0x04,
        "ACCEL_IOC_BO_MMAP_OFFSET",
        buffers::mmap_offset: uapi::accel_bo_mmap_offset,
        "Tells where in the file a buffer can be mapped"
    ),
    core_ioctl!(
        0x05,
        "ACCEL_IOC_BO_USERPTR",
        buffers::user_memory: uapi::accel_bo_userptr,
        "Makes a buffer of memory of the process"
    ),
    core_ioctl!(
        0x06,
        "ACCEL_IOC_BO_EXPORT",
        buffers::export: uapi::accel_bo_export,
        "Makes a dma-buf of a buffer"
    ),
    core_ioctl!(
        0x07,
        "ACCEL_IOC_BO_IMPORT",
        buffers::import: uapi::accel_bo_import,
        "Makes a buffer of a dma-buf"
    ),
    core_ioctl!(
        0x10,
        "ACCEL_IOC_EVENTS",
        events::ioctl: uapi::accel_events,
        "Subscribes to events, which read() then returns"
    )
    .input_only()
    .for_observers(),
    core_ioctl!(
        0x20,
        "ACCEL_IOC_TIMELINE_CREATE",
        timelines::create: uapi::accel_timeline_create,
        "Creates a timeline"
    ),
    core_ioctl!(
        0x21,
        "ACCEL_IOC_TIMELINE_CLOSE",
        timelines::close: uapi::accel_timeline_close,
        "Gives up the handle of a timeline"
    )
    .input_only(),
    core_ioctl!(
        0x22,
        "ACCEL_IOC_TIMELINE_QUERY",
        timelines::query: uapi::accel_timeline_query,
        "Tells how far a timeline has come"
    ),
    core_ioctl!(
        0x23,
        "ACCEL_IOC_TIMELINE_SIGNAL",
        timelines::signal: uapi::accel_timeline_signal,
        "Signals a point of a timeline"
    )
    .input_only(),
    core_ioctl!(
        0x24,
        "ACCEL_IOC_TIMELINE_WAIT",
        timelines::wait: uapi::accel_timeline_wait,
        "Waits for points of timelines"
    ),
    core_ioctl!(
        0x25,
        "ACCEL_IOC_TIMELINE_EXPORT",
        timelines::export: uapi::accel_timeline_export,
        "Makes a descriptor of a timeline"
    ),
    core_ioctl!(
        0x26,
        "ACCEL_IOC_TIMELINE_IMPORT",
        timelines::import: uapi::accel_timeline_import,
        "Makes a handle of a descriptor of a timeline"
    ),
    core_ioctl!(
        0x27,
        "ACCEL_IOC_TIMELINE_ATTACH",
        timelines::attach: uapi::accel_timeline_attach,
        "Has the fence of a sync_file signal a point"
    )
    .input_only(),
    core_ioctl!(
        0x28,
        "ACCEL_IOC_TIMELINE_SYNC_FILE",
        timelines::sync_file: uapi::accel_timeline_sync_file,
        "Makes a sync_file of a point"
    ),
    core_ioctl!(
        0x29,
        "ACCEL_IOC_TIMELINE_EVENTFD",
        timelines::eventfd: uapi::accel_timeline_eventfd,
        "Has an eventfd signalled with a point"
    )
    .input_only(),
];
