// SPDX-License-Identifier: GPL-2.0

//! Work of a device, as its driver begins it and has it go on.

use kernel::{
    prelude::*,
    time::Msecs, //
};

use super::{
    device::Device,
    AccelDriver, //
};
use crate::device::{
    engine::FileEngine,
    work::Work, //
};

impl<T: AccelDriver> Device<T> {
    /// Begins a piece of work, which ends when the result is dropped. What is done so is what the
    /// information topic USAGE shows. If an engine does it for an open file, use
    /// [`FileEngine::begin_work`](crate::device::engine::FileEngine::begin_work).
    pub fn begin_work(&self) -> Work {
        Work::begin(self.core().account.clone(), 0)
    }

    /// As [`Self::begin_work`], for work that has to end within `timeout_ms` milliseconds, a day at
    /// most. If it does not, the device is reset, see [`Self::reset`], with
    /// [`Fault::timeout`](crate::Fault::timeout); what is still there after a reset is not waited
    /// for again.
    ///
    /// A device can have 128 such pieces of work at a time; `EBUSY` if it has them already.
    pub fn begin_work_within(&self, timeout_ms: Msecs) -> Result<Work> {
        let watch = self.core().watch(timeout_ms)?;
        Ok(self.begin_work().watched_by(watch))
    }

    /// Lets [`AccelDriver::background`] be called, soon, unless the device is gone. May be called
    /// in any context.
    ///
    /// However often this is called, it runs once at a time, and begins once more after the last
    /// call of this.
    pub fn queue_background(&self) {
        self.core().queue_background();
    }

    /// Lets [`AccelDriver::clean_up`] be called, as [`Self::queue_background`] does with
    /// [`AccelDriver::background`].
    pub fn queue_clean_up(&self) {
        self.core().queue_clean_up();
    }
}

impl FileEngine {
    /// As [`Self::begin_work`], for work that has to end within `timeout_ms` milliseconds. See
    /// [`Device::begin_work_within`] of `device`.
    pub fn begin_work_within<T: AccelDriver>(
        self,
        device: &Device<T>,
        timeout_ms: Msecs,
    ) -> Result<Work> {
        let watch = device.core().watch(timeout_ms)?;
        Ok(self.begin_work().watched_by(watch))
    }
}
