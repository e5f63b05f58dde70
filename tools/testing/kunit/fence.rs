// SPDX-License-Identifier: GPL-2.0

//! Fences of devices that come and go.

use accel::{
    buffer::{
        with_reserved,
        Access,
        BufferTable,
        Limits, //
    },
    faux,
    fence::{
        DriverFence,
        Fence,
        FenceCallback,
        SyncFile,
        Timeline, //
    },
    prelude::*,
    Features,
    FileOps,
    WorkOps, //
};
use kernel::{
    device,
    new_mutex,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Mutex, //
    }, //
};

/// Makes a fence. Returns its descriptor in `fd`.
const MAKE: u32 = kernel::ioctl::_IO(0x9b, 0x40);
/// Signals the oldest fence of the file.
const SIGNAL: u32 = kernel::ioctl::_IO(0x9b, 0x41);
/// Waits for the fence of the descriptor `fd`.
const WAIT: u32 = kernel::ioctl::_IO(0x9b, 0x42);
/// Has the driver told when the fence of the descriptor `fd` is signalled.
const WATCH: u32 = kernel::ioctl::_IO(0x9b, 0x43);

/// Takes on work that reads one buffer, twice, and writes to another, if that is not zero. It ends
/// when its fence, one of the file, is signalled. Returns for how many buffers it has to wait.
const WORK: u32 = kernel::ioctl::_IO(0x9b, 0x44);

/// How often the driver was told.
static TOLD: Atomic<u32> = Atomic::new(0);

struct FenceDriver;

#[pin_data]
struct State {
    timeline: Timeline,
    #[pin]
    pending: Mutex<KVec<DriverFence>>,
    #[pin]
    watched: Mutex<KVec<Pin<KBox<FenceCallback>>>>,
}

uapi_struct! {
    struct Args {
        size: u32,
        fd: i32,
    }

    struct Work {
        size: u32,
        read: u32,
        written: u32,
        pending: u32,
    }
}

fn make(ctx: Context<'_, FenceDriver>, args: &mut Args) -> Result {
    let state = ctx.file();
    let pending = state.timeline.fence()?;
    let file = SyncFile::new(pending.fence())?;
    state.pending.lock().push(pending, GFP_KERNEL)?;
    args.fd = file.fd();
    file.install();
    Ok(())
}

fn signal(ctx: Context<'_, FenceDriver>, _args: &mut Args) -> Result {
    let oldest = ctx.file().pending.lock().remove(0);
    oldest.map_err(|_| ENOENT)?.signal(Ok(()));
    Ok(())
}

fn wait(ctx: Context<'_, FenceDriver>, args: &mut Args) -> Result {
    let fence = Fence::from_fd(args.fd)?;
    let (_ctx, wake) = ctx.wait_fence(&fence, Deadline::in_ms(10_000))?;
    wake.ready()?
}

fn watch(ctx: Context<'_, FenceDriver>, args: &mut Args) -> Result {
    let callback = FenceCallback::new(ctx.device(), Fence::from_fd(args.fd)?);
    let callback = KBox::pin_init(callback, GFP_KERNEL)?;
    Ok(ctx.file().watched.lock().push(callback, GFP_KERNEL)?)
}

fn work(ctx: Context<'_, FenceDriver>, args: &mut Work) -> Result {
    let state = ctx.file();
    let read = ctx.buffer(args.read)?;
    let written = match args.written {
        0 => None,
        handle => Some(ctx.buffer(handle)?),
    };
    let mut buffers = KVec::new();
    buffers.push((&read, Access::Read), GFP_KERNEL)?;
    if let Some(written) = &written {
        buffers.push((written, Access::Write), GFP_KERNEL)?;
    }
    buffers.push((&read, Access::Read), GFP_KERNEL)?;

    let done = state.timeline.fence()?;
    args.pending = with_reserved(&ctx, &buffers, |reserved| {
        let pending = reserved.pending()?;
        reserved.add(&done);
        Ok(pending.len() as u32)
    })?;
    Ok(state.pending.lock().push(done, GFP_KERNEL)?)
}

