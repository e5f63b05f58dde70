// SPDX-License-Identifier: GPL-2.0

//! What accel_test keeps for each buffer, and a job that has one.

use accel::{
    buffer::{
        Buffer,
        BufferOps,
        Memory, //
    },
    prelude::*,
    FileOps, //
};
use kernel::{
    new_mutex,
    page::PAGE_SIZE,
    sync::{
        atomic::{
            Atomic,
            AtomicFlag,
            Relaxed, //
        },
        Mutex, //
    },
};

use crate::{
    fences::Fences,
    Policy,
    Test,
    Words, //
};

/// How many there are, of all devices.
static ALIVE: Atomic<u32> = Atomic::new(0);

/// The word that a buffer is marked with.
pub(crate) struct Mark(Atomic<u32>);

impl<P: Policy> BufferOps for Test<P> {
    type Buffer = Mark;

    fn new_buffer(ctx: &Context<'_, Self>, memory: &Memory<Self>) -> impl PinInit<Mark, Error> {
        if ctx.file().fail_buffer.xchg(false, Relaxed) {
            return Err(EDOM);
        }
        ALIVE.fetch_add(1, Relaxed);
        // CAST: Tests do not have that large buffers.
        Ok(Mark(Atomic::new((memory.size() / PAGE_SIZE) as u32)))
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Relaxed);
    }
}

/// What is kept of an open file.
#[pin_data]
pub(crate) struct PerOpen<P: Policy> {
    pub(crate) sum: Atomic<u32>,
    fail_buffer: AtomicFlag,
    #[pin]
    pub(crate) fences: Fences,
    /// What a job that is not done would have.
    #[pin]
    job: Mutex<Option<Buffer<Test<P>>>>,
}

impl<P: Policy> FileOps for Test<P> {
    type File = PerOpen<P>;

    fn open(ctx: &Context<'_, Self, Observer>) -> impl PinInit<PerOpen<P>, Error> {
        try_pin_init!(PerOpen {
            sum: Atomic::new(0),
            fail_buffer: AtomicFlag::new(false),
            fences <- Fences::new(ctx.device()),
            job <- new_mutex!(None),
        })
    }
}

pub(crate) fn alive<P: Policy>(_: Context<'_, Test<P>, Observer>, args: &mut Words) -> Result {
    args.result = ALIVE.load(Relaxed);
    Ok(())
}

pub(crate) fn mark<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    args.result = ctx.buffer(args.a)?.data().0.xchg(args.b, Relaxed);
    Ok(())
}

pub(crate) fn fail<P: Policy>(ctx: Context<'_, Test<P>>, _args: &mut Words) -> Result {
    ctx.file().fail_buffer.store(true, Relaxed);
    Ok(())
}

/// Begins a job, or ends that which there is.
pub(crate) fn job<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    let buffer = match args.a {
        0 => None,
        handle => Some(ctx.buffer(handle)?),
    };
    let before = core::mem::replace(&mut *ctx.file().job.lock(), buffer);
    args.result = before.map_or(0, |buffer| buffer.data().0.load(Relaxed));
    Ok(())
}
