// SPDX-License-Identifier: GPL-2.0

//! A driver for tests from user space: one faux device for each open policy, with ioctls that show
//! each property that an ioctl can have. `accel_test.h` and `accel_test_submit.h` say what they do.
//! What is shared it does on the platform bus, too, where a device can be bound and unbound: see
//! `accel_test_device.c`.

#![forbid(unsafe_code)]

mod arrays;
mod buffer_data;
mod buffers;
mod calls;
mod engines;
mod fences;
mod health;
mod interrupt;
mod maps;
mod policies;
mod power;
mod shown;
mod told;
mod waits;

use accel::{
    buffer::{
        BufferTable,
        MemoryOps,
        Regions, //
    },
    engine::EngineTable,
    faux,
    info::{
        Topic,
        TopicTable, //
    },
    platform,
    prelude::*,
    Attribute,
    AttributeTable,
    DebugFile,
    DebugTable,
    Features,
    Work, //
};
use core::marker::PhantomData;
use kernel::{
    bindings,
    device,
    driver,
    new_mutex,
    str::CString,
    sync::{
        atomic::Atomic,
        Arc,
        Mutex, //
    },
    InPlaceModule, //
};

use self::{
    calls::Words,
    health::Health,
    policies::{
        Exclusive,
        Limited,
        PerUser,
        Policy,
        Shared, //
    },
    power::Sleep,
    waits::Jobs, //
};

/// A driver for each policy: `P` says which.
struct Test<P>(PhantomData<P>);

/// What is kept of a device.
#[pin_data]
struct Data {
    /// How many are asleep.
    asleep: Arc<Atomic<u32>>,
    /// How often they were woken.
    wakes: Atomic<u32>,
    /// What was written to the attribute "number".
    number: Atomic<u32>,
    /// Which of all devices it is, in the order in which they were bound.
    generation: u32,
    health: Health,
    #[pin]
    sleep: Sleep,
    /// Work that was begun in an interrupt.
    #[pin]
    begun: Mutex<Option<Work>>,
    #[pin]
    jobs: Jobs,
    #[pin]
    kept: maps::Kept,
    /// Memory of the driver's own, which a device on the platform bus has.
    _memory: KVec<u64>,
}

impl Data {
    fn new(memory: usize) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            asleep: Arc::new(Atomic::new(0), GFP_KERNEL)?,
            wakes: Atomic::new(0),
            number: Atomic::new(0),
            generation: shown::next_generation(),
            health: Health::new(),
            sleep <- Sleep::new(),
            begun <- new_mutex!(None),
            jobs <- Jobs::new(),
            kept <- maps::Kept::new(),
            _memory: KVec::with_capacity(memory, GFP_KERNEL)?,
        })
    }
}

