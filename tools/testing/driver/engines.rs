// SPDX-License-Identifier: GPL-2.0

//! Engines of the test driver, and work that they do.

use accel::{
    engine::{
        Engine,
        EngineClass,
        EngineId,
        EngineTable, //
    },
    prelude::*, //
};
use kernel::time::{
    Instant,
    Monotonic, //
};

use crate::{
    Policy,
    Test,
    Words, //
};

pub(crate) const TABLE: EngineTable = EngineTable::new(&[
    Engine {
        name: "adder",
        class: EngineClass::Compute,
        count: 4,
    },
    Engine {
        name: "mover",
        class: EngineClass::Copy,
        count: 1,
    },
]);

const fn adder<P: Policy>() -> EngineId<Test<P>> {
    EngineId::row::<0>()
}

const fn mover<P: Policy>() -> EngineId<Test<P>> {
    EngineId::row::<1>()
}

/// Says how many engines of a kind there are.
pub(crate) fn count<P: Policy>(engine: EngineId<Test<P>>) -> u32 {
    if engine.number() == mover::<P>().number() && !P::MOVER {
        return 0;
    }
    TABLE.count(engine)
}

/// Works for `a` milliseconds, on the second engine if `b` is not zero.
pub(crate) fn work<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    let engine = if args.b == 0 { adder() } else { mover() };
    let _work = ctx.engine(engine).begin_work();
    let (_, _) = ctx.wait(Deadline::in_ms(args.a), |_| None::<()>)?;
    Ok(())
}

/// The most times that a call counts work.
const MAX_OFTEN: u32 = 1 << 16;

/// Counts work `a` times: what that is, `b` says.
pub(crate) fn work_often<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    if args.a > MAX_OFTEN {
        return Err(EINVAL);
    }
    let often = || 0..args.a;
    match args.b {
        0 => often().for_each(|_| drop(ctx.engine(adder()).begin_work())),
        1 => {
            let engine = ctx.engine(adder());
            often().for_each(|n| engine.count_work(n.into()));
        }
        2 => often().for_each(|_| {
            let _ = Instant::<Monotonic>::now().elapsed();
        }),
        _ => return Err(EINVAL),
    }
    Ok(())
}
