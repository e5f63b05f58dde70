// SPDX-License-Identifier: GPL-2.0

//! Accelerator driver for the neural processing unit of `tools/npu`
//! (`Documentation/accel/npu.rst`). It is the reference for PCI devices with firmware, many
//! interrupts, and contexts with rings, which processes can have themselves.

#![forbid(unsafe_code)]

#[path = "npu/calls.rs"]
mod calls;
#[path = "npu/file.rs"]
mod file;
#[path = "npu/firmware.rs"]
mod firmware;
#[path = "npu/health.rs"]
mod health;
#[path = "npu/hwctx.rs"]
mod hwctx;
#[path = "npu/interrupts.rs"]
mod interrupts;
#[path = "npu/job.rs"]
mod job;
#[path = "npu/registers.rs"]
mod registers;
#[path = "npu/ring.rs"]
mod ring;
#[path = "npu/service.rs"]
mod service;
#[path = "npu/space.rs"]
mod space;
#[path = "npu/uapi.rs"]
mod uapi;

use accel::{
    buffer::{
        BufferTable,
        Limits,
        MemoryOps,
        Regions, //
    },
    engine::{
        Engine,
        EngineClass,
        EngineTable, //
    },
    info::{
        Topic,
        TopicTable, //
    },
    pci,
    prelude::*,
    Attribute,
    AttributeTable,
    Dma,
    Features,
    IoRange, //
};
use kernel::device;

use self::{
    firmware::Image,
    health::Health,
    hwctx::HwContext,
    interrupts::MAX_VECTORS,
    registers::{
        ContextId,
        Registers,
        CONTEXTS, //
    }, //
};

struct Npu;

#[pin_data]
struct NpuData<'bound> {
    // The device does not touch what comes after, once these are given up.
    bar: Registers<'bound>,
    parent: &'bound device::Device<device::Bound>,
    #[pin]
    contexts: [HwContext; CONTEXTS],
    firmware: Image,
    health: Health,
    doorbells: IoRange<'bound>,
    memory: IoRange<'bound>,
}

/// How much memory there is for rings that processes have, in bytes.
const COHERENT: u64 = 4 << 20;

const fn context(name: &'static str) -> Engine {
    Engine {
        name,
        class: EngineClass::Compute,
        count: 1,
    }
}

impl AccelDriver for Npu {
    type Data = CovariantForLt!(NpuData<'_>);
    const INFO: DriverInfo = DriverInfo {
        name: "accel_npu",
        version: "1",
        user_space_url: "tools/testing/selftests/accel",
        user_space_license: "GPL-2.0",
        documentation_url: "include/uapi/accel/npu.h",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const BUFFERS: BufferTable<Self> = BufferTable::system(Limits::NONE);
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[
        Ioctl::new(0x40, "ACCEL_NPU_IOC_OPEN", calls::open, "Opens a context").confined(),
        Ioctl::new(0x41, "ACCEL_NPU_IOC_MAP", calls::map, "Maps a buffer"),
        Ioctl::new(0x42, "ACCEL_NPU_IOC_UNMAP", calls::unmap, "Unmaps a buffer"),
        Ioctl::with_arrays(0x43, "ACCEL_NPU_IOC_SUBMIT", calls::submit, "Submits a job").confined(),
        Ioctl::new(0x44, "ACCEL_NPU_IOC_WAIT", calls::wait, "Waits for a job"),
    ]);
    const ENGINES: EngineTable = EngineTable::new(&[
        context("context0"),
        context("context1"),
        context("context2"),
        context("context3"),
    ]);
    const TOPICS: TopicTable<Self> = TopicTable::new(&[Topic::new(0x8000, health::counters)]);
    const ATTRIBUTES: AttributeTable<Self> =
        AttributeTable::new(&[
            Attribute::new(c"timeout_ms", health::timeout_ms).store(health::set_timeout_ms)
        ]);
    const FEATURES: Features<Self> = Features::none()
        .close()
        .file()
        .info()
        .interrupts()
        .memory()
        .mmap()
        .reset()
        .start()
        .work();
}

impl MemoryOps for Npu {
    fn memory(data: &NpuData<'_>, regions: &mut Regions<'_>) -> Result {
        regions.add(c"device", data.memory)?;
        regions.add_coherent(c"coherent", COHERENT)
    }
}

kernel::pci_device_table!(
    PCI_TABLE,
    <Npu as pci::Driver>::IdInfo,
    [(pci::device_id(0x1234, 0x4e50), ())]
);

impl pci::Driver for Npu {
    type IdInfo = ();
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn dma(_info: Option<&()>) -> Dma {
        Dma::bits(40)
    }

    fn probe<'bound>(
        pdev: &'bound pci::Device<'_>,
        _info: Option<&Self::IdInfo>,
    ) -> impl PinInit<NpuData<'bound>, Error> + 'bound {
        pin_init::pin_init_scope(move || {
            pdev.enable_device_mem()?;
            pdev.set_master();
            let bar = Registers::map(pdev)?;
            let firmware = Image::request(pdev)?;
            let new_context = move |n| HwContext::new(pdev.as_ref(), ContextId::new(n));
            Ok(try_pin_init!(NpuData {
                bar,
                parent: pdev.as_ref(),
                contexts <- pin_init::pin_init_array_from_fn(new_context),
                firmware,
                health: Health::new(),
                doorbells: pci::bar_range(pdev, 2)?,
                memory: pci::bar_range(pdev, 4)?,
            }))
        })
    }

    /// As many as there are: one for each source, or fewer, which they share.
    fn interrupts<'a>(
        pdev: &'a pci::BoundDevice,
        _data: &NpuData<'_>,
    ) -> Result<Option<pci::IrqVectorRegistration<'a>>> {
        let kinds = pci::IrqTypes::all();
        pdev.alloc_irq_vectors(1, MAX_VECTORS, kinds).map(Some)
    }
}

accel::module_pci_driver! {
    type: Npu,
    name: "accel_npu",
    authors: ["The accel developers"],
    description: "Accelerator driver for the neural processing unit of tools/npu",
    license: "GPL",
    firmware: ["accel/npu.bin"],
}
