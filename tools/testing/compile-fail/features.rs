// SPDX-License-Identifier: GPL-2.0

//! A driver whose features have all that it uses. It declares its module itself, so nothing
//! compares the features with the traits. The cases beside it leave features out.

#![forbid(unsafe_code)]
#![allow(dead_code, reason = "most cases leave handlers out")]

use accel::{
    buffer::{
        BufferOps,
        BufferTable,
        Limits,
        Memory, //
    },
    faux,
    fence::{
        Fence,
        FenceCallback, //
    },
    prelude::*,
    CloseOps,
    Features,
    FileOps,
    InterruptOps,
    InterruptThreadOps,
    Irq,
    WorkOps, //
};
use kernel::device;

struct Featured;

uapi_struct! {
    struct Args {
        size: u32,
        handle: u32,
        fd: i32,
    }
}

fn file(ctx: Context<'_, Featured>, args: &mut Args) -> Result {
    args.handle = *ctx.file();
    Ok(())
}

fn pollers(ctx: Context<'_, Featured>, _args: &mut Args) -> Result {
    ctx.pollers().wake();
    Ok(())
}

fn data(ctx: Context<'_, Featured>, args: &mut Args) -> Result {
    args.handle = *ctx.buffer(args.handle)?.data();
    Ok(())
}

fn background(ctx: Context<'_, Featured>, _args: &mut Args) -> Result {
    ctx.device().queue_background();
    Ok(())
}

fn clean_up(ctx: Context<'_, Featured>, _args: &mut Args) -> Result {
    ctx.device().queue_clean_up();
    Ok(())
}

fn callback(ctx: Context<'_, Featured>, args: &mut Args) -> Result {
    let callback = FenceCallback::new(ctx.device(), Fence::from_fd(args.fd)?);
    drop(KBox::pin_init(callback, GFP_KERNEL)?);
    Ok(())
}

impl AccelDriver for Featured {
    type Data = CovariantForLt!(());
    const INFO: DriverInfo = DriverInfo {
        name: "featured",
        version: "1",
        user_space_url: "tools/featured",
        user_space_license: "GPL-2.0",
        documentation_url: "Documentation/featured",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[
        Ioctl::new(0x40, "FILE", file, "Reads the state"),
        Ioctl::new(0x41, "POLLERS", pollers, "Wakes pollers"),
        Ioctl::new(0x42, "DATA", data, "Reads data of a buffer"),
        Ioctl::new(0x43, "BACKGROUND", background, "Queues work"),
        Ioctl::new(0x44, "CLEAN_UP", clean_up, "Queues what is left"),
        Ioctl::new(0x45, "CALLBACK", callback, "Has a fence queue work"),
    ]);
    const BUFFERS: BufferTable<Self> = BufferTable::system(Limits::NONE);
    const FEATURES: Features<Self> = Features::none()
        .file()
        .close()
        .buffer()
        .work()
        .interrupts()
        .interrupt_threads();
}

impl FileOps for Featured {
    type File = u32;

    fn open(_ctx: &Context<'_, Self, Observer>) -> impl PinInit<u32, Error> {
        Ok(1)
    }
}

impl CloseOps for Featured {
    fn close(_ctx: &Context<'_, Self>) {}
}

impl BufferOps for Featured {
    type Buffer = u32;

    fn new_buffer(_ctx: &Context<'_, Self>, _memory: &Memory<Self>) -> impl PinInit<u32, Error> {
        Ok(1)
    }
}

impl WorkOps for Featured {}

impl InterruptOps for Featured {
    fn interrupt(_dev: &Device<Self>, _data: &(), _vector: u32) -> Irq<Self> {
        Irq::WAKE_THREAD
    }
}

impl InterruptThreadOps for Featured {
    fn interrupt_thread(_ctx: &Context<'_, Self, Observer>, _vector: u32) {}
}

impl faux::Driver for Featured {
    fn probe(_: &device::Device<device::Bound>) -> impl PinInit<(), Error> + '_ {
        Ok(())
    }
}

module! {
    type: FeaturedModule,
    name: "featured",
    authors: ["The accel developers"],
    description: "A driver",
    license: "GPL",
}

struct FeaturedModule {
    _registration: faux::Registration<Featured>,
}

impl kernel::Module for FeaturedModule {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self {
            _registration: faux::Registration::new(c"featured")?,
        })
    }
}
