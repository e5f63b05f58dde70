// SPDX-License-Identifier: GPL-2.0

//! In which order a device ceases to work, when it is reset, wedged or removed: what of the driver
//! is called, and what becomes of fences meanwhile.

use accel::{
    faux,
    fence::{
        DriverFence,
        Fence,
        SyncFile,
        Timeline, //
    },
    prelude::*,
    Fault,
    Features,
    FileOps,
    ResetLimit,
    ResetOps,
    Resetter,
    Work,
    WorkOps, //
};
use kernel::{
    device, new_mutex,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Mutex, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
};

use crate::log::{
    Event,
    Log, //
};

/// Makes a fence that only the end of all work signals. Returns its descriptor in `fd`.
const MAKE: u32 = kernel::ioctl::_IO(0x9b, 0x40);
/// Stays inside until the fence of the descriptor `fd` is signalled, and then makes another one.
const HOLD: u32 = kernel::ioctl::_IO(0x9b, 0x41);

static LOG: Log = Log::new();

/// What the hook of the next reset does.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Mode {
    Succeed,
    Fail,
    /// Reports a fault, as an interrupt does that arrives when the hook is about to return.
    Fault,
    /// Begins work that will be late.
    Late,
    /// Has `background` called.
    Background,
}

static MODE: Atomic<u32> = Atomic::new(0);

/// A driver of devices that can be reset, or not.
struct Halts<const RESETS: bool>;

#[pin_data(PinnedDrop)]
struct Data {
    #[pin]
    pending: Mutex<Option<DriverFence>>,
    #[pin]
    late: Mutex<Option<Work>>,
}

#[pinned_drop]
impl PinnedDrop for Data {
    fn drop(self: Pin<&mut Self>) {
        LOG.add(Event::Data);
    }
}

struct Opened(Timeline);

impl Drop for Opened {
    fn drop(&mut self) {
        LOG.add(Event::File);
    }
}

uapi_struct! {
    struct Args {
        size: u32,
        fd: i32,
    }
}

fn make<const R: bool>(ctx: Context<'_, Halts<R>>, args: &mut Args) -> Result {
    let pending = ctx.file().0.fence()?;
    let file = SyncFile::new(pending.fence())?;
    let before = ctx.data().pending.lock().replace(pending);
    drop(before);
    args.fd = file.fd();
    file.install();
    Ok(())
}

fn hold<const R: bool>(ctx: Context<'_, Halts<R>>, args: &mut Args) -> Result {
    let fence = Fence::from_fd(args.fd)?;
    let mut polls = 0..5000;
    while fence.status().is_none() {
        polls.next().ok_or(ETIMEDOUT)?;
        fsleep(Delta::from_millis(1));
    }
    LOG.add(Event::Lost);
    make(ctx, args)
}

impl<const R: bool> AccelDriver for Halts<R> {
    type Data = CovariantForLt!(Data);
    const INFO: DriverInfo = DriverInfo {
        name: "accel_kunit_halt",
        version: "1",
        user_space_url: "tools/testing/kunit",
        user_space_license: "GPL-2.0",
        documentation_url: "tools/testing/kunit",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[
        Ioctl::new(0x40, "MAKE", make::<R>, "Makes a fence"),
        Ioctl::new(0x41, "HOLD", hold::<R>, "Stays inside"),
    ]);
    const FEATURES: Features<Self> = match R {
        true => Features::none().file().work().reset(),
        false => Features::none().file().work(),
    };
}

impl<const R: bool> ResetOps for Halts<R> {
    const LIMIT: ResetLimit = ResetLimit::new(2, 60);

    fn reset(ctx: Context<'_, Self, Resetter>) -> Result {
        LOG.add(Event::Hook);
        let is = |mode: Mode| {
            let mode = mode as u32;
            MODE.cmpxchg(mode, Mode::Succeed as u32, Relaxed).is_ok()
        };
        if is(Mode::Fail) {
            return Err(EIO);
        }
        if is(Mode::Background) {
            ctx.device().queue_background();
            fsleep(Delta::from_millis(50));
            LOG.add(Event::Hook);
        }
        if is(Mode::Late) {
            let work = ctx.device().begin_work_within(20)?;
            *ctx.data().late.lock() = Some(work);
        }
        if is(Mode::Fault) {
            ctx.device().reset(Fault::hardware(2));
        }
        Ok(())
    }
}