impl<P: Policy> AccelDriver for Test<P> {
    type Data = CovariantForLt!(Data);
    const INFO: DriverInfo = DriverInfo {
        name: "accel_test",
        version: "1",
        user_space_url: "tools/testing/selftests/accel",
        user_space_license: "GPL-2.0",
        documentation_url: "tools/testing/driver/accel_test.h",
    };
    const OPEN_POLICY: OpenPolicy = P::POLICY;
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[
        Ioctl::new(0x40, "ACCEL_TEST_IOC_ADD", calls::add, "Adds"),
        Ioctl::new(0x41, "ACCEL_TEST_IOC_SLEEP", calls::sleep, "Sleeps"),
        Ioctl::new(0x42, "ACCEL_TEST_IOC_WAKE", calls::wake, "Wakes"),
        Ioctl::for_observers(0x43, "ACCEL_TEST_IOC_SLEEPERS", calls::sleepers, "Counts"),
        Ioctl::new(0x44, "ACCEL_TEST_IOC_PRIVILEGED_ADD", calls::add, "Adds")
            .capability(bindings::CAP_SYS_NICE),
        Ioctl::new(0x45, "ACCEL_TEST_IOC_PASSTHROUGH_ADD", calls::add, "Adds").passthrough(),
        Ioctl::new(0x46, "ACCEL_TEST_IOC_FILE_ADD", calls::file_add, "Adds up"),
        Ioctl::new(0x47, "ACCEL_TEST_IOC_GROWN_ADD", calls::grown_add, "Adds")
            .min_size(size_of::<Words>()),
        Ioctl::new(0x48, "ACCEL_TEST_IOC_INPUT_ONLY", calls::add, "Adds").input_only(),
        Ioctl::new(0x49, "ACCEL_TEST_IOC_WORK", engines::work, "Works"),
        Ioctl::new(0x4a, "ACCEL_TEST_IOC_BUFFER_FILL", buffers::fill, "Fills"),
        Ioctl::new(0x4b, "ACCEL_TEST_IOC_BUFFER_SUM", buffers::sum, "Sums"),
        Ioctl::new(0x4c, "ACCEL_TEST_IOC_SEND", health::send, "Sends"),
        Ioctl::new(0x4d, "ACCEL_TEST_IOC_REPORT", health::report, "Reports"),
        Ioctl::new(
            0x4e,
            "ACCEL_TEST_IOC_RESET",
            health::ask_for_reset,
            "Resets",
        ),
        Ioctl::for_observers(0x4f, "ACCEL_TEST_IOC_SET_RESET", health::set_reset, "Sets"),
        Ioctl::for_observers(0x50, "ACCEL_TEST_IOC_RESETS", health::resets, "Counts"),
        Ioctl::new(
            0x51,
            "ACCEL_TEST_IOC_STAY_INSIDE",
            health::stay_inside,
            "Stays",
        ),
        Ioctl::new(
            0x52,
            "ACCEL_TEST_IOC_WORK_WITHIN",
            health::work_within,
            "Works",
        ),
        Ioctl::new(
            0x53,
            "ACCEL_TEST_IOC_POWERED_ADD",
            power::powered_add,
            "Adds",
        )
        .powered(),
        Ioctl::new(
            0x54,
            "ACCEL_TEST_IOC_POWERED_SLEEP",
            power::powered_sleep,
            "Sleeps",
        )
        .powered(),
        Ioctl::new(
            0x55,
            "ACCEL_TEST_IOC_KEEP_AWAKE",
            power::keep_awake,
            "Keeps",
        ),
        Ioctl::for_observers(0x56, "ACCEL_TEST_IOC_SET_POWER", power::set_power, "Sets"),
        Ioctl::for_observers(
            0x57,
            "ACCEL_TEST_IOC_FAIL_RESUME",
            power::fail_resume,
            "Sets",
        ),
        Ioctl::for_observers(
            0x58,
            "ACCEL_TEST_IOC_COUNT_POWER",
            power::count_power,
            "Counts",
        ),
        Ioctl::new(0x59, "ACCEL_TEST_IOC_LINGER", health::linger, "Lingers"),
        Ioctl::new(
            0x5a,
            "ACCEL_TEST_IOC_INTERRUPT",
            interrupt::interrupt,
            "Interrupts",
        ),
        Ioctl::new(0x60, "ACCEL_TEST_IOC_DUMP", calls::dump, "Dumps").input_only(),
        Ioctl::new(
            0x61,
            "ACCEL_TEST_IOC_WORK_OFTEN",
            engines::work_often,
            "Works",
        ),
        Ioctl::new(0x62, "ACCEL_TEST_IOC_WAIT_JOB", waits::wait_job, "Waits"),
        Ioctl::new(0x63, "ACCEL_TEST_IOC_END_JOB", waits::end_job, "Ends"),
        Ioctl::for_observers(0x64, "ACCEL_TEST_IOC_OBSERVE", calls::observe, "Sleeps"),
        Ioctl::for_observers(0x70, "ACCEL_TEST_IOC_MARKS", buffer_data::alive, "Counts"),
        Ioctl::new(0x71, "ACCEL_TEST_IOC_MARK", buffer_data::mark, "Marks"),
        Ioctl::new(0x72, "ACCEL_TEST_IOC_FAIL_MARK", buffer_data::fail, "Fails"),
        Ioctl::new(0x73, "ACCEL_TEST_IOC_BUFFER_JOB", buffer_data::job, "Works"),
        Ioctl::with_arrays(0x74, "ACCEL_TEST_IOC_SQUARES", calls::square_all, "Squares"),
        Ioctl::for_observers(0x75, "ACCEL_TEST_IOC_CLOSES", health::closes, "Counts"),
        Ioctl::new(
            0x77,
            "ACCEL_TEST_IOC_BUFFER_MAP",
            maps::map_for_device,
            "Maps",
        ),
        Ioctl::new(
            0x78,
            "ACCEL_TEST_IOC_RESET_NOW",
            health::reset_now,
            "Resets",
        ),
        Ioctl::new(0x79, "ACCEL_TEST_IOC_CONFINED_ADD", calls::add, "Adds").confined(),
        Ioctl::new(0x7a, "ACCEL_TEST_IOC_FENCE", fences::make, "Makes a fence"),
        Ioctl::new(0x7b, "ACCEL_TEST_IOC_BUFFER_KEEP", maps::keep, "Maps"),
        Ioctl::with_arrays(0x7c, "ACCEL_TEST_IOC_DOUBLE", arrays::double, "Doubles"),
        Ioctl::new(
            0x7d,
            "ACCEL_TEST_IOC_UEVENT",
            told::uevent,
            "Sends a uevent",
        ),
        Ioctl::new(0x7e, "ACCEL_TEST_IOC_SUM_ROWS", arrays::sum_rows, "Sums"),
        Ioctl::new(0x7f, "ACCEL_TEST_IOC_SUBMIT", fences::submit, "Begins"),
        Ioctl::new(0x80, "ACCEL_TEST_IOC_FINISH", fences::finish, "Ends"),
    ]);
    const BUFFERS: BufferTable<Self> = match P::BUFFERS {
        Some(limits) => BufferTable::system(limits),
        None => BufferTable::none(),
    };
    const FEATURES: Features<Self> = {
        let mut features = Features::none().file().buffer().info();
        if P::MEMORY != 0 {
            features = features.memory();
        }
        if P::RESET {
            features = features.reset();
        }
        if P::POWER {
            features = features.power().start();
        }
        if P::CLOSE {
            features = features.close();
        }
        features
    };
    const TOPICS: TopicTable<Self> = TopicTable::new(&[Topic::new(0x8000, calls::squares)]);
    const ENGINES: EngineTable = engines::TABLE;
    const MAX_DUMP: usize = P::MAX_DUMP;
    const ATTRIBUTES: AttributeTable<Self> = AttributeTable::new(&[
        Attribute::new(c"asleep", shown::asleep),
        Attribute::new(c"generation", shown::generation),
        Attribute::new(c"number", shown::number).store(shown::set_number),
        Attribute::new(c"secret", |_| 42).for_root(),
    ]);
    const DEBUG_FILES: DebugTable<Self> =
        DebugTable::new(&[DebugFile::new(c"numbers", shown::numbers)]);
}

