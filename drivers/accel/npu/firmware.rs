// SPDX-License-Identifier: GPL-2.0

//! The firmware, without which the device does nothing: it is loaded and started through a mailbox,
//! when a device is bound and after each reset of its function.

use accel::{
    pci,
    prelude::*,
    ResetOps,
    Resetter,
    StartOps, //
};
use kernel::{
    dma::Coherent,
    firmware::Firmware,
    fmt,
    io::{
        register::Array,
        Io, //
    },
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

use crate::{
    interrupts,
    registers::{
        MAILBOX_ARGUMENT,
        MAILBOX_COMMAND,
        MAILBOX_REPLY,
        MAILBOX_STATUS,
        STATE_READY,
        STATUS,
        TEMPERATURE,
        TEMPERATURE_MAX, //
    },
    Npu, //
};

/// What user space is asked for.
const NAME: &CStr = c"accel/npu.bin";

const MAILBOX_LOAD: u16 = 1;
const MAILBOX_START: u16 = 2;

/// How long an answer of the mailbox may take: a hundred times what it does.
const ANSWER_MS: u32 = 1000;
/// How long a device may take to cool down before it is given up, in seconds.
const COOLING_S: u32 = 30;

/// The image, as the device reads it.
pub(crate) struct Image {
    image: Coherent<[u8]>,
    /// What the device says of it, or 0 before.
    version: Atomic<u32>,
}

impl Image {
    /// Asks user space for the image.
    pub(crate) fn request(pdev: &pci::Device<'_>) -> Result<Self> {
        let firmware = Firmware::request(NAME, pdev.as_ref())
            .inspect_err(|e| dev_err!(pdev, "cannot do without firmware {NAME}: {e:?}\n"))?;
        Ok(Self {
            image: Coherent::from_slice(pdev.as_ref(), firmware.data(), GFP_KERNEL)?,
            version: Atomic::new(0),
        })
    }

    /// Returns the version of the firmware that runs.
    pub(crate) fn version(&self) -> Version {
        Version(self.version.load(Relaxed))
    }
}

/// A version, as the device has it.
pub(crate) struct Version(u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, _, minor, patch] = self.0.to_be_bytes();
        f.write_fmt(fmt!("{}.{minor}.{patch}", self.0 >> 16))
    }
}

/// Says what the device does not like about an image.
fn problem(result: u32) -> &'static str {
    match result {
        4 => "it cannot be read",
        5 => "it is none",
        6 => "its header is damaged",
        7 => "its size is wrong",
        8 => "its payload is damaged",
        9 => "it is for another revision",
        10 => "it is too old",
        _ => "it does not fit",
    }
}

/// Gives a command to the mailbox, and waits for the answer, which an interrupt announces. Returns
/// `EIO` if it is no success, `ETIMEDOUT`.
fn ask<'a>(
    ctx: Context<'a, Npu, Resetter>,
    code: u16,
    arguments: [u32; 3],
) -> Result<(Context<'a, Npu, Resetter>, u32)> {
    let bar = &ctx.data().bar;
    // Any other than that of the last one.
    let sequence = bar.read(MAILBOX_STATUS).sequence().get() as u16 ^ 1;
    bar.write(
        MAILBOX_ARGUMENT::at(0),
        MAILBOX_ARGUMENT::from(arguments[0]),
    );
    bar.write(
        MAILBOX_ARGUMENT::at(1),
        MAILBOX_ARGUMENT::from(arguments[1]),
    );
    bar.write(
        MAILBOX_ARGUMENT::at(2),
        MAILBOX_ARGUMENT::from(arguments[2]),
    );
    let command = MAILBOX_COMMAND::zeroed().with_code(code);
    bar.write_reg(command.with_sequence(sequence));

    let (ctx, wake) = ctx.wait(Deadline::in_ms(ANSWER_MS), |ctx| {
        let status = ctx.data().bar.read(MAILBOX_STATUS);
        (status.done() && status.sequence().get() == u32::from(sequence)).then_some(status)
    })?;
    let result = wake.ready()?.result().get();
    if result != 0 {
        dev_err!(
            ctx.data().parent,
            "firmware {NAME} is refused: {}\n",
            problem(result)
        );
        return Err(EIO);
    }
    let reply = ctx.data().bar.read(MAILBOX_REPLY).into_raw();
    Ok((ctx, reply))
}

/// Waits until a device is cool enough to go on. Returns `EIO` if that takes too long.
fn cool<'a>(mut ctx: Context<'a, Npu, Resetter>) -> Result<Context<'a, Npu, Resetter>> {
    for _ in 0..COOLING_S * 10 {
        let bar = &ctx.data().bar;
        if bar.read(TEMPERATURE).into_raw() < bar.read(TEMPERATURE_MAX).into_raw() {
            return Ok(ctx);
        }
        (ctx, _) = ctx.wait(Deadline::in_ms(100), |_| None::<()>)?;
    }
    Err(EIO)
}

/// Resets the function of a device, and starts the firmware. Returns `EIO` if the device is gone,
/// too hot, or refuses the firmware.
fn boot(ctx: Context<'_, Npu, Resetter>) -> Result {
    if !ctx.data().bar.are_present() {
        return Err(EIO);
    }
    let ctx = cool(ctx)?;
    let data = ctx.data();
    data.bar.reset_function();
    interrupts::enable(&data.bar, ctx.device().vectors());
    let image = &data.firmware.image;
    let address = image.dma_address();
    // CAST: The words of an address; images have little more than 1 MiB.
    let arguments = [address as u32, (address >> 32) as u32, image.size() as u32];
    let (ctx, version) = ask(ctx, MAILBOX_LOAD, arguments)?;
    let (ctx, _) = ask(ctx, MAILBOX_START, [0; 3])?;
    let data = ctx.data();
    data.firmware.version.store(version, Relaxed);
    if data.bar.read(STATUS).state().get() != STATE_READY {
        return Err(EIO);
    }
    ctx.device().queue_background();
    Ok(())
}

impl StartOps for Npu {
    fn start(ctx: Context<'_, Self, Resetter>) -> Result {
        boot(ctx)
    }
}

impl ResetOps for Npu {
    fn reset(ctx: Context<'_, Self, Resetter>) -> Result {
        for hw in &ctx.data().contexts {
            hw.lose();
        }
        boot(ctx)
    }
}