impl AccelDriver for FenceDriver {
    type Data = CovariantForLt!(());
    const INFO: DriverInfo = DriverInfo {
        name: "accel_kunit_fence",
        version: "1",
        user_space_url: "tools/testing/kunit",
        user_space_license: "GPL-2.0",
        documentation_url: "tools/testing/kunit",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const BUFFERS: BufferTable<Self> = BufferTable::system(Limits::NONE);
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[
        Ioctl::new(0x40, "MAKE", make, "Makes a fence"),
        Ioctl::new(0x41, "SIGNAL", signal, "Signals a fence"),
        Ioctl::new(0x42, "WAIT", wait, "Waits for a fence"),
        Ioctl::new(0x43, "WATCH", watch, "Watches a fence"),
        Ioctl::new(0x44, "WORK", work, "Takes on work"),
    ]);
    const FEATURES: Features<Self> = Features::none().file().work();
}

impl WorkOps for FenceDriver {
    fn background(_ctx: &Context<'_, Self, Observer>) {
        TOLD.fetch_add(1, Relaxed);
    }
}

impl FileOps for FenceDriver {
    type File = State;

    fn open(ctx: &Context<'_, Self, Observer>) -> impl PinInit<State, Error> {
        let timeline = Timeline::new(ctx.device());
        try_pin_init!(State {
            timeline,
            pending <- new_mutex!(KVec::new()),
            watched <- new_mutex!(KVec::new()),
        })
    }
}

impl faux::Driver for FenceDriver {
    fn probe(_: &device::Device<device::Bound>) -> impl PinInit<(), Error> + '_ {
        Ok(())
    }
}

#[kunit_tests(accel_fence_lifecycle)]
mod tests {
    use super::*;
    use crate::{
        buffer::DmaBuf,
        node::Node,
        scene::{
            self,
            later,
            open,
            until,
            Descriptor, //
        }, //
    };
    use kernel::{
        sync::Arc,
        time::{
            delay::fsleep,
            Delta, //
        }, //
    };

    #[test]
    fn fences_end_with_file_and_device() -> Result {
        let device = device()?;
        let (first, second) = (open(&device)?, open(&device)?);
        let cancelled = make(&first)?;
        let done = make(&second)?;
        let gone = make(&second)?;
        second.ioctl(SIGNAL, [8, 0])?;
        assert_eq!(done.fence.status(), Some(Ok(())));

        drop(first);
        assert_eq!(cancelled.fence.status(), Some(Err(ECANCELED)));
        assert_eq!(gone.fence.status(), None);
        drop(device);
        assert_eq!(gone.fence.status(), Some(Err(ENODEV)));
        assert_eq!(done.fence.status(), Some(Ok(())));
        assert_eq!(second.ioctl(MAKE, [8, 0]), Err(ENODEV));
        Ok(())
    }

    #[test]
    fn a_sleeper_gets_what_was_signalled() -> Result {
        let (device, other) = (device()?, device()?);
        let (user, maker) = (open(&device)?, open(&other)?);
        let descriptor = make(&maker)?;
        let fd = descriptor.fd;
        // With its device, another one of the same driver.
        later(move || drop(other))?;
        assert_eq!(user.ioctl(WAIT, [8, fd]), Err(ENODEV));
        assert_eq!(descriptor.fence.status(), Some(Err(ENODEV)));
        // The device of the caller is still there.
        let own = make(&user)?;
        user.ioctl(SIGNAL, [8, 0])?;
        user.ioctl(WAIT, [8, own.fd])?;
        assert_eq!(user.ioctl(WAIT, [8, 10_000]), Err(EINVAL));
        Ok(())
    }

    #[test]
    fn a_sleeper_wakes_when_its_device_goes() -> Result {
        let (device, other) = (device()?, device()?);
        let (user, maker) = (open(&device)?, open(&other)?);
        let descriptor = make(&maker)?;
        later(move || drop(device))?;
        assert_eq!(user.ioctl(WAIT, [8, descriptor.fd]), Err(ENODEV));
        assert_eq!(descriptor.fence.status(), None);
        Ok(())
    }

    #[test]
    fn a_driver_is_told() -> Result {
        let (device, other) = (device()?, device()?);
        let (user, maker) = (open(&device)?, open(&other)?);
        let first = make(&maker)?;
        let second = make(&maker)?;
        let third = make(&maker)?;

        let before = TOLD.load(Relaxed);
        user.ioctl(WATCH, [8, first.fd])?;
        fsleep(Delta::from_millis(20));
        assert_eq!(TOLD.load(Relaxed), before);
        maker.ioctl(SIGNAL, [8, 0])?;
        wait_until_told(before + 1)?;
        // Also if that was before.
        user.ioctl(WATCH, [8, first.fd])?;
        wait_until_told(before + 2)?;

        // Whose file or device is gone is not told any more.
        user.ioctl(WATCH, [8, second.fd])?;
        drop(user);
        maker.ioctl(SIGNAL, [8, 0])?;
        let user = open(&device)?;
        user.ioctl(WATCH, [8, third.fd])?;
        drop(device);
        maker.ioctl(SIGNAL, [8, 0])?;
        assert_eq!(third.fence.status(), Some(Ok(())));
        fsleep(Delta::from_millis(20));
        assert_eq!(TOLD.load(Relaxed), before + 2);
        Ok(())
    }

