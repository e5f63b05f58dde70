// SPDX-License-Identifier: GPL-2.0

//! A driver for tests with a device that has memory of its own, which processes can map: QEMU's
//! "ivshmem-plain" (`docs/specs/ivshmem-spec.rst` of QEMU). `accel_test_pci.h` says what it does.

#![forbid(unsafe_code)]

mod buffers;
mod mappings;
mod moves;
mod placement;

use accel::{
    array_field,
    buffer::{
        BufferTable,
        CopyRequest,
        Limits,
        MemoryOps,
        PlaceRequest,
        Placement,
        Regions, //
    },
    pci,
    prelude::*,
    ArrayField,
    Features,
    HasArrays,
    IoRange,
    PowerManager,
    PowerOps,
    ResetOps,
    Resetter, //
};
use kernel::{
    io::Io,
    page::PAGE_SIZE,
    sync::atomic::{
        AtomicFlag,
        Relaxed, //
    },
    time::Msecs, //
};

struct TestPci;

struct Data<'bound> {
    registers: IoRange<'bound>,
    memory: IoRange<'bound>,
    /// A part of the memory.
    combining: IoRange<'bound>,
    first_page: pci::Bar<'bound, PAGE_SIZE>,
    copies: moves::Copies,
    /// The hook of a reset runs.
    in_reset: AtomicFlag,
}

/// In the first word of the memory.
const FAIL_RESET: u32 = 0x6661_696c;

/// In the third word of the memory, with a number of milliseconds.
const SLOW_RESET: u32 = 0x6d73_0000;
const SLOW_RESET_MS: u32 = 0xffff;

/// In the second word of the memory, while the hook of a reset runs.
const IN_RESET: u32 = 0x6275_7379;

/// In the fifth word of the memory, while the device is asleep.
const ASLEEP: u32 = 0x6173_6c70;

uapi_struct! {
    /// `struct accel_test_pci_peek`
    struct Peek {
        size: u32,
        offset: u32,
        value: u32,
        reserved: u32,
    }

    /// `struct accel_test_pci_hook`
    struct Hook {
        size: u32,
        running: u32,
    }

    /// `struct accel_test_pci_place`
    struct Place {
        size: u32,
        handle: u32,
        region: u32,
        reserved: u32,
        offset: u64,
    }

    /// `struct accel_test_pci_sum`
    struct Sum {
        size: u32,
        count: u32,
        numbers_ptr: u64,
        sum: u64,
    }
}

impl HasArrays for Sum {
    type Arrays<'a> = &'a [u32];
    const FIELDS: &'static [ArrayField] = &[array_field!(Sum, numbers_ptr, count, 1024)];
}

/// The part of the memory that is for buffers.
const FOR_BUFFERS: u64 = 2 << 20;

/// How much coherent memory buffers can have.
const COHERENT: u64 = 512 << 10;

impl<'bound> Data<'bound> {
    fn new(pdev: &'bound pci::Device<'_>) -> Result<Self> {
        pdev.enable_device_mem()?;
        let memory = pci::bar_range(pdev, 2)?;
        Ok(Self {
            registers: pci::bar_range(pdev, 0)?,
            memory,
            combining: mappings::combining(memory)?,
            first_page: pdev.iomap_region_sized::<PAGE_SIZE>(2, c"accel_test_pci")?,
            copies: moves::Copies::new(),
            in_reset: AtomicFlag::new(false),
        })
    }
}

fn peek(ctx: Context<'_, TestPci>, args: &mut Peek) -> Result {
    if args.value != 0 || args.reserved != 0 {
        return Err(EINVAL);
    }
    args.value = ctx.data().first_page.try_read32(args.offset as usize)?;
    Ok(())
}

fn place(ctx: Context<'_, TestPci>, args: &mut Place) -> Result {
    if args.region != 0 || args.reserved != 0 || args.offset != 0 {
        return Err(EINVAL);
    }
    let buffer = ctx.buffer(args.handle)?;
    if let Some((region, offset)) = buffer.device_offset() {
        (args.region, args.offset) = (region, offset);
        return Ok(());
    }
    match buffer.placed(&ctx) {
        Ok(placed) => (args.region, args.offset) = (placed.region(), placed.offset()),
        Err(EOPNOTSUPP) => return Err(ENXIO),
        Err(e) => return Err(e),
    }
    Ok(())
}

fn sum(_ctx: Context<'_, TestPci>, args: &mut Sum, numbers: &[u32]) -> Result {
    if args.sum != 0 {
        return Err(EINVAL);
    }
    args.sum = numbers.iter().copied().map(u64::from).sum();
    Ok(())
}

fn hook(ctx: Context<'_, TestPci, Observer>, args: &mut Hook) -> Result {
    if args.running != 0 {
        return Err(EINVAL);
    }
    args.running = ctx.data().in_reset.load(Relaxed).into();
    Ok(())
}

