// SPDX-License-Identifier: GPL-2.0

//! Interrupts: of 17 sources, with a vector each, or with fewer vectors that they share.

use accel::{
    prelude::*,
    Fault,
    InterruptOps,
    Irq, //
};
use kernel::io::{
    register::Array,
    Io, //
};

use crate::{
    registers::{
        Registers,
        ERROR,
        IRQ_ENABLE,
        IRQ_PENDING,
        IRQ_ROUTE,
        SOURCES,
        SOURCE_COMPLETION,
        SOURCE_HALT,
        SOURCE_MANAGEMENT,
        SOURCE_NOTIFY, //
    },
    uapi::ACCEL_NPU_EVENT_NOTIFY,
    Npu,
    NpuData, //
};

/// How many sources there are.
pub(crate) const MAX_VECTORS: u32 = 17;

/// Returns the vector of a source: its own, or that of its context, or the only one.
fn route(source: u32, vectors: u32) -> u32 {
    match source {
        _ if vectors >= MAX_VECTORS => source,
        0 => 0,
        _ if vectors < 2 => 0,
        _ => 1 + (source - 1) / 4 % (vectors - 1),
    }
}

/// Returns the sources that a vector is for.
fn sources_of(vector: u32, vectors: u32) -> u32 {
    let sources = (0..MAX_VECTORS).filter(|&source| route(source, vectors) == vector);
    sources.fold(0, |bits, source| bits | 1 << source)
}

/// Has the device interrupt by so many vectors.
pub(crate) fn enable(bar: &Registers<'_>, vectors: u32) {
    for source in 0..MAX_VECTORS {
        if let Some(at) = IRQ_ROUTE::try_at(source as usize) {
            bar.write(at, IRQ_ROUTE::from(route(source, vectors)));
        }
    }
    bar.write_reg(IRQ_PENDING::from(u32::MAX));
    bar.write_reg(IRQ_ENABLE::from(SOURCES));
}

impl InterruptOps for Npu {
    const IRQ_NAME: &'static CStr = c"accel_npu";

    fn interrupt(dev: &Device<Self>, data: &NpuData<'_>, vector: u32) -> Irq<Self> {
        let pending = data.bar.read(IRQ_PENDING).into_raw();
        let mine = pending & sources_of(vector, dev.vectors());
        // All bits are set if the device is gone; none of these, if there was no reason.
        if pending == u32::MAX || mine == 0 {
            return Irq::NONE;
        }
        serve(dev, data, mine);
        Irq::HANDLED
    }
}

/// Looks for what no interrupt has told of. Returns whether there was something.
pub(crate) fn look(dev: &Device<Npu>, data: &NpuData<'_>) -> bool {
    let pending = data.bar.read(IRQ_PENDING).into_raw();
    pending != u32::MAX && serve(dev, data, pending & SOURCES)
}

/// Serves what is pending. Returns whether a job is done.
fn serve(dev: &Device<Npu>, data: &NpuData<'_>, sources: u32) -> bool {
    let NpuData { bar, health, .. } = data;
    // Before looking for what has happened, so that what happens next interrupts again.
    bar.write_reg(IRQ_PENDING::from(sources));
    if sources & SOURCE_MANAGEMENT != 0 {
        manage(dev, data);
    }
    let mut is_done = false;
    for hw in &data.contexts {
        let events = sources >> (1 + 4 * hw.id().get());
        if events & (SOURCE_COMPLETION | SOURCE_HALT) != 0 {
            is_done |= hw.serve(dev, bar, health);
        }
        if events & SOURCE_HALT != 0 {
            hw.halted(dev, bar, health);
        }
        if events & SOURCE_NOTIFY != 0 {
            dev.send_event(ACCEL_NPU_EVENT_NOTIFY, [hw.id().get() as u64, 0, 0]);
        }
    }
    is_done
}

/// Handles what the device says of itself: an answer of the mailbox, or an error.
fn manage(dev: &Device<Npu>, data: &NpuData<'_>) {
    let error = data.bar.read(ERROR);
    data.bar.write_reg(error);
    let code = error.into_raw().into();
    if error.firmware() {
        dev.reset(Fault::firmware(code));
    } else if error.overheated() {
        dev.reset(Fault::hardware(code));
    } else if code != 0 {
        dev.report(Fault::hardware(code));
    }
    dev.wake();
}
