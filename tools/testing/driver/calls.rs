// SPDX-License-Identifier: GPL-2.0

//! Ioctls of the test driver that show what an ioctl can be, and who can be asleep in one.

use accel::{
    array_field,
    info::List,
    prelude::*,
    ArrayField,
    HasArrays,
    Role, //
};
use kernel::sync::{
    atomic::{
        Atomic,
        Relaxed, //
    },
    Arc, //
};

use crate::{
    Policy,
    Test, //
};

/// The length of the pattern in a dump; to fill a large one takes its time.
const MAX_PATTERN: usize = 1 << 17;

/// The length of the longest dump that a call makes, which is more than the framework takes.
const MAX_DUMP: usize = 32 << 20;

/// Counts somebody who is asleep, also if the device has gone wrong when they wake.
pub(crate) struct Asleep(Arc<Atomic<u32>>);

impl Asleep {
    pub(crate) fn new(count: &Arc<Atomic<u32>>) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count.clone())
    }
}

impl Drop for Asleep {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

uapi_struct! {
    /// `struct accel_test_words`
    pub(crate) struct Words {
        size: u32,
        pub(crate) a: u32,
        pub(crate) b: u32,
        pub(crate) result: u32,
    }

    /// `struct accel_test_grown`
    pub(crate) struct Grown {
        words: Words,
        c: u32,
        echo: u32,
    }

    /// `struct accel_test_squares`
    pub(crate) struct Squares {
        size: u32,
        count: u32,
        numbers_ptr: u64,
        squares_ptr: u64,
        sum: u64,
    }

    /// `struct accel_test_record`
    pub(crate) struct Record {
        number: u32,
        square: u32,
    }
}

impl HasArrays for Squares {
    type Arrays<'a> = (&'a [u32], &'a mut [u64]);
    const FIELDS: &'static [ArrayField] = &[
        array_field!(Squares, numbers_ptr, count, 4096),
        array_field!(Squares, squares_ptr, count, 4096),
    ];
}

impl Words {
    pub(crate) fn add(&mut self) -> Result {
        if self.result != 0 {
            return Err(EINVAL);
        }
        self.result = self.a.wrapping_add(self.b);
        Ok(())
    }
}

pub(crate) fn add<P: Policy>(_ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    args.add()
}

fn sleep_as<P: Policy, R: Role>(ctx: Context<'_, Test<P>, R>, args: &mut Words) -> Result {
    let before = ctx.data().wakes.load(Relaxed);
    let _asleep = Asleep::new(&ctx.data().asleep);
    let (_, wake) = ctx.wait(Deadline::in_ms(args.a), |ctx| {
        (ctx.data().wakes.load(Relaxed) != before).then_some(())
    })?;
    wake.ready()
}

pub(crate) fn sleep<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    sleep_as(ctx, args)
}

pub(crate) fn observe<P: Policy>(ctx: Context<'_, Test<P>, Observer>, args: &mut Words) -> Result {
    sleep_as(ctx, args)
}

pub(crate) fn wake<P: Policy>(ctx: Context<'_, Test<P>>, _args: &mut Words) -> Result {
    ctx.data().wakes.fetch_add(1, Relaxed);
    ctx.device().wake();
    Ok(())
}

pub(crate) fn sleepers<P: Policy>(ctx: Context<'_, Test<P>, Observer>, args: &mut Words) -> Result {
    args.result = ctx.data().asleep.load(Relaxed);
    Ok(())
}

pub(crate) fn square_all<P: Policy>(
    _ctx: Context<'_, Test<P>>,
    args: &mut Squares,
    (numbers, squares): (&[u32], &mut [u64]),
) -> Result {
    if args.sum != 0 {
        return Err(EINVAL);
    }
    for (number, square) in numbers.iter().zip(squares) {
        *square = u64::from(*number) * u64::from(*number);
        args.sum = args.sum.wrapping_add(*square);
    }
    Ok(())
}

pub(crate) fn squares<P: Policy>(
    _ctx: &Context<'_, Test<P>, Observer>,
    list: &mut List<Record>,
) -> Result {
    (0..1000).try_for_each(|number| {
        list.push(Record {
            number,
            square: number * number,
        })
    })
}

pub(crate) fn dump<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    let len = args.a as usize;
    if len > MAX_DUMP {
        return Err(EINVAL);
    }
    let mut data = VVec::from_elem(0, len, GFP_KERNEL)?;
    for (i, byte) in data.iter_mut().take(MAX_PATTERN).enumerate() {
        *byte = (i as u32).wrapping_mul(args.b) as u8;
    }
    ctx.device().coredump(data)
}

pub(crate) fn file_add<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    args.add()?;
    let before = ctx.file().sum.fetch_add(args.result, Relaxed);
    args.result = args.result.wrapping_add(before);
    Ok(())
}

pub(crate) fn grown_add<P: Policy>(_ctx: Context<'_, Test<P>>, args: &mut Grown) -> Result {
    if args.echo != 0 {
        return Err(EINVAL);
    }
    args.words.add()?;
    args.words.result = args.words.result.wrapping_add(args.c);
    args.echo = args.c;
    Ok(())
}
