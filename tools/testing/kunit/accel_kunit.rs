// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of the framework through its public interface: the lifecycle of devices, with real
//! nodes, and the layout of the structures that cross into user space.
//!
//! The driver of most devices is in this file. Its ioctls are where their tests are.

mod buffer;
mod buffer_data;
mod bus;
mod device_map;
#[path = "../../../drivers/accel/edu_uapi.rs"]
#[allow(dead_code)]
mod edu_uapi;
mod exclusive;
mod fence;
mod forget;
mod halt;
mod hardware;
mod import;
mod interrupts;
mod lifecycle;
mod log;
mod movable;
mod node;
#[path = "../../../drivers/accel/npu/uapi.rs"]
#[allow(dead_code)]
mod npu_uapi;
mod owned;
#[path = "../../../drivers/accel/rng_uapi.rs"]
#[allow(dead_code)]
mod rng_uapi;
mod scene;
#[path = "../../../drivers/accel/sim_uapi.rs"]
#[allow(dead_code)]
mod sim_uapi;
mod test_state;
mod timers;
mod uapi_layout;

#[cfg(CONFIG_AUXILIARY_BUS)]
use accel::auxiliary;
use accel::{
    buffer::{
        BufferOps,
        BufferTable,
        Limits,
        Memory,
        MemoryOps,
        Regions, //
    },
    faux,
    platform,
    prelude::*,
    Features,
    FileOps, //
};
use kernel::{
    device,
    driver,
    new_mutex,
    sync::Mutex,
    time::{
        delay::fsleep,
        Delta, //
    },
    InPlaceModule, //
};

use self::{
    interrupts::Interrupting,
    test_state::Counted, //
};

module! {
    type: KunitModule,
    name: "accel_kunit",
    authors: ["The accel developers"],
    description: "KUnit tests of the accelerator framework",
    license: "GPL",
    imports_ns: ["DMA_BUF"],
}

/// The test driver, on the buses where drivers are registered.
#[pin_data]
struct KunitModule {
    #[cfg(CONFIG_AUXILIARY_BUS)]
    #[pin]
    _auxiliary: driver::Registration<kernel::auxiliary::Adapter<auxiliary::Adapter<TestDriver>>>,
    #[pin]
    _platform: driver::Registration<kernel::platform::Adapter<platform::Adapter<TestDriver>>>,
    #[pin]
    _interrupts: driver::Registration<kernel::platform::Adapter<platform::Adapter<Interrupting>>>,
}

impl InPlaceModule for KunitModule {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        const NAME: &CStr = <KunitModule as kernel::ModuleMetadata>::NAME;
        // SAFETY: This is the module's initialiser, and calls it once.
        unsafe { forget::init() };
        try_pin_init!(Self {
            #[cfg(CONFIG_AUXILIARY_BUS)]
            _auxiliary <- driver::Registration::new(NAME, module),
            _platform <- driver::Registration::new(NAME, module),
            _interrupts <- driver::Registration::new(interrupts::NAME, module),
        })
    }
}

/// A driver that counts what of it is alive, and fails when it is told to.
pub(crate) struct TestDriver;

/// Adds `a` and `b`.
pub(crate) const ADD: u32 = kernel::ioctl::_IO(0x9b, 0x40);
/// Works for `b` milliseconds, then waits `a` milliseconds for what never happens.
pub(crate) const WAIT: u32 = kernel::ioctl::_IO(0x9b, 0x41);
/// Waits `a` milliseconds, and wakes itself all the time, but `b` times at most.
pub(crate) const STIR: u32 = kernel::ioctl::_IO(0x9b, 0x44);

/// How much coherent memory a device on the platform bus has: region 1.
pub(crate) const COHERENT: u64 = 1 << 20;

/// How much memory is set aside for it: region 2.
pub(crate) const ASIDE: usize = 64 << 10;

uapi_struct! {
    struct Args {
        size: u32,
        a: u32,
        b: u32,
        result: u32,
    }
}

fn add(_ctx: Context<'_, TestDriver>, args: &mut Args) -> Result {
    args.result = args.a + args.b;
    Ok(())
}

fn wait(ctx: Context<'_, TestDriver>, args: &mut Args) -> Result {
    if args.b != 0 {
        fsleep(Delta::from_millis(args.b.into()));
    }
    let (_ctx, wake) = ctx.wait(Deadline::in_ms(args.a), |_| None::<()>)?;
    wake.ready()
}

