// SPDX-License-Identifier: GPL-2.0

//! A framework for drivers of compute accelerators.
//!
//! It owns what each such driver needs and what is easily got wrong: the char device and its
//! minor, the lifetimes against unbind and hot-unplug, the ioctl table, and the information that
//! user space can ask for. A driver is a type that implements [`AccelDriver`], bound to a bus by an
//! adapter such as [`pci`]; it needs no unsafe code.
//!
//! # Layers
//!
//! Each uses only those below it.
//!
//! - [`pci`], [`platform`], [`auxiliary`], [`faux`]: adapters from a bus to a registration
//! - `registration`, [`Device`], [`AccelDriver`], [`Context`]: what a driver sees; generic and thin
//! - `chardev`, `dispatch`, `file`, [`info`], `events`, `debugfs`, `fdinfo`, `hwmon`, `sysfs`,
//!   `trace`, `uevent`: what user space sees; not generic
//! - [`coredump`]: what is kept of an error
//! - `health`, `reset`, `watchdog`: errors of a device, and what is done about them
//! - `power`: when a device is asleep
//! - `notify`, `pollers`: what those are told who look on
//! - [`buffer`], `mapping`, `address_space`: memory that processes share with a device
//! - [`engine`], `work`, [`fence`], `background`: work that goes on when a call has returned
//! - `gate`, `visit`, `state`, `wait`, `queue`, `task`, `rate_limit`, `minor`, `numbers`, `client`,
//!   `open_policy`, `names`, [`ioctl`], `args`, `arrays`, `charge`: mechanisms
//! - [`uapi`], `ffi`: the C side
//!
//! The lower layers are not generic: they hold a driver as a table of functions, and use it only
//! behind the gate of a device. So an open file never points into a driver's module, and the
//! module can go while files are open.

mod address_space;
mod args;
mod arrays;
#[cfg(CONFIG_AUXILIARY_BUS)]
pub mod auxiliary;
mod awake;
mod background;
pub mod buffer;
mod call;
mod chardev;
mod charge;
mod client;
mod context;
pub mod coredump;
mod debugfs;
mod device;
mod dispatch;
mod driver;
pub mod engine;
mod events;
pub mod faux;
mod fdinfo;
pub mod fence;
mod ffi;
mod file;
mod gate;
mod health;
mod hwmon;
pub mod info;
mod interrupts;
mod io_range;
pub mod ioctl;
mod mapping;
mod minor;
mod names;
mod notify;
mod numbers;
mod open_policy;
mod ops;
mod passthrough;
#[cfg(CONFIG_PCI)]
pub mod pci;
pub mod platform;
mod pollers;
mod power;
pub mod prelude;
mod queue;
mod rate_limit;
mod records;
mod registration;
mod reset;
mod state;
mod sysfs;
mod task;
mod trace;
pub mod uapi;
mod uevent;
mod visit;
mod wait;
mod watchdog;
mod work;

pub use self::{
    arrays::{
        ArrayField,
        Arrays,
        HasArrays,
        ARRAY_MAX, //
    },
    awake::Awake,
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
    driver::{
        AccelDriver,
        Attribute,
        AttributeTable,
        DebugFile,
        DebugTable,
        DriverInfo,
        EventKind,
        File,
        Power,
        Reset, //
    },
    health::Fault,
    ioctl::{
        Ioctl,
        IoctlTable, //
    },
    open_policy::OpenPolicy,
    pollers::Pollers,
    wait::{
        Deadline,
        Waiters, //
    },
    work::Work, //
};
pub use crate::io_range::{
    IoRange,
    MapRequest, //
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
    _fences: fence::Operations,
    _queues: queue::Queues,
    _faux: faux::Devices,
}

impl kernel::Module for AccelModule {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // SAFETY: Called once, before there are devices.
        unsafe { minor::init() };

        gate::teach_lockdep()?;
        // SAFETY: As above.
        let faux = unsafe { faux::Devices::new() }?;
        let queues = queue::Queues::new()?;
        let region = chardev::Region::new()?;
        Ok(Self {
            _class: chardev::Class::new()?,
            _region: region,
            _debugfs: debugfs::Root::new(),
            _fences: fence::Operations::new(),
            _queues: queues,
            _faux: faux,
        })
    }
}
