// SPDX-License-Identifier: GPL-2.0

//! The structures and constants of `include/uapi/accel/npu.h`, where they are documented.

use accel::{
    array_field,
    uapi_struct,
    ArrayField,
    EventKind,
    HasArrays, //
};

pub(crate) const ACCEL_NPU_ADDRESSES: u64 = 0x800_0000;
pub(crate) const ACCEL_NPU_USER_RING: u32 = 0x1;
pub(crate) const ACCEL_NPU_WRITE: u32 = 0x1;
pub(crate) const ACCEL_NPU_NOTIFY: u16 = 0x1;
pub(crate) const ACCEL_NPU_MAX_COMMANDS: u32 = 64;
pub(crate) const ACCEL_NPU_MAX_ACCESSES: u32 = 64;
pub(crate) const ACCEL_NPU_MAX_JOBS: usize = 64;
pub(crate) const ACCEL_NPU_IN_FENCE: u32 = 0x1;
pub(crate) const ACCEL_NPU_OUT_FENCE: u32 = 0x2;
pub(crate) const ACCEL_NPU_EVENT_NOTIFY: EventKind = EventKind::new::<0x8000>();
pub(crate) const ACCEL_NPU_EVENT_RESET: EventKind = EventKind::new::<0x8001>();
pub(crate) const ACCEL_NPU_ERROR_RECORD_TWICE: u64 = 0x100;
pub(crate) const ACCEL_NPU_ERROR_RECORD_WRONG: u64 = 0x101;
pub(crate) const ACCEL_NPU_ERROR_CONTEXT_HUNG: u64 = 0x102;
pub(crate) const ACCEL_NPU_ERROR_RESET_HUNG: u64 = 0x103;
pub(crate) const ACCEL_NPU_ERROR_CONTEXT_HALTED: u64 = 0x104;
pub(crate) const ACCEL_NPU_ERROR_GONE: u64 = 0x105;

uapi_struct! {
    /// `ACCEL_NPU_IOC_OPEN`
    pub(crate) struct Open {
        pub(crate) size: u32,
        pub(crate) flags: u32,
        pub(crate) ring: u32,
        pub(crate) order: u32,
        pub(crate) coalesce: u32,
        pub(crate) context: u32,
    }

    /// `ACCEL_NPU_IOC_MAP`
    pub(crate) struct Map {
        pub(crate) size: u32,
        pub(crate) handle: u32,
        pub(crate) flags: u32,
        pub(crate) reserved: u32,
        pub(crate) address: u64,
        pub(crate) offset: u64,
        pub(crate) len: u64,
    }

    /// `ACCEL_NPU_IOC_UNMAP`
    pub(crate) struct Unmap {
        pub(crate) size: u32,
        pub(crate) reserved: u32,
        pub(crate) address: u64,
    }

    /// `struct accel_npu_command`
    #[derive(Clone, Copy)]
    pub(crate) struct Command {
        pub(crate) code: u16,
        pub(crate) flags: u16,
        pub(crate) sequence: u32,
        pub(crate) source: u64,
        pub(crate) destination: u64,
        pub(crate) length: u32,
        pub(crate) parameter: u32,
        pub(crate) second: u64,
        pub(crate) rows: u16,
        pub(crate) columns: u16,
        pub(crate) inner: u16,
        pub(crate) shift: u8,
        pub(crate) output: u8,
        pub(crate) reserved: [u64; 2],
    }

    /// `struct accel_npu_access`
    pub(crate) struct Accessed {
        pub(crate) handle: u32,
        pub(crate) flags: u32,
    }

    /// `ACCEL_NPU_IOC_SUBMIT`
    pub(crate) struct Submit {
        pub(crate) size: u32,
        pub(crate) flags: u32,
        pub(crate) commands_ptr: u64,
        pub(crate) accesses_ptr: u64,
        pub(crate) commands_count: u32,
        pub(crate) accesses_count: u32,
        pub(crate) in_fence: i32,
        pub(crate) out_fence: i32,
        pub(crate) timeout_ms: u32,
        pub(crate) reserved: u32,
        pub(crate) job: u64,
    }

    /// `ACCEL_NPU_IOC_WAIT`
    pub(crate) struct Wait {
        pub(crate) size: u32,
        pub(crate) timeout_ms: u32,
        pub(crate) job: u64,
        pub(crate) error: i32,
        pub(crate) status: u32,
        pub(crate) address: u64,
        pub(crate) command: u32,
        pub(crate) reserved: u32,
        pub(crate) deadline_ns: u64,
    }

    /// `struct accel_npu_counters`
    pub(crate) struct Counters {
        pub(crate) commands: u64,
        pub(crate) bytes_read: u64,
        pub(crate) bytes_written: u64,
        pub(crate) macs: u64,
        pub(crate) context_resets: u64,
        pub(crate) records_twice: u64,
        pub(crate) late_interrupts: u64,
    }
}

impl HasArrays for Submit {
    type Arrays<'a> = (&'a [Command], &'a [Accessed]);
    const FIELDS: &'static [ArrayField] = &[
        array_field!(Submit, commands_ptr, commands_count, ACCEL_NPU_MAX_COMMANDS),
        array_field!(Submit, accesses_ptr, accesses_count, ACCEL_NPU_MAX_ACCESSES),
    ];
}
