// SPDX-License-Identifier: GPL-2.0

//! A driver that counts what of it is alive, and fails when told to.

#[cfg(CONFIG_AUXILIARY_BUS)]
use accel::auxiliary;
use accel::{
    buffer::{
        BufferData,
        BufferTable,
        Limits,
        Memory,
        Regions, //
    },
    faux,
    platform,
    prelude::*,
    File, //
};
use kernel::{
    device, new_mutex,
    sync::{
        atomic::{
            Atomic,
            AtomicFlag,
            Relaxed, //
        },
        Mutex, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
};

use crate::{
    device_map,
    forget,
    import,
    movable, //
};

static DATA: Atomic<i32> = Atomic::new(0);
static FILES: Atomic<i32> = Atomic::new(0);
static BUFFERS: Atomic<i32> = Atomic::new(0);
static FAIL_PROBE: AtomicFlag = AtomicFlag::new(false);
static FAIL_OPEN: AtomicFlag = AtomicFlag::new(false);
static FAIL_BUFFER: AtomicFlag = AtomicFlag::new(false);

/// How many devices have data, and files state.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Alive {
    pub(crate) data: i32,
    pub(crate) files: i32,
}

pub(crate) fn alive() -> Alive {
    Alive {
        data: DATA.load(Relaxed),
        files: FILES.load(Relaxed),
    }
}

/// How many handles of buffers have data.
pub(crate) fn buffers_alive() -> i32 {
    BUFFERS.load(Relaxed)
}

pub(crate) fn fail_next_probe() {
    FAIL_PROBE.store(true, Relaxed);
}

pub(crate) fn fail_next_open() {
    FAIL_OPEN.store(true, Relaxed);
}

pub(crate) fn fail_next_buffer() {
    FAIL_BUFFER.store(true, Relaxed);
}

/// Counts itself.
pub(crate) struct Counted(&'static Atomic<i32>);

impl Counted {
    fn new(counter: &'static Atomic<i32>) -> Self {
        counter.fetch_add(1, Relaxed);
        Self(counter)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

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
    type File = TestFile;
    type Buffer = Counted;
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
    ]);

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

impl TestFile {
    fn count() -> Result<Counted> {
        if FAIL_OPEN.xchg(false, Relaxed) {
            return Err(EIO);
        }
        Ok(Counted::new(&FILES))
    }
}

impl File<TestDriver> for TestFile {
    fn open(_ctx: &Context<'_, TestDriver, Observer>) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            kept <- new_mutex!(import::Kept::default()),
            _counted: Self::count()?,
        })
    }
}

impl BufferData<TestDriver> for Counted {
    fn new(
        _ctx: &Context<'_, TestDriver>,
        _memory: &Memory<TestDriver>,
    ) -> impl PinInit<Self, Error> {
        if FAIL_BUFFER.xchg(false, Relaxed) {
            return Err(EIO);
        }
        Ok(Counted::new(&BUFFERS))
    }
}

/// Makes the data of a device, on any bus.
fn probe() -> Result<Counted> {
    if FAIL_PROBE.xchg(false, Relaxed) {
        return Err(EIO);
    }
    Ok(Counted::new(&DATA))
}

impl faux::Driver for TestDriver {
    fn probe(_dev: &device::Device<device::Bound>) -> impl PinInit<Counted, Error> + '_ {
        probe()
    }
}

impl platform::Driver for TestDriver {
    type IdInfo = ();

    fn probe<'bound>(
        _pdev: &'bound platform::Device<'_>,
        _info: Option<&()>,
    ) -> impl PinInit<Counted, Error> + 'bound {
        probe()
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
            <crate::LocalModule as kernel::ModuleMetadata>::NAME,
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
        probe()
    }
}
