// SPDX-License-Identifier: GPL-2.0

//! Hooks of drivers that are called with the hardware at hand, when a device is bound and when a
//! file is closed: when they are called, and when not.

use accel::{
    buffer::{
        BufferOps,
        BufferTable,
        Limits,
        Memory, //
    },
    faux,
    prelude::*,
    CloseOps,
    Fault,
    Features,
    FileOps,
    ResetOps,
    Resetter,
    StartOps,
    WorkOps, //
};
use kernel::{
    device,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            AtomicFlag,
            Relaxed, //
        }, //
    },
};

use crate::{
    log::{
        Event,
        Log, //
    },
    scene::later, //
};

/// Returns the flags of the calling file.
const FLAGS: u32 = kernel::ioctl::_IO(0x9b, 0x40);

static LOG: Log = Log::new();

/// The hook is to fail.
static FAILS: AtomicFlag = AtomicFlag::new(false);
/// The hardware does not answer.
static IS_SILENT: AtomicFlag = AtomicFlag::new(false);
/// The hardware has answered, from another thread.
static ANSWERED: AtomicFlag = AtomicFlag::new(false);
/// The flags that the last file was opened with.
static OPENED_WITH: Atomic<u32> = Atomic::new(0);

struct Hooked;

/// Notes its drop.
struct Noted(Event);

impl Drop for Noted {
    fn drop(&mut self) {
        LOG.add(self.0);
    }
}

uapi_struct! {
    struct Args {
        size: u32,
        flags: u32,
    }
}

fn flags(ctx: Context<'_, Hooked>, args: &mut Args) -> Result {
    args.flags = ctx.file_flags();
    Ok(())
}

/// Waits until the hardware answers.
fn handshake(ctx: Context<'_, Hooked, Resetter>) -> Result {
    ANSWERED.store(false, Relaxed);
    if !IS_SILENT.load(Relaxed) {
        let device = ARef::from(ctx.device());
        later(move || {
            ANSWERED.store(true, Relaxed);
            device.wake();
        })?;
    }
    let (_ctx, wake) = ctx.wait(Deadline::in_ms(10_000), |_| {
        ANSWERED.load(Relaxed).then_some(())
    })?;
    wake.ready()?;
    match FAILS.load(Relaxed) {
        true => Err(EIO),
        false => Ok(()),
    }
}

impl AccelDriver for Hooked {
    type Data = CovariantForLt!(Noted);
    const INFO: DriverInfo = DriverInfo {
        name: "accel_kunit_hardware",
        version: "1",
        user_space_url: "tools/testing/kunit",
        user_space_license: "GPL-2.0",
        documentation_url: "tools/testing/kunit",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Exclusive;
    const BUFFERS: BufferTable<Self> = BufferTable::system(Limits::NONE);
    const IOCTLS: IoctlTable<Self> =
        IoctlTable::new(&[Ioctl::new(0x40, "FLAGS", flags, "Tells the flags")]);
    const FEATURES: Features<Self> = Features::none()
        .start()
        .file()
        .close()
        .buffer()
        .work()
        .reset();
}

impl StartOps for Hooked {
    fn start(ctx: Context<'_, Self, Resetter>) -> Result {
        handshake(ctx)?;
        LOG.add(Event::Start);
        Ok(())
    }
}

impl FileOps for Hooked {
    type File = Noted;

    fn open(ctx: &Context<'_, Self, Observer>) -> impl PinInit<Noted, Error> {
        OPENED_WITH.store(ctx.file_flags(), Relaxed);
        Ok(Noted(Event::File))
    }
}

impl CloseOps for Hooked {
    fn close(ctx: &Context<'_, Self>) {
        // The state of the file is there.
        assert_eq!(ctx.file().0, Event::File);
        LOG.add(Event::Close);
    }
}

impl BufferOps for Hooked {
    type Buffer = Noted;

    fn new_buffer(_ctx: &Context<'_, Self>, _memory: &Memory<Self>) -> impl PinInit<Noted, Error> {
        Ok(Noted(Event::Buffer))
    }
}

impl WorkOps for Hooked {
    fn stop(_ctx: &Context<'_, Self, Observer>) {
        LOG.add(Event::Stop);
    }
}

impl ResetOps for Hooked {
    fn reset(ctx: Context<'_, Self, Resetter>) -> Result {
        let result = handshake(ctx);
        LOG.add(Event::Hook);
        result
    }
}

impl faux::Driver for Hooked {
    fn probe(_: &device::Device<device::Bound>) -> impl PinInit<Noted, Error> + '_ {
        Ok(Noted(Event::Data))
    }
}

