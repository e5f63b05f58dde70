// SPDX-License-Identifier: GPL-2.0

//! A framework for drivers of compute accelerators.
//!
//! It owns what each such driver needs and what is easily got wrong: the char device and its
//! minor, the lifetimes across unbind and hot-unplug, the ioctl table, and the information that
//! user space can ask for. A driver is a type that implements [`AccelDriver`], bound to a bus by an
//! adapter such as [`pci`]; it needs no unsafe code.
//!
//! # Floors
//!
//! The folders of the crate are its floors. Each uses itself and those below it, which
//! `scripts/floors.py` proves from the sources.
//!
//! ```text
//! bus      from a device on a bus to an accelerator
//! driver   what a driver sees: generic, thin, compiled into its module
//! node     what user space sees: ioctls, topics, mappings, sysfs
//! device   the accelerator, its calls and files, errors, resets, power
//! buffers  what a handle stands for, and who has it mapped
//! memory   what buffers are made of
//! base     mechanisms that need no device: gate, waiting, fences
//! sys      the C side
//! ```
//!
//! From `node` down, nothing is generic: these floors hold a driver as a table of functions, and
//! use it only behind the gate of a device. So an open file never points into a driver's module,
//! and the module can go while files are open.

mod base;
mod buffers;
mod bus;
mod device;
mod driver;
mod memory;
mod node;
mod sys;

#[cfg(CONFIG_AUXILIARY_BUS)]
pub use self::bus::auxiliary;
#[cfg(CONFIG_PCI)]
pub use self::bus::pci;
pub use self::{
    base::{
        arrays::{
            ArrayField,
            Arrays,
            HasArrays,
            ARRAY_MAX, //
        },
        awake::Awake,
        eventfd::EventFd,
        handle_table::HandleTable,
        open_policy::OpenPolicy,
        wait::{
            Deadline,
            Waiters, //
        }, //
    },
    bus::{
        dma::Dma,
        faux,
        platform, //
    },
    device::{
        coredump,
        health::Fault,
        notify::Pollers,
        work::Work, //
    },
    driver::{
        buffer,
        context::{
            Context,
            Observer,
            PowerManager,
            Resetter,
            Role,
            User,
            Wake, //
        },
        device::Device,
        engine,
        features,
        fence,
        info,
        ioctl::{
            self,
            Ioctl,
            IoctlTable, //
        },
        prelude,
        timeline,
        AccelDriver,
        Attribute,
        AttributeTable,
        CloseOps,
        DebugFile,
        DebugTable,
        DriverInfo,
        EventKind,
        Features,
        FileOps,
        InterruptOps,
        InterruptThreadOps,
        Irq,
        Mapping,
        MmapOps,
        PowerOps,
        ResetLimit,
        ResetOps,
        StartOps,
        Table,
        UeventName,
        WorkOps, //
    },
    memory::{
        io_range::{
            IoRange,
            MapRequest, //
        },
        io_window::IoWindow, //
    },
    sys::uapi, //
};

use self::{
    base::{
        gate,
        minor,
        queue, //
    },
    node::{
        chardev,
        debugfs, //
    }, //
};
use kernel::prelude::*;

module! {
    type: AccelModule,
    name: "accel",
    authors: ["The accel developers"],
    description: "Framework for compute accelerator drivers",
    license: "GPL",
    imports_ns: ["DMA_BUF"],
    params: {
        passthrough: bool {
            default: true,
            description: "Admit ioctls that pass opaque data to a device (default: Y)",
        },
        max_buffers: u32 {
            default: 1048576,
            description: "How many buffers an open file may have (default: 1048576)",
        },
        max_buffer_bytes: u64 {
            default: 0,
            description: "How many bytes its buffers may have together (default: 0, any number)",
        },
        max_memory_percent: u32 {
            default: 50,
            description: "How much of the system's memory all buffers may have (default: 50)",
        },
    },
}

/// The framework while it is loaded. The class goes before the numbers of its devices.
struct AccelModule {
    _class: chardev::Class,
    _region: chardev::Region,
    _debugfs: debugfs::Root,
    _fences: base::fence::Operations,
    _queues: queue::Queues,
    _faux: faux::Devices,
}

impl kernel::Module for AccelModule {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // SAFETY: Called once, before there are devices.
        unsafe { minor::init() };

        gate::prime_lockdep()?;
        // SAFETY: As above.
        let faux = unsafe { faux::Devices::new() }?;
        let queues = queue::Queues::new()?;
        let region = chardev::Region::new()?;
        Ok(Self {
            _class: chardev::Class::new()?,
            _region: region,
            _debugfs: debugfs::Root::new(),
            _fences: base::fence::Operations::new(),
            _queues: queues,
            _faux: faux,
        })
    }
}
