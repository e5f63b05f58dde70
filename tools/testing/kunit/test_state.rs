// SPDX-License-Identifier: GPL-2.0

//! How much of the test driver is alive, and what of it is to fail.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        AtomicFlag,
        Relaxed, //
    }, //
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
    /// Makes the data of a device.
    pub(crate) fn data() -> Result<Self> {
        Self::unless(&FAIL_PROBE, &DATA)
    }

    /// Makes the state of a file.
    pub(crate) fn file() -> Result<Self> {
        Self::unless(&FAIL_OPEN, &FILES)
    }

    /// Makes the data of a buffer's handle.
    pub(crate) fn buffer() -> Result<Self> {
        Self::unless(&FAIL_BUFFER, &BUFFERS)
    }

    fn unless(fails: &AtomicFlag, counter: &'static Atomic<i32>) -> Result<Self> {
        if fails.xchg(false, Relaxed) {
            return Err(EIO);
        }
        Ok(Self::new(counter))
    }

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