fn stir(ctx: Context<'_, TestDriver>, args: &mut Args) -> Result {
    let (_ctx, wake) = ctx.wait(Deadline::in_ms(args.a), |ctx| {
        ctx.device().wake();
        fsleep(Delta::from_millis(1));
        args.result += 1;
        (args.result == args.b).then_some(())
    })?;
    wake.ready()
}

impl AccelDriver for TestDriver {
    type Data = CovariantForLt!(Counted);
    const INFO: DriverInfo = DriverInfo {
        name: "accel_kunit",
        version: "1",
        user_space_url: "tools/testing/kunit",
        user_space_license: "GPL-2.0",
        documentation_url: "tools/testing/kunit",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const BUFFERS: BufferTable<Self> = BufferTable::system(Limits::NONE);
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[
        Ioctl::new(0x40, "ADD", add, "Adds"),
        Ioctl::new(0x41, "WAIT", wait, "Works, then waits"),
        Ioctl::new(0x42, "MAP", device_map::map, "Maps a buffer"),
        Ioctl::new(
            0x43,
            "PLACE",
            movable::place,
            "Has a buffer be in the device",
        ),
        Ioctl::new(0x44, "STIR", stir, "Waits, and wakes itself"),
        Ioctl::new(0x45, "READ", device_map::read, "Writes to what is read"),
        Ioctl::new(0x46, "FORGET", forget::forget_all, "Forgets"),
        Ioctl::new(0x47, "KEEP", import::keep, "Keeps a buffer mapped"),
        Ioctl::new(0x48, "SYNC", device_map::sync, "Maps a buffer for long"),
        Ioctl::new(0x49, "MAP_BOTH", import::map_both, "Maps two buffers"),
    ]);
    const FEATURES: Features<Self> = Features::none().file().buffer().memory();
}

impl MemoryOps for TestDriver {
    fn memory(_data: &Counted, regions: &mut Regions<'_>) -> Result {
        match regions.add_coherent(c"coherent", COHERENT) {
            // There is no DMA on the bus.
            Err(EOPNOTSUPP) => Ok(()),
            Ok(()) => regions.add_carve_out(c"aside", ASIDE),
            Err(e) => Err(e),
        }
    }
}

/// What an open file has.
#[pin_data]
pub(crate) struct TestFile {
    #[pin]
    pub(crate) kept: Mutex<import::Kept>,
    _counted: Counted,
}

impl FileOps for TestDriver {
    type File = TestFile;

    fn open(_ctx: &Context<'_, Self, Observer>) -> impl PinInit<TestFile, Error> {
        try_pin_init!(TestFile {
            kept <- new_mutex!(import::Kept::default()),
            _counted: Counted::file()?,
        })
    }
}

impl BufferOps for TestDriver {
    type Buffer = Counted;

    fn new_buffer(
        _ctx: &Context<'_, Self>,
        _memory: &Memory<Self>,
    ) -> impl PinInit<Counted, Error> {
        Counted::buffer()
    }
}

impl faux::Driver for TestDriver {
    fn probe(_dev: &device::Device<device::Bound>) -> impl PinInit<Counted, Error> + '_ {
        Counted::data()
    }
}

impl platform::Driver for TestDriver {
    type IdInfo = ();

    fn probe<'bound>(
        pdev: &'bound platform::Device<'_>,
        _info: Option<&()>,
    ) -> impl PinInit<Counted, Error> + 'bound {
        forget::bind(pdev).and_then(|()| Counted::data())
    }
}

/// What the driver calls its devices on the auxiliary bus, after the name of the module.
#[cfg(CONFIG_AUXILIARY_BUS)]
pub(crate) const AUXILIARY_NAME: &CStr = c"test";

#[cfg(CONFIG_AUXILIARY_BUS)]
kernel::auxiliary_device_table!(
    AUXILIARY_TABLE,
    <TestDriver as auxiliary::Driver>::IdInfo,
    [(
        auxiliary::DeviceId::new(
            <LocalModule as kernel::ModuleMetadata>::NAME,
            AUXILIARY_NAME
        ),
        ()
    )]
);

#[cfg(CONFIG_AUXILIARY_BUS)]
impl auxiliary::Driver for TestDriver {
    type IdInfo = ();
    const ID_TABLE: auxiliary::IdTable<Self::IdInfo> = &AUXILIARY_TABLE;

    fn probe<'bound>(
        _adev: &'bound auxiliary::Device<'_>,
        _info: &(),
    ) -> impl PinInit<Counted, Error> + 'bound {
        Counted::data()
    }
}
