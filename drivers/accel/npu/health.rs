// SPDX-License-Identifier: GPL-2.0

//! What keeps the device well, and what there is to see of it: it is looked at once in a while, and
//! while it has something to do more often, as interrupts may be lost.

use accel::{
    info::{
        Clock,
        Firmware,
        InfoOps,
        Limits,
        List,
        Reading,
        Sensor, //
    },
    prelude::*,
    uapi::{
        accel_info_clock,
        accel_info_firmware,
        accel_info_sensor, //
    },
    Fault,
    WorkOps, //
};
use kernel::{
    io::Io,
    str::CString,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    time::Msecs, //
};

use crate::{
    interrupts,
    registers::{
        Registers,
        CLOCK,
        POWER,
        TEMPERATURE, //
    },
    uapi::{
        Counters,
        ACCEL_NPU_ERROR_GONE, //
    },
    Npu, //
};

/// How often the device is looked at, in milliseconds: while it is idle, and at least while it has
/// something to do.
const IDLE_MS: Msecs = 1000;
pub(crate) const BUSY_MS: Msecs = 100;

/// How long a job may take, unless it says so, in milliseconds.
const TIMEOUT_MS: Msecs = 2000;

/// What the device was like when the driver last looked, and what has happened.
pub(crate) struct Health {
    temperature_mc: Atomic<i32>,
    power_mw: Atomic<u32>,
    clock_mhz: Atomic<u32>,
    counts: [Atomic<u64>; 4],
    pub(crate) context_resets: Atomic<u64>,
    pub(crate) records_twice: Atomic<u64>,
    late_interrupts: Atomic<u64>,
    timeout_ms: Atomic<Msecs>,
}

impl Health {
    pub(crate) fn new() -> Self {
        Self {
            temperature_mc: Atomic::new(0),
            power_mw: Atomic::new(0),
            clock_mhz: Atomic::new(0),
            counts: [const { Atomic::new(0) }; 4],
            context_resets: Atomic::new(0),
            records_twice: Atomic::new(0),
            late_interrupts: Atomic::new(0),
            timeout_ms: Atomic::new(TIMEOUT_MS),
        }
    }

    /// Looks at the device.
    fn sample(&self, bar: &Registers<'_>) {
        // CAST: The register is signed.
        let temperature = bar.read(TEMPERATURE).into_raw() as i32;
        self.temperature_mc.store(temperature, Relaxed);
        self.power_mw.store(bar.read(POWER).into_raw(), Relaxed);
        self.clock_mhz.store(bar.read(CLOCK).into_raw(), Relaxed);
        for (kept, count) in self.counts.iter().zip(bar.counts()) {
            kept.store(count, Relaxed);
        }
    }
}

/// The attribute `timeout_ms`.
pub(crate) fn timeout_ms<R>(ctx: &Context<'_, Npu, R>) -> Msecs {
    ctx.data().health.timeout_ms.load(Relaxed)
}

/// Sets the attribute `timeout_ms`, for jobs from now on.
pub(crate) fn set_timeout_ms(ctx: &Context<'_, Npu, Observer>, ms: Msecs) -> Result {
    if !(1..=60_000).contains(&ms) {
        return Err(EINVAL);
    }
    ctx.data().health.timeout_ms.store(ms, Relaxed);
    Ok(())
}

/// Lists the only record of topic `ACCEL_NPU_INFO_COUNTERS`.
pub(crate) fn counters(ctx: &Context<'_, Npu, Observer>, list: &mut List<Counters>) -> Result {
    let health = &ctx.data().health;
    let [commands, bytes_read, bytes_written, macs] =
        [0, 1, 2, 3].map(|number: usize| health.counts[number].load(Relaxed));
    list.push(Counters {
        commands,
        bytes_read,
        bytes_written,
        macs,
        context_resets: health.context_resets.load(Relaxed),
        records_twice: health.records_twice.load(Relaxed),
        late_interrupts: health.late_interrupts.load(Relaxed),
    })
}

impl WorkOps for Npu {
    /// Resets the function: no context does anything after that.
    fn stop(ctx: &Context<'_, Self, Observer>) {
        let data = ctx.data();
        for hw in &data.contexts {
            hw.stop();
        }
        data.bar.reset_function();
    }

    fn background(ctx: &Context<'_, Self, Observer>) {
        let (data, dev) = (ctx.data(), ctx.device());
        if !data.bar.are_present() {
            dev.reset(Fault::hardware(ACCEL_NPU_ERROR_GONE));
            return;
        }
        data.health.sample(&data.bar);
        // An interrupt that was lost is not sent again.
        if interrupts::look(dev, data) {
            data.health.late_interrupts.add(1, Relaxed);
        }
        let contexts = data.contexts.iter();
        let left = contexts.filter_map(|hw| hw.watch(dev, &data.bar, &data.health));
        let mut next_ms = left.min().map_or(IDLE_MS, |left| left.clamp(1, BUSY_MS));
        if data.contexts.iter().any(|hw| hw.space.has_imports()) {
            dev.queue_clean_up();
            next_ms = next_ms.min(BUSY_MS);
        }
        dev.queue_background_in(next_ms);
    }

    /// Gives back the contexts of files that were closed while the device did not run, and memory
    /// that its exporters want.
    fn clean_up(ctx: &Context<'_, Self, Observer>) {
        let data = ctx.data();
        for hw in &data.contexts {
            match hw.is_left() {
                true => hw.release(ctx.device(), &data.bar),
                false => hw.give_back(ctx.device(), &data.bar),
            }
        }
    }
}

impl InfoOps for Npu {
    fn firmware(ctx: &Context<'_, Self, Observer>, list: &mut List<accel_info_firmware>) -> Result {
        let version = CString::try_from_fmt(fmt!("{}", ctx.data().firmware.version()))?;
        list.push(Firmware {
            name: "npu",
            version: version.to_str()?,
        })
    }

    fn clocks(ctx: &Context<'_, Self, Observer>, list: &mut List<accel_info_clock>) -> Result {
        list.push(Clock {
            name: "core",
            current_hz: u64::from(ctx.data().health.clock_mhz.load(Relaxed)) * 1_000_000,
            max_hz: 1_000_000_000,
        })
    }

    fn sensors(ctx: &Context<'_, Self, Observer>, list: &mut List<accel_info_sensor>) -> Result {
        let health = &ctx.data().health;
        let die = Sensor {
            name: "die",
            reading: Reading::TemperatureMc(health.temperature_mc.load(Relaxed).into()),
        };
        list.push(die.within(Limits {
            max: Some(95_000),
            critical: Some(105_000),
        }))?;
        list.push(Sensor {
            name: "board",
            reading: Reading::PowerUw(i64::from(health.power_mw.load(Relaxed)) * 1000),
        })
    }
}
