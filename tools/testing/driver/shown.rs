// SPDX-License-Identifier: GPL-2.0

//! Attributes and debug files of the test driver.

use accel::prelude::*;
use kernel::{
    seq_file::SeqFile,
    seq_print,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};

use crate::{
    Policy,
    Test, //
};

/// The highest that the attribute "number" takes.
const MAX_NUMBER: u32 = 1000;

/// How many devices there have been.
static GENERATIONS: Atomic<u32> = Atomic::new(0);

/// Returns a number that no other device has.
pub(crate) fn next_generation() -> u32 {
    GENERATIONS.fetch_add(1, Relaxed) + 1
}

pub(crate) fn generation<P: Policy>(ctx: &Context<'_, Test<P>, Observer>) -> u32 {
    ctx.data().generation
}

pub(crate) fn asleep<P: Policy>(ctx: &Context<'_, Test<P>, Observer>) -> u32 {
    ctx.data().asleep.load(Relaxed)
}

pub(crate) fn number<P: Policy>(ctx: &Context<'_, Test<P>, Observer>) -> u32 {
    ctx.data().number.load(Relaxed)
}

pub(crate) fn set_number<P: Policy>(ctx: &Context<'_, Test<P>, Observer>, number: u32) -> Result {
    if number > MAX_NUMBER {
        return Err(EINVAL);
    }
    ctx.data().number.store(number, Relaxed);
    Ok(())
}

/// Prints the numbers from 1 to that of the attribute, each in a line of eight digits. If that is
/// zero, there is nothing to print, `ENODATA`.
pub(crate) fn numbers<P: Policy>(ctx: &Context<'_, Test<P>, Observer>, out: &SeqFile) -> Result {
    let last = number(ctx);
    if last == 0 {
        return Err(ENODATA);
    }
    for n in 1..=last {
        seq_print!(out, "{n:08}\n");
    }
    Ok(())
}