impl<P: Policy> MemoryOps for Test<P> {
    fn memory(_data: &Data, regions: &mut Regions<'_>) -> Result {
        regions.add_carve_out(c"aside", P::MEMORY)
    }
}

impl<P: Policy> faux::Driver for Test<P> {
    fn probe(_dev: &device::Device<device::Bound>) -> impl PinInit<Data, Error> + '_ {
        Data::new(0)
    }
}

impl platform::Driver for Test<Shared> {
    type IdInfo = ();

    fn probe<'bound>(
        _pdev: &'bound platform::Device<'_>,
        _info: Option<&()>,
    ) -> impl PinInit<Data, Error> + 'bound {
        Data::new(64)
    }
}

module! {
    type: TestModule,
    name: "accel_test",
    authors: ["The accel developers"],
    description: "Driver for tests of the accelerator framework",
    license: "GPL",
    params: {
        devices: u32 {
            default: 0,
            description: "Further devices, accel_test.N, that admit everybody (default: 0)",
        },
    },
}

/// The devices, in the order of their minors, after the driver of those that may come.
#[pin_data]
struct TestModule {
    #[pin]
    _platform: driver::Registration<PlatformAdapter>,
    _shared: faux::Registration<Test<Shared>>,
    _exclusive: faux::Registration<Test<Exclusive>>,
    _limited: faux::Registration<Test<Limited>>,
    _per_user: faux::Registration<Test<PerUser>>,
    _further: KVec<faux::Registration<Test<Shared>>>,
}

type PlatformAdapter = kernel::platform::Adapter<platform::Adapter<Test<Shared>>>;

impl InPlaceModule for TestModule {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        const NAME: &CStr = <LocalModule as kernel::ModuleMetadata>::NAME;
        try_pin_init!(Self {
            _platform <- driver::Registration::new(NAME, module),
            _shared: faux::Registration::new(c"accel_test.shared")?,
            _exclusive: faux::Registration::new(c"accel_test.exclusive")?,
            _limited: faux::Registration::new(c"accel_test.limited")?,
            _per_user: faux::Registration::new(c"accel_test.per_user")?,
            _further: further_devices(module_parameters::devices.value())?,
        })
    }
}

fn further_devices(count: u32) -> Result<KVec<faux::Registration<Test<Shared>>>> {
    let mut devices = KVec::new();
    for n in 0..count {
        let name = CString::try_from_fmt(fmt!("accel_test.{n}"))?;
        devices.push(faux::Registration::new(&name)?, GFP_KERNEL)?;
    }
    Ok(devices)
}
