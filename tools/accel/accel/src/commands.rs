// SPDX-License-Identifier: GPL-2.0

//! The command that each structure is the argument of.

#![allow(unsafe_code)]

use crate::ioctl::Ioctl;
use crate::{buffer, edu, events, minimal, sim, timeline};

// SAFETY: `include/uapi/accel/accel.h`: begins with its size and has no pointer.
unsafe impl Ioctl for buffer::Create {
    const NR: u8 = 0x01;
    const NAME: &'static str = "ACCEL_IOC_BO_CREATE";
}

// SAFETY: `include/uapi/accel/accel.h`: begins with its size and has no pointer.
unsafe impl Ioctl for buffer::Info {
    const NR: u8 = 0x02;
    const NAME: &'static str = "ACCEL_IOC_BO_INFO";
}

// SAFETY: `include/uapi/accel/accel.h`: begins with its size and has no pointer.
unsafe impl Ioctl for buffer::Close {
    const NR: u8 = 0x03;
    const NAME: &'static str = "ACCEL_IOC_BO_CLOSE";
}

// SAFETY: `include/uapi/accel/accel.h`: begins with its size and has no pointer.
unsafe impl Ioctl for buffer::MmapOffset {
    const NR: u8 = 0x04;
    const NAME: &'static str = "ACCEL_IOC_BO_MMAP_OFFSET";
}

// SAFETY: `include/uapi/accel/accel.h`: begins with its size and has no pointer.
unsafe impl Ioctl for buffer::Export {
    const NR: u8 = 0x06;
    const NAME: &'static str = "ACCEL_IOC_BO_EXPORT";
}

// SAFETY: `include/uapi/accel/accel.h`: begins with its size and has no pointer.
unsafe impl Ioctl for buffer::Import {
    const NR: u8 = 0x07;
    const NAME: &'static str = "ACCEL_IOC_BO_IMPORT";
}

// SAFETY: `include/uapi/accel/accel.h`: begins with its size and has no pointer.
unsafe impl Ioctl for events::Subscribe {
    const NR: u8 = 0x10;
    const NAME: &'static str = "ACCEL_IOC_EVENTS";
}

// SAFETY: `include/uapi/accel/accel.h`: begins with its size and has no pointer.
unsafe impl Ioctl for timeline::Create {
    const NR: u8 = 0x20;
    const NAME: &'static str = "ACCEL_IOC_TIMELINE_CREATE";
}

// SAFETY: `include/uapi/accel/accel.h`: begins with its size and has no pointer.
unsafe impl Ioctl for timeline::Close {
    const NR: u8 = 0x21;
    const NAME: &'static str = "ACCEL_IOC_TIMELINE_CLOSE";
}

// SAFETY: `include/uapi/accel/accel.h`: begins with its size and has no pointer.
unsafe impl Ioctl for timeline::Query {
    const NR: u8 = 0x22;
    const NAME: &'static str = "ACCEL_IOC_TIMELINE_QUERY";
}

// SAFETY: `include/uapi/accel/accel.h`: begins with its size and has no pointer.
unsafe impl Ioctl for timeline::Signal {
    const NR: u8 = 0x23;
    const NAME: &'static str = "ACCEL_IOC_TIMELINE_SIGNAL";
}

// SAFETY: `include/uapi/accel/accel.h`: begins with its size and has no pointer.
unsafe impl Ioctl for timeline::Export {
    const NR: u8 = 0x25;
    const NAME: &'static str = "ACCEL_IOC_TIMELINE_EXPORT";
}

// SAFETY: `include/uapi/accel/accel.h`: begins with its size and has no pointer.
unsafe impl Ioctl for timeline::Import {
    const NR: u8 = 0x26;
    const NAME: &'static str = "ACCEL_IOC_TIMELINE_IMPORT";
}

// SAFETY: `include/uapi/accel/accel.h`: begins with its size and has no pointer.
unsafe impl Ioctl for timeline::Attach {
    const NR: u8 = 0x27;
    const NAME: &'static str = "ACCEL_IOC_TIMELINE_ATTACH";
}

// SAFETY: `include/uapi/accel/accel.h`: begins with its size and has no pointer.
unsafe impl Ioctl for timeline::SyncFile {
    const NR: u8 = 0x28;
    const NAME: &'static str = "ACCEL_IOC_TIMELINE_SYNC_FILE";
}

// SAFETY: `include/uapi/accel/accel.h`: begins with its size and has no pointer.
unsafe impl Ioctl for timeline::Eventfd {
    const NR: u8 = 0x29;
    const NAME: &'static str = "ACCEL_IOC_TIMELINE_EVENTFD";
}

// SAFETY: `include/uapi/accel/edu.h`: begins with its size and has no pointer.
unsafe impl Ioctl for edu::Factorial {
    const NR: u8 = 0x40;
    const NAME: &'static str = "ACCEL_EDU_IOC_FACTORIAL";
}

// SAFETY: `include/uapi/accel/edu.h`: begins with its size and has no pointer.
unsafe impl Ioctl for edu::Liveness {
    const NR: u8 = 0x41;
    const NAME: &'static str = "ACCEL_EDU_IOC_LIVENESS";
}

// SAFETY: `include/uapi/accel/edu.h`: begins with its size and has no pointer.
unsafe impl Ioctl for edu::BufferCopy {
    const NR: u8 = 0x42;
    const NAME: &'static str = "ACCEL_EDU_IOC_COPY";
}

// SAFETY: `include/uapi/accel/edu.h`: begins with its size and has no pointer.
unsafe impl Ioctl for edu::Reset {
    const NR: u8 = 0x43;
    const NAME: &'static str = "ACCEL_EDU_IOC_RESET";
}

// SAFETY: `include/uapi/accel/edu.h`: begins with its size and has no pointer.
unsafe impl Ioctl for edu::SetEventfd {
    const NR: u8 = 0x44;
    const NAME: &'static str = "ACCEL_EDU_IOC_SET_EVENTFD";
}

// SAFETY: `include/uapi/accel/minimal.h`: begins with its size and has no pointer.
unsafe impl Ioctl for minimal::Add {
    const NR: u8 = 0x40;
    const NAME: &'static str = "ACCEL_MINIMAL_IOC_ADD";
}

// SAFETY: `include/uapi/accel/sim.h`: begins with its size and has no pointer. A
// job works on buffers, which are memory of the caller only if it maps them.
unsafe impl Ioctl for sim::Submit {
    const NR: u8 = 0x40;
    const NAME: &'static str = "ACCEL_SIM_IOC_SUBMIT";
}

// SAFETY: `include/uapi/accel/sim.h`: begins with its size and has no pointer.
unsafe impl Ioctl for sim::Wait {
    const NR: u8 = 0x41;
    const NAME: &'static str = "ACCEL_SIM_IOC_WAIT";
}
