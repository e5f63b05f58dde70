// SPDX-License-Identifier: GPL-2.0

//! A driver that is right. The cases beside it each make one mistake in it.

#![forbid(unsafe_code)]

use accel::{
    array_field,
    engine::{
        Engine,
        EngineClass,
        EngineId,
        EngineTable, //
    },
    faux,
    info::{
        List,
        Topic,
        TopicTable, //
    },
    prelude::*,
    ArrayField,
    Attribute,
    AttributeTable,
    EventKind,
    Features,
    FileOps,
    HasArrays,
    PowerManager,
    PowerOps, //
};
use kernel::{
    device,
    new_mutex,
    sync::Mutex,
    time::Msecs, //
};

struct Good;

#[allow(dead_code, reason = "for one of the cases")]
struct Other;

#[pin_data]
struct Data {
    #[pin]
    value: Mutex<u32>,
}

struct PerOpen(u32);

uapi_struct! {
    struct Record {
        number: u32,
    }

    struct Args {
        size: u32,
        value: u32,
    }

    struct Large {
        size: u32,
        part: Part,
    }

    struct Part {
        words: [u32; 63],
    }

    struct Lists {
        size: u32,
        count: u32,
        from_ptr: u64,
        to_ptr: u64,
    }
}

impl HasArrays for Lists {
    type Arrays<'a> = (&'a [u32], &'a mut [u64]);
    const FIELDS: &'static [ArrayField] = &[
        array_field!(Lists, from_ptr, count, 512),
        array_field!(Lists, to_ptr, count, 512),
    ];
}

const ENGINE: EngineId<Good> = EngineId::row::<1>();
const EVENT: EventKind = EventKind::new::<0x8000>();

fn user(ctx: Context<'_, Good>, args: &mut Args) -> Result {
    let _work = ctx.engine(ENGINE).begin_work();
    let data = ctx.data();
    args.value = *data.value.lock() + ctx.file().0;
    let (ctx, wake) = ctx.wait(Deadline::in_ms(1), |_| None::<()>)?;
    *ctx.data().value.lock() = args.value;
    ctx.device().send_event(EVENT, [args.value.into(), 0, 0]);
    wake.ready()
}

fn observer(ctx: Context<'_, Good, Observer>, args: &mut Large) -> Result {
    args.part.words[0] = *ctx.data().value.lock();
    Ok(())
}

fn arrays(_ctx: Context<'_, Good>, _args: &mut Lists, (from, to): (&[u32], &mut [u64])) -> Result {
    for (from, to) in from.iter().zip(to) {
        *to = u64::from(*from);
    }
    Ok(())
}

fn value(ctx: &Context<'_, Good, Observer>) -> u32 {
    *ctx.data().value.lock()
}

fn numbers(_ctx: &Context<'_, Good, Observer>, list: &mut List<Record>) -> Result {
    list.push(Record { number: 1 })
}

impl AccelDriver for Good {
    type Data = CovariantForLt!(Data);
    const INFO: DriverInfo = DriverInfo {
        name: "good",
        version: "1",
        user_space_url: "tools/good",
        user_space_license: "GPL-2.0",
        documentation_url: "Documentation/good",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Limited(1);
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[
        Ioctl::new(0x40, "USER", user, "As a user").powered(),
        Ioctl::for_observers(0x41, "OBSERVER", observer, "As an observer").min_size(8),
        Ioctl::with_arrays(0x42, "ARRAYS", arrays, "With arrays"),
    ]);
    const TOPICS: TopicTable<Self> =
        TopicTable::new(&[Topic::new(0x8000, numbers), Topic::new(0x8001, numbers)]);
    const FEATURES: Features<Self> = Features::none().file().power();
    const ENGINES: EngineTable = EngineTable::new(&[
        Engine {
            name: "adder",
            class: EngineClass::Compute,
            count: 1,
        },
        Engine {
            name: "mover",
            class: EngineClass::Copy,
            count: 1,
        },
    ]);
    const ATTRIBUTES: AttributeTable<Self> = AttributeTable::new(&[
        Attribute::new(c"value", value),
        Attribute::new(c"one", |_| 1),
    ]);
}

impl FileOps for Good {
    type File = PerOpen;

    fn open(_ctx: &Context<'_, Self, Observer>) -> impl PinInit<PerOpen, Error> {
        Ok(PerOpen(1))
    }
}

impl PowerOps for Good {
    const AUTOSUSPEND_MS: Msecs = 50;

    fn suspend(ctx: Context<'_, Self, PowerManager>) -> Result {
        *ctx.data().value.lock() = 0;
        Ok(())
    }

    fn resume(ctx: Context<'_, Self, PowerManager>) -> Result {
        *ctx.data().value.lock() = 1;
        Ok(())
    }
}

impl faux::Driver for Good {
    fn probe(_dev: &device::Device<device::Bound>) -> impl PinInit<Data, Error> + '_ {
        try_pin_init!(Data { value <- new_mutex!(1) })
    }
}

accel::module_faux_driver! {
    type: Good,
    name: "good",
    authors: ["The accel developers"],
    description: "A driver",
    license: "GPL",
}