impl<const R: bool> WorkOps for Halts<R> {
    fn stop(ctx: &Context<'_, Self, Observer>) {
        let pending = ctx.data().pending.lock();
        LOG.add(match &*pending {
            Some(pending) if pending.is_lost() => Event::StopTooLate,
            _ => Event::Stop,
        });
    }

    fn background(_ctx: &Context<'_, Self, Observer>) {
        LOG.add(Event::Background);
    }
}

impl<const R: bool> FileOps for Halts<R> {
    type File = Opened;

    fn open(ctx: &Context<'_, Self, Observer>) -> impl PinInit<Opened, Error> {
        Ok(Opened(Timeline::new(ctx.device())))
    }
}

impl<const R: bool> faux::Driver for Halts<R> {
    fn probe(_: &device::Device<device::Bound>) -> impl PinInit<Data, Error> + '_ {
        try_pin_init!(Data {
            pending <- new_mutex!(None),
            late <- new_mutex!(None),
        })
    }
}

#[kunit_tests(accel_halt)]
mod tests {
    use super::*;
    use crate::{
        node::Node,
        scene::{
            self,
            later,
            open,
            until,
            Descriptor, //
        }, //
    };
    use accel::faux::Registration;
    use kernel::{
        bindings,
        sync::aref::ARef, //
    };

    /// Who is inside when the device goes sees its fence signalled, and is waited for after that.
    #[test]
    fn a_removal_is_in_order() -> Result {
        let device = device::<false>()?;
        let user = open(&device)?;
        let pending = make(&user)?;
        later(move || drop(device))?;
        let born = hold(&user, &pending)?;
        assert_eq!(pending.fence.status(), Some(Err(ENODEV)));
        assert_eq!(born.fence.status(), Some(Err(ENODEV)));
        until(|| LOG.count(Event::Data) == 1)?;
        assert!(LOG.is(&[Event::Stop, Event::Lost, Event::File, Event::Data]));
        Ok(())
    }

    #[test]
    fn a_reset_is_in_order() -> Result {
        let device = device::<true>()?;
        let user = open(&device)?;
        let pending = make(&user)?;
        fault_later(&device)?;
        let born = hold(&user, &pending)?;
        assert_eq!(pending.fence.status(), Some(Err(ECANCELED)));
        assert_eq!(born.fence.status(), Some(Err(ECANCELED)));

        // This waits for the reset. What is made afterwards is as before.
        let after = make(&user)?;
        assert!(LOG.is(&[Event::Stop, Event::Lost, Event::Hook]));
        assert_eq!(after.fence.status(), None);
        assert_eq!(user.poll() & bindings::POLLERR, 0);
        drop(device);
        assert_eq!(after.fence.status(), Some(Err(ENODEV)));
        assert!(LOG.is(&[
            Event::Stop,
            Event::Lost,
            Event::Hook,
            Event::Stop,
            Event::File,
            Event::Data,
        ]));
        Ok(())
    }

    #[test]
    fn without_a_reset_a_device_is_wedged_in_order() -> Result {
        let device = device::<false>()?;
        let user = open(&device)?;
        let pending = make(&user)?;
        assert_eq!(user.poll() & bindings::POLLERR, 0);
        fault_later(&device)?;
        let born = hold(&user, &pending)?;
        assert_eq!(pending.fence.status(), Some(Err(EIO)));
        assert_eq!(born.fence.status(), Some(Err(EIO)));
        assert_eq!(user.poll() & bindings::POLLERR, bindings::POLLERR);
        assert_eq!(user.ioctl(MAKE, [8, 0]), Err(EIO));
        // What is stopped is not stopped again.
        drop(device);
        assert!(LOG.is(&[Event::Stop, Event::Lost, Event::File, Event::Data]));
        Ok(())
    }

    #[test]
    fn a_reset_that_fails_leaves_the_hardware_stopped() -> Result {
        let device = device::<true>()?;
        let user = open(&device)?;
        let pending = make(&user)?;
        MODE.store(Mode::Fail as u32, Relaxed);
        device.device().reset(Fault::hardware(1));
        until(|| user.poll() & bindings::POLLERR != 0)?;
        assert_eq!(pending.fence.status(), Some(Err(ECANCELED)));
        assert_eq!(user.ioctl(MAKE, [8, 0]), Err(EIO));
        drop(device);
        // The hook may have brought up what it does not understand. By then there are no fences.
        assert_eq!(LOG.count(Event::Stop), 1);
        assert_eq!(LOG.count(Event::StopTooLate), 1);
        assert_eq!(LOG.count(Event::Hook), 1);
        Ok(())
    }