impl AccelDriver for TestPci {
    type Data = CovariantForLt!(Data<'_>);
    const INFO: DriverInfo = DriverInfo {
        name: "accel_test_pci",
        version: "1",
        user_space_url: "tools/testing/selftests/accel",
        user_space_license: "GPL-2.0",
        documentation_url: "tools/testing/driver/accel_test_pci.h",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const BUFFERS: BufferTable<Self> = BufferTable::system(Limits::NONE);
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[
        Ioctl::new(0x40, "ACCEL_TEST_PCI_IOC_PEEK", peek, "Reads the memory").powered(),
        Ioctl::new(0x41, "ACCEL_TEST_PCI_IOC_PLACE", place, "Finds a buffer").powered(),
        Ioctl::new(
            0x42,
            "ACCEL_TEST_PCI_IOC_COPIES",
            moves::copies,
            "Says how to copy",
        ),
        Ioctl::new(
            0x43,
            "ACCEL_TEST_PCI_IOC_HOLD",
            moves::hold,
            "Holds a buffer",
        )
        .powered()
        .input_only(),
        Ioctl::for_observers(0x44, "ACCEL_TEST_PCI_IOC_HOOK", hook, "Looks at a reset"),
        Ioctl::new(
            0x45,
            "ACCEL_TEST_PCI_IOC_WINDOW",
            mappings::window,
            "Makes a window",
        )
        .input_only(),
        Ioctl::new(
            0x46,
            "ACCEL_TEST_PCI_IOC_UNMAPPED",
            mappings::unmapped,
            "Waits until the window is not mapped",
        )
        .input_only(),
        Ioctl::new(
            0x48,
            "ACCEL_TEST_PCI_IOC_WISH",
            placement::wish,
            "Says where buffers are to be",
        )
        .input_only(),
        Ioctl::with_arrays(0x49, "ACCEL_TEST_PCI_IOC_SUM", sum, "Sums"),
        Ioctl::new(0x4a, "ACCEL_TEST_IOC_BUFFER_FILL", buffers::fill, "Fills"),
        Ioctl::new(0x4b, "ACCEL_TEST_IOC_BUFFER_SUM", buffers::sum, "Sums"),
    ]);
    const FEATURES: Features<Self> = Features::none().file().memory().mmap().reset().power();
}

impl ResetOps for TestPci {
    /// Takes a while, and fails if the memory says so.
    fn reset(ctx: Context<'_, Self, Resetter>) -> Result {
        ctx.data().first_page.try_write32(IN_RESET, 4)?;
        ctx.data().in_reset.store(true, Relaxed);
        let slow = ctx.data().first_page.try_read32(8)?;
        let ms = match slow & !SLOW_RESET_MS {
            SLOW_RESET => slow & SLOW_RESET_MS,
            _ => 300,
        };
        ctx.data().first_page.try_write32(0, 8)?;
        let (ctx, _) = ctx.wait(Deadline::in_ms(ms), |_| None::<()>)?;

        ctx.data().in_reset.store(false, Relaxed);
        let memory = &ctx.data().first_page;
        memory.try_write32(0, 4)?;
        if memory.try_read32(0)? == FAIL_RESET {
            memory.try_write32(0, 0)?;
            return Err(EIO);
        }
        Ok(())
    }
}

impl PowerOps for TestPci {
    const AUTOSUSPEND_MS: Msecs = 20;

    fn suspend(ctx: Context<'_, Self, PowerManager>) -> Result {
        ctx.data().first_page.try_write32(ASLEEP, 16)
    }

    fn resume(ctx: Context<'_, Self, PowerManager>) -> Result {
        ctx.data().first_page.try_write32(0, 16)
    }
}

impl MemoryOps for TestPci {
    fn memory(data: &Data<'_>, regions: &mut Regions<'_>) -> Result {
        let memory = data.memory;
        regions.add(
            c"shared",
            memory.part(FOR_BUFFERS, memory.len() - FOR_BUFFERS)?,
        )?;
        regions.add_coherent(c"coherent", COHERENT)
    }

    fn place(ctx: &Context<'_, Self>, request: &PlaceRequest) -> Result<Placement> {
        placement::place(ctx, request)
    }

    fn copy_buffer(ctx: &Context<'_, Self, Observer>, request: &CopyRequest<'_>) -> Result {
        moves::copy_buffer(ctx, request)
    }
}

kernel::pci_device_table!(
    PCI_TABLE,
    <TestPci as pci::Driver>::IdInfo,
    [(pci::device_id(0x1af4, 0x1110), ())]
);

impl pci::Driver for TestPci {
    type IdInfo = ();
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<'_>,
        _info: Option<&Self::IdInfo>,
    ) -> impl PinInit<Data<'bound>, Error> + 'bound {
        Data::new(pdev)
    }
}

accel::module_pci_driver! {
    type: TestPci,
    name: "accel_test_pci",
    authors: ["The accel developers"],
    description: "Driver for tests of mappings, for QEMU's ivshmem device",
    license: "GPL",
}