#[kunit_tests(accel_hardware)]
mod tests {
    use super::*;
    use crate::{
        node::Node,
        scene::{
            self,
            open,
            until, //
        }, //
    };
    use accel::faux::Registration;
    use kernel::{
        bindings,
        fs::file::flags, //
    };

    const BO_CREATE: u32 = kernel::ioctl::_IO(0x9b, 0x01);

    #[test]
    fn it_starts_before_there_are_users() -> Result {
        let device = device()?;
        let user = open(&device)?;
        drop(device);
        assert!(LOG.is(&[Event::Start, Event::Stop, Event::File, Event::Data]));
        drop(user);
        Ok(())
    }

    #[test]
    fn if_it_does_not_start_nothing_is_left() -> Result {
        let minor = device()?.device().minor();
        LOG.clear();
        FAILS.store(true, Relaxed);
        assert_eq!(scene::device::<Hooked>("hardware").err(), Some(EIO));
        assert!(LOG.is(&[Event::Stop, Event::Data]));
        assert_eq!(Node::open_user(minor).err(), Some(ENOENT));
        assert_eq!(device()?.device().minor(), minor);
        Ok(())
    }

    #[test]
    fn a_file_is_closed_before_its_data_goes() -> Result {
        let device = device()?;
        let observer = Node::open_observer(device.device().minor())?;
        let user = open(&device)?;
        user.ioctl(BO_CREATE, [24, 0, 4096, 0, 0, 0])?;
        LOG.clear();
        drop(observer);
        drop(user);
        assert!(LOG.is(&[Event::Close, Event::Buffer, Event::File]));
        // Its place is free.
        drop(open(&device)?);
        Ok(())
    }

    #[test]
    fn a_file_is_closed_after_a_reset() -> Result {
        let device = device()?;
        let user = open(&device)?;
        LOG.clear();
        device.device().reset(Fault::hardware(1));
        until(|| LOG.count(Event::Stop) == 1)?;
        drop(user);
        assert!(LOG.is(&[Event::Stop, Event::Hook, Event::Close, Event::File]));
        Ok(())
    }

    #[test]
    fn a_file_of_a_wedged_device_is_not_closed() -> Result {
        let device = device()?;
        let user = open(&device)?;
        LOG.clear();
        FAILS.store(true, Relaxed);
        device.device().reset(Fault::hardware(1));
        until(|| user.poll() & bindings::POLLERR != 0)?;
        drop(user);
        assert!(LOG.is(&[Event::Stop, Event::Hook, Event::Stop, Event::File]));
        Ok(())
    }

    /// Nor by who waits for a reset that comes to nothing.
    #[test]
    fn a_file_is_not_closed_after_a_reset_in_vain() -> Result {
        let device = device()?;
        let user = open(&device)?;
        LOG.clear();
        FAILS.store(true, Relaxed);
        device.device().reset(Fault::hardware(1));
        until(|| LOG.count(Event::Stop) == 1)?;
        drop(user);
        assert_eq!(LOG.count(Event::Close), 0);
        assert_eq!(LOG.count(Event::File), 1);
        Ok(())
    }

    #[test]
    fn a_file_of_a_device_that_goes_is_not_closed() -> Result {
        let device = device()?;
        let user = open(&device)?;
        LOG.clear();
        IS_SILENT.store(true, Relaxed);
        device.device().reset(Fault::hardware(1));
        until(|| LOG.count(Event::Stop) == 1)?;
        // The one who closes the file waits for the reset by then.
        later(move || drop(device))?;
        drop(user);
        until(|| LOG.count(Event::Data) == 1)?;
        assert!(LOG.is(&[
            Event::Stop,
            Event::Hook,
            Event::Stop,
            Event::File,
            Event::Data,
        ]));
        Ok(())
    }

    #[test]
    fn a_file_knows_how_it_was_opened() -> Result {
        let device = device()?;
        let asked = flags::O_RDWR | flags::O_EXCL | flags::O_APPEND | flags::O_NONBLOCK;
        let user = Node::open(device.device().minor(), asked)?;
        assert_eq!(OPENED_WITH.load(Relaxed) & asked, asked);
        assert_eq!(user.ioctl(FLAGS, [8, 0])?[1] & asked, asked);
        drop(user);
        drop(open(&device)?);
        assert_eq!(OPENED_WITH.load(Relaxed) & asked, flags::O_RDWR);
        Ok(())
    }

    fn device() -> Result<Registration<Hooked>> {
        FAILS.store(false, Relaxed);
        IS_SILENT.store(false, Relaxed);
        LOG.clear();
        scene::device("hardware")
    }
}
