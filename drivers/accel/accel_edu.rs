// SPDX-License-Identifier: GPL-2.0

//! Accelerator driver for QEMU's "edu" device, which computes factorials (`docs/specs/edu.rst` of
//! QEMU). It is the reference for drivers on the PCI bus.

#![forbid(unsafe_code)]

mod edu_dma;
mod edu_eventfd;
mod edu_factorial;
mod edu_health;
mod edu_reach;
mod edu_registers;
mod edu_uapi;

use accel::{
    buffer::{
        BufferTable,
        Limits, //
    },
    engine::{
        Engine,
        EngineClass,
        EngineTable, //
    },
    pci,
    prelude::*,
    Attribute,
    AttributeTable,
    DebugFile,
    DebugTable,
    Dma,
    Features,
    InterruptOps,
    Irq,
    Waiters, //
};
use kernel::{
    bindings,
    io::Io,
    new_spinlock_irq,
    sync::{
        Arc,
        SpinLockIrq, //
    }, //
};

use self::{
    edu_factorial::factorial,
    edu_registers::{
        Registers,
        IRQ_ACKNOWLEDGE,
        IRQ_STATUS,
        LIVENESS, //
    }, //
};

struct Edu;

#[pin_data]
struct EduData<'bound> {
    bar: Registers<'bound>,
    // Also keeps accesses to the device together that belong together.
    #[pin]
    job: SpinLockIrq<edu_factorial::Job>,
    /// Who waits for the result of the job.
    done: Waiters,
    signal: Arc<edu_eventfd::Signal>,
    // What it has mapped goes after the registers.
    #[pin]
    dma: edu_dma::Dma,
    watchdog: edu_health::Watchdog,
}

fn liveness(ctx: Context<'_, Edu>, args: &mut edu_uapi::Liveness) -> Result {
    if args.reply != 0 || args.reserved != 0 {
        return Err(EINVAL);
    }
    let data = ctx.data();
    let _job = data.job.lock();
    data.bar
        .write_reg(LIVENESS::zeroed().with_value(args.value));
    args.reply = data.bar.read(LIVENESS).value().into();
    Ok(())
}

impl AccelDriver for Edu {
    type Data = CovariantForLt!(EduData<'_>);
    const INFO: DriverInfo = DriverInfo {
        name: "accel_edu",
        version: "1",
        user_space_url: "tools/accel",
        user_space_license: "GPL-2.0",
        documentation_url: "include/uapi/accel/edu.h",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const BUFFERS: BufferTable<Self> = BufferTable::system(Limits::NONE);
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[
        Ioctl::new(0x40, "ACCEL_EDU_IOC_FACTORIAL", factorial, "Computes n!").powered(),
        Ioctl::new(0x41, "ACCEL_EDU_IOC_LIVENESS", liveness, "Inverts bits").powered(),
        Ioctl::new(0x42, "ACCEL_EDU_IOC_COPY", edu_dma::copy, "Copies by DMA").powered(),
        Ioctl::new(0x43, "ACCEL_EDU_IOC_RESET", edu_health::reset, "Resets")
            .capability(bindings::CAP_SYS_ADMIN)
            .input_only(),
        Ioctl::new(
            0x44,
            "ACCEL_EDU_IOC_SET_EVENTFD",
            edu_eventfd::set_eventfd,
            "Has an eventfd be signalled",
        )
        .input_only(),
    ]);
    const ENGINES: EngineTable = EngineTable::new(&[
        Engine {
            name: "factorial",
            class: EngineClass::Compute,
            count: 1,
        },
        Engine {
            name: "dma",
            class: EngineClass::Copy,
            count: 1,
        },
    ]);
    const ATTRIBUTES: AttributeTable<Self> =
        AttributeTable::new(&[Attribute::new(c"watchdog_ms", edu_health::watchdog_ms)
            .store(edu_health::set_watchdog_ms)]);
    const DEBUG_FILES: DebugTable<Self> =
        DebugTable::new(&[DebugFile::new(c"registers", edu_health::show_registers)]);
    const FEATURES: Features<Self> = Features::none()
        .file()
        .memory()
        .work()
        .interrupts()
        .reset()
        .power();
}

impl InterruptOps for Edu {
    const IRQ_NAME: &'static CStr = c"accel_edu";

    fn interrupt(dev: &Device<Self>, data: &EduData<'_>, _vector: u32) -> Irq<Self> {
        let status = data.bar.read(IRQ_STATUS);
        let is_gone = status.into_raw() == u32::MAX;
        if is_gone || !status.factorial() && !status.dma() {
            return Irq::NONE;
        }
        let acknowledge = IRQ_ACKNOWLEDGE::zeroed().with_factorial(status.factorial());
        data.bar.write_reg(acknowledge.with_dma(status.dma()));
        // First, so that whoever finds the work done finds the eventfd signalled, too.
        data.signal.send();
        data.complete(dev);
        data.dma.wake();
        dev.queue_clean_up();
        Irq::HANDLED
    }
}

kernel::pci_device_table!(
    PCI_TABLE,
    <Edu as pci::Driver>::IdInfo,
    [(pci::device_id(0x1234, 0x11e8), ())]
);

impl pci::Driver for Edu {
    type IdInfo = ();
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn dma(_info: Option<&()>) -> Dma {
        // The registers have no more.
        Dma::bits(module_parameters::dma_bits.value().min(32))
    }

    fn probe<'bound>(
        pdev: &'bound pci::Device<'_>,
        _info: Option<&Self::IdInfo>,
    ) -> impl PinInit<EduData<'bound>, Error> + 'bound {
        pin_init::pin_init_scope(move || {
            pdev.enable_device_mem()?;
            pdev.set_master();
            let bar = Registers::map(pdev)?;
            edu_reach::check(pdev, &bar)?;
            edu_health::enable_interrupts(&bar);
            Ok(try_pin_init!(EduData {
                bar,
                job <- new_spinlock_irq!(edu_factorial::Job::new()),
                done: Waiters::new(GFP_KERNEL)?,
                signal: edu_eventfd::Signal::new()?,
                dma <- edu_dma::Dma::new()?,
                watchdog: edu_health::Watchdog::new(),
            }))
        })
    }
}

accel::module_pci_driver! {
    type: Edu,
    name: "accel_edu",
    authors: ["The accel developers"],
    description: "Accelerator driver for QEMU's edu device",
    license: "GPL",
    params: {
        dma_bits: u32 {
            default: 28,
            description: "How many bits of address it has, as QEMU's dma_mask (default: 28)",
        },
    },
}