    #[test]
    fn a_storm_of_resets_ends_all_fences() -> Result {
        let device = device::<true>()?;
        let user = open(&device)?;
        for _ in 0..2 {
            let pending = make(&user)?;
            device.device().reset(Fault::hardware(1));
            until(|| pending.fence.status() == Some(Err(ECANCELED)))?;
        }
        let pending = make(&user)?;
        device.device().reset(Fault::hardware(1));
        until(|| pending.fence.status() == Some(Err(EIO)))?;
        until(|| user.poll() & bindings::POLLERR != 0)?;
        assert_eq!(LOG.count(Event::Hook), 2);
        assert_eq!(LOG.count(Event::Stop), 3);
        Ok(())
    }

    #[test]
    fn a_fault_at_the_end_of_a_reset_is_not_lost() -> Result {
        let device = device::<true>()?;
        MODE.store(Mode::Fault as u32, Relaxed);
        device.device().reset(Fault::hardware(1));
        until(|| LOG.count(Event::Hook) == 2)?;
        Ok(())
    }

    #[test]
    fn work_that_a_reset_begins_is_watched() -> Result {
        let device = device::<true>()?;
        MODE.store(Mode::Late as u32, Relaxed);
        device.device().reset(Fault::hardware(1));
        until(|| LOG.count(Event::Hook) == 2)?;
        Ok(())
    }

    #[test]
    fn background_waits_for_the_end_of_a_reset() -> Result {
        let device = device::<true>()?;
        let user = open(&device)?;
        MODE.store(Mode::Background as u32, Relaxed);
        device.device().reset(Fault::hardware(1));
        until(|| LOG.count(Event::Hook) == 2)?;
        drop(make(&user)?);
        until(|| LOG.count(Event::Background) != 0)?;
        assert!(LOG.is(&[Event::Stop, Event::Hook, Event::Hook, Event::Background]));
        Ok(())
    }

    /// Nothing brings the device back, and only its removal comes to it.
    #[test]
    fn a_shutdown_is_for_good() -> Result {
        let device = device::<true>()?;
        let user = open(&device)?;
        let pending = make(&user)?;
        user.shut_down();
        assert_eq!(pending.fence.status(), Some(Err(EIO)));
        assert_eq!(user.poll() & bindings::POLLERR, bindings::POLLERR);
        assert_eq!(user.ioctl(MAKE, [8, 0]), Err(EIO));
        device.device().reset(Fault::hardware(1));
        fsleep(Delta::from_millis(50));
        drop(device);
        assert!(LOG.is(&[Event::Stop, Event::File, Event::Data]));
        Ok(())
    }

    #[test]
    fn a_shutdown_waits_for_the_end_of_a_reset() -> Result {
        let device = device::<true>()?;
        let user = open(&device)?;
        MODE.store(Mode::Background as u32, Relaxed);
        device.device().reset(Fault::hardware(1));
        until(|| LOG.count(Event::Hook) == 1)?;
        user.shut_down();
        assert!(LOG.is(&[Event::Stop, Event::Hook, Event::Hook, Event::Stop]));
        assert_eq!(user.ioctl(MAKE, [8, 0]), Err(EIO));
        Ok(())
    }

    /// Creates a device, to which nothing has happened yet.
    fn device<const R: bool>() -> Result<Registration<Halts<R>>> {
        MODE.store(Mode::Succeed as u32, Relaxed);
        LOG.clear();
        scene::device("halt")
    }

    fn make(user: &Node) -> Result<Descriptor> {
        Descriptor::by(user, MAKE, 0)
    }

    fn hold(user: &Node, pending: &Descriptor) -> Result<Descriptor> {
        Descriptor::by(user, HOLD, pending.fd)
    }

    /// Has a device report a fault, a moment later.
    fn fault_later<const R: bool>(device: &Registration<Halts<R>>) -> Result {
        let device = ARef::from(device.device());
        later(move || device.reset(Fault::hardware(1)))
    }
}