    const BO_CREATE: u32 = kernel::ioctl::_IO(0x9b, 0x01);
    const BO_EXPORT: u32 = kernel::ioctl::_IO(0x9b, 0x06);

    /// Who is inside when the device goes waits for a reservation, whose owner, be it another
    /// driver, waits for a fence of the device.
    #[test]
    fn a_removal_does_not_wait_for_a_reservation() -> Result {
        static SIGNALLED: Atomic<u32> = Atomic::new(0);
        let device = device()?;
        let user = open(&device)?;
        let pending = make(&user)?;
        let [.., a] = user.ioctl(BO_CREATE, [24, 0, 1, 0, 0, 0])?;
        let [.., fd] = user.ioctl(BO_EXPORT, [16, a, 2, 0])?;
        let shared = Arc::new(DmaBuf::take(fd)?, GFP_KERNEL)?;

        SIGNALLED.store(0, Relaxed);
        let (dmabuf, fence) = (shared.clone(), pending.fence.clone());
        later(move || {
            let signalled = dmabuf.lock_until(&fence, 5000);
            SIGNALLED.store(1 + u32::from(signalled), Relaxed);
        })?;
        while !shared.is_locked() {
            fsleep(Delta::from_millis(1));
        }
        later(move || drop(device))?;
        // Sleeps inside until it has the reservation.
        let _ = user.ioctl(WORK, [16, a, 0, 0]);
        while SIGNALLED.load(Relaxed) == 0 {
            fsleep(Delta::from_millis(1));
        }
        assert_eq!(SIGNALLED.load(Relaxed), 2);
        assert_eq!(pending.fence.status(), Some(Err(ENODEV)));
        Ok(())
    }

    #[test]
    fn work_waits_for_work_on_its_buffers() -> Result {
        let device = device()?;
        let user = open(&device)?;
        let create = || {
            user.ioctl(BO_CREATE, [24, 0, 1, 0, 0, 0])
                .map(|args| args[5])
        };
        let (a, b) = (create()?, create()?);
        let work = |read, written| user.ioctl(WORK, [16, read, written, 0]).map(|args| args[3]);

        // Who reads does not wait for those who read.
        assert_eq!(work(a, 0)?, 0);
        assert_eq!(work(a, 0)?, 0);
        // Who writes waits for those, and who reads, for that.
        assert_eq!(work(b, a)?, 1);
        assert_eq!(work(a, 0)?, 1);
        assert_eq!(work(a, b)?, 2);
        for _ in 0..5 {
            user.ioctl(SIGNAL, [8, 0])?;
        }
        assert_eq!(work(a, b)?, 0);
        assert_eq!(work(b + 1, 0), Err(ENOENT));
        Ok(())
    }

    #[test]
    fn work_may_have_a_buffer_twice() -> Result {
        let device = device()?;
        let user = open(&device)?;
        let [.., a] = user.ioctl(BO_CREATE, [24, 0, 1, 0, 0, 0])?;
        let work = |read, written| user.ioctl(WORK, [16, read, written, 0]).map(|args| args[3]);

        // It writes, be it that it reads as well.
        assert_eq!(work(a, a)?, 0);
        assert_eq!(work(a, 0)?, 1);
        assert_eq!(work(a, a)?, 1);
        user.ioctl(SIGNAL, [8, 0])?;
        user.ioctl(SIGNAL, [8, 0])?;
        assert_eq!(work(a, 0)?, 1);
        user.ioctl(SIGNAL, [8, 0])?;
        // What is left is one who reads.
        assert_eq!(work(a, 0)?, 0);
        assert_eq!(work(a, a)?, 1);
        Ok(())
    }

    fn device() -> Result<faux::Registration<FenceDriver>> {
        scene::device("fence")
    }

    fn make(user: &Node) -> Result<Descriptor> {
        Descriptor::by(user, MAKE, 0)
    }

    fn wait_until_told(times: u32) -> Result {
        until(|| TOLD.load(Relaxed) == times)
    }
}
