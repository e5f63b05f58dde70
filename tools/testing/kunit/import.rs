// SPDX-License-Identifier: GPL-2.0

//! Buffers that are memory of another driver.

use accel::{
    buffer::{
        KeptMap,
        MapInUse,
        Memory, //
    },
    prelude::*, //
};
use kernel::{
    dma::DataDirection,
    error::to_result,
    ffi::c_int,
    time::Msecs, //
};

use crate::{
    buffer::{
        DmaBuf,
        RawDmaBuf, //
    },
    owned::Returned,
    TestDriver, //
};

// SAFETY: These are the functions of `exporter.h`. The first takes any numbers.
unsafe extern "C" {
    safe fn accel_test_exporter_new(size: usize, flags: c_int) -> Returned<RawDmaBuf>;
    fn accel_test_exporter_fd(dmabuf: &RawDmaBuf) -> c_int;
    fn accel_test_exporter_withdraw(dmabuf: &RawDmaBuf);
    fn accel_test_exporter_mapped(dmabuf: &RawDmaBuf) -> c_int;
    fn accel_test_exporter_stall(dmabuf: &RawDmaBuf, stalls: bool);
    fn accel_test_exporter_stalled(dmabuf: &RawDmaBuf) -> bool;
}

/// A dma-buf of another driver.
///
/// # Invariants
///
/// One of `accel_test_exporter_new()`.
pub(crate) struct Exporter(DmaBuf);

impl Exporter {
    /// Exports `size` bytes. `flags` are `O_RDWR` or `O_RDONLY`.
    pub(crate) fn new(size: usize, flags: u32) -> Result<Self> {
        // CAST: Flags are small.
        let dmabuf = DmaBuf::new(accel_test_exporter_new(size, flags as c_int))?;
        // INVARIANT: It was just made.
        Ok(Self(dmabuf))
    }

    /// Returns a descriptor, which is to be given to [`DmaBuf::take`].
    pub(crate) fn fd(&self) -> Result<u32> {
        // SAFETY: It is one of the exporter, by the type invariants.
        let fd = unsafe { accel_test_exporter_fd(self.0.as_raw()) };
        to_result(fd)?;
        // CAST: It is not negative.
        Ok(fd as u32)
    }

    /// Takes the memory back, for good.
    fn withdraw(&self) {
        // SAFETY: It is one of the exporter, by the type invariants.
        unsafe { accel_test_exporter_withdraw(self.0.as_raw()) };
    }

    /// Returns whether somebody has the memory mapped.
    fn is_mapped(&self) -> bool {
        // SAFETY: It is one of the exporter, by the type invariants.
        unsafe { accel_test_exporter_mapped(self.0.as_raw()) != 0 }
    }

    /// Has those who map the memory wait, or go on.
    fn stall(&self, stalls: bool) {
        // SAFETY: It is one of the exporter, by the type invariants.
        unsafe { accel_test_exporter_stall(self.0.as_raw(), stalls) };
    }

    /// Returns whether somebody has waited.
    fn has_stalled(&self) -> bool {
        // SAFETY: It is one of the exporter, by the type invariants.
        unsafe { accel_test_exporter_stalled(self.0.as_raw()) }
    }
}

/// A buffer that a file keeps mapped, and a piece of work on it.
#[derive(Default)]
pub(crate) struct Kept {
    map: Option<KeptMap>,
    in_use: Option<MapInUse>,
}

/// How long an exporter may take here.
const MAX_MS: Msecs = 10_000;

/// Keeps `handle` mapped.
const KEEP: u32 = 0;
/// Begins a piece of work.
const BEGIN: u32 = 1;
/// Ends it.
const END: u32 = 2;

uapi_struct! {
    pub(crate) struct KeepArgs {
        size: u32,
        handle: u32,
        what: u32,
    }
}

pub(crate) fn keep(ctx: Context<'_, TestDriver>, args: &mut KeepArgs) -> Result {
    match args.what {
        KEEP => {
            let buffer = ctx.buffer(args.handle)?;
            let size = buffer.size();
            let map = buffer.keep_for_device(0..size, DataDirection::Bidirectional)?;
            ctx.file().kept.lock().map = Some(map);
        }
        BEGIN => {
            let buffer = ctx.buffer(args.handle)?;
            let deadline = Deadline::in_ms(MAX_MS);
            let (ctx, in_use) = ctx.when_mapped(&[&buffer], deadline, |ctx| {
                ctx.file()
                    .kept
                    .lock()
                    .map
                    .as_ref()
                    .ok_or(ENODATA)?
                    .begin(ctx)
            })?;
            ctx.file().kept.lock().in_use = Some(in_use.ready()?);
        }
        END => ctx.file().kept.lock().in_use = None,
        _ => return Err(EINVAL),
    }
    Ok(())
}

uapi_struct! {
    pub(crate) struct BothArgs {
        size: u32,
        first: u32,
        second: u32,
    }
}

/// Maps two buffers for a moment.
pub(crate) fn map_both(ctx: Context<'_, TestDriver>, args: &mut BothArgs) -> Result {
    let (first, second) = (ctx.buffer(args.first)?, ctx.buffer(args.second)?);
    let both: [&Memory<TestDriver>; 2] = [&first, &second];
    let (_ctx, maps) = ctx.when_mapped(&both, Deadline::in_ms(MAX_MS), |ctx| {
        let [first, second] = both.map(|memory| {
            memory.map_for_device(ctx, 0..memory.size(), DataDirection::Bidirectional)
        });
        Ok((first?, second?))
    })?;
    maps.ready().map(|_| ())
}

#[kunit_tests(accel_import)]
mod tests {
    use super::*;
    use crate::{
        bus::{
            PlatformDevice,
            DRIVER_NAME, //
        },
        node::Node,
        scene::{
            later,
            until, //
        }, //
    };
    use kernel::{
        fs::file::flags,
        page::PAGE_SIZE,
        sync::{
            atomic::{
                AtomicFlag,
                Relaxed, //
            },
            Arc, //
        },
        time::{
            delay::fsleep,
            Delta, //
        }, //
    };

    const BO_CREATE: u32 = kernel::ioctl::_IO(0x9b, 0x01);
    const BO_CLOSE: u32 = kernel::ioctl::_IO(0x9b, 0x03);
    const BO_EXPORT: u32 = kernel::ioctl::_IO(0x9b, 0x06);
    const BO_IMPORT: u32 = kernel::ioctl::_IO(0x9b, 0x07);
    const MAP: u32 = kernel::ioctl::_IO(0x9b, 0x42);
    const KEEP_IOCTL: u32 = kernel::ioctl::_IO(0x9b, 0x47);
    const MAP_BOTH: u32 = kernel::ioctl::_IO(0x9b, 0x49);
    /// The region of coherent memory.
    const COHERENT: u32 = 1;

    /// Imports what `exporter` has, and returns its handle.
    fn import(user: &Node, exporter: &Exporter) -> Result<u32> {
        let fd = exporter.fd()?;
        let imported = user.ioctl(BO_IMPORT, [24, fd, 0, 0, 0, 0]);
        drop(DmaBuf::take(fd)?);
        let [_, _, _, _, _, handle] = imported?;
        Ok(handle)
    }

    #[test]
    fn it_is_made_of_whole_pages() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let user = Node::open_user(platform.device().minor()?)?;
        for size in [1, PAGE_SIZE - 1, PAGE_SIZE + 1, 3 * PAGE_SIZE - 512] {
            let exporter = Exporter::new(size, flags::O_RDWR)?;
            assert_eq!(import(&user, &exporter), Err(EINVAL));
        }
        for pages in [1, 3] {
            let exporter = Exporter::new(pages * PAGE_SIZE, flags::O_RDWR)?;
            let handle = import(&user, &exporter)?;
            user.ioctl(BO_CLOSE, [8, handle])?;
        }
        Ok(())
    }

    #[test]
    fn what_is_for_reading_is_not_written_to() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let user = Node::open_user(platform.device().minor()?)?;
        for (access, written) in [(flags::O_RDONLY, Err(EACCES)), (flags::O_RDWR, Ok(()))] {
            let exporter = Exporter::new(PAGE_SIZE, access)?;
            let handle = import(&user, &exporter)?;
            let mapped = user.ioctl(MAP, [20, handle, 0, 1, 0]);
            assert_eq!(mapped.map(|_| ()), written);
            let exported = user.ioctl(BO_EXPORT, [16, handle, flags::O_RDWR, 0]);
            assert_eq!(exported.map(|_| ()), written);
            if let Ok([_, _, _, fd]) = exported {
                drop(DmaBuf::take(fd)?);
            }
            let [_, _, _, fd] = user.ioctl(BO_EXPORT, [16, handle, flags::O_RDONLY, 0])?;
            drop(DmaBuf::take(fd)?);
        }
        Ok(())
    }

    fn keep(user: &Node, handle: u32, what: u32) -> Result {
        user.ioctl(KEEP_IOCTL, [12, handle, what]).map(|_| ())
    }

    /// Waits until nobody has mapped what `exporter` has. Nobody has to do anything for that.
    fn wait_unmapped(exporter: &Exporter) {
        for _ in 0..1000 {
            if !exporter.is_mapped() {
                return;
            }
            fsleep(Delta::from_millis(1));
        }
        assert!(!exporter.is_mapped());
    }

    #[test]
    fn what_is_idle_is_given_back() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let user = Node::open_user(platform.device().minor()?)?;
        let exporter = Exporter::new(PAGE_SIZE, flags::O_RDWR)?;
        let handle = import(&user, &exporter)?;
        keep(&user, handle, KEEP)?;
        assert!(!exporter.is_mapped());
        for _ in 0..2 {
            keep(&user, handle, BEGIN)?;
            assert!(exporter.is_mapped());
            keep(&user, handle, END)?;
            assert!(exporter.is_mapped());
        }
        exporter.withdraw();
        wait_unmapped(&exporter);
        assert_eq!(keep(&user, handle, BEGIN), Err(ENODEV));
        Ok(())
    }

    #[test]
    fn what_is_in_use_is_given_back_afterwards() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let user = Node::open_user(platform.device().minor()?)?;
        let exporter = Exporter::new(PAGE_SIZE, flags::O_RDWR)?;
        let handle = import(&user, &exporter)?;
        keep(&user, handle, KEEP)?;
        keep(&user, handle, BEGIN)?;
        exporter.withdraw();
        fsleep(Delta::from_millis(50));
        assert!(exporter.is_mapped());
        // Nor does any other work begin with it.
        let mapped = user.ioctl(MAP, [20, handle, 0, 1, 0]);
        assert_eq!(mapped.err(), Some(ETIMEDOUT));
        keep(&user, handle, END)?;
        wait_unmapped(&exporter);
        let mapped = user.ioctl(MAP, [20, handle, 0, 1, 0]);
        assert_eq!(mapped.err(), Some(ENODEV));
        Ok(())
    }

    /// Nor does who has asked for it, and waits for another exporter by now.
    #[test]
    fn what_a_request_has_is_given_back() -> Result {
        static WAS_GIVEN_BACK: AtomicFlag = AtomicFlag::new(false);

        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let user = Node::open_user(platform.device().minor()?)?;
        let first = Arc::new(Exporter::new(PAGE_SIZE, flags::O_RDWR)?, GFP_KERNEL)?;
        let second = Arc::new(Exporter::new(PAGE_SIZE, flags::O_RDWR)?, GFP_KERNEL)?;
        let handles = [import(&user, &first)?, import(&user, &second)?];
        WAS_GIVEN_BACK.store(false, Relaxed);
        second.stall(true);
        let exporters = (first.clone(), second.clone());
        later(move || {
            let (first, second) = exporters;
            if until(|| second.has_stalled() && first.is_mapped()).is_ok() {
                first.withdraw();
                let is_given_back = until(|| !first.is_mapped()).is_ok();
                WAS_GIVEN_BACK.store(is_given_back, Relaxed);
            }
            second.stall(false);
        })?;
        let mapped = user.ioctl(MAP_BOTH, [12, handles[0], handles[1]]);
        assert!(WAS_GIVEN_BACK.load(Relaxed));
        assert_eq!(mapped.err(), Some(ENODEV));
        wait_unmapped(&second);
        Ok(())
    }

    #[test]
    fn who_keeps_it_mapped_does_not_hold_up_its_owner() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let owner = Node::open_user(platform.device().minor()?)?;
        let [_, _, _, _, _, handle] =
            owner.ioctl(BO_CREATE, [24, COHERENT, PAGE_SIZE as u32, 0, 0, 0])?;
        let [_, _, _, fd] = owner.ioctl(BO_EXPORT, [16, handle, flags::O_RDWR, 0])?;

        let other = PlatformDevice::new(DRIVER_NAME)?;
        let user = Node::open_user(other.device().minor()?)?;
        let [_, _, _, _, _, handle] = user.ioctl(BO_IMPORT, [24, fd, 0, 0, 0, 0])?;
        drop(DmaBuf::take(fd)?);
        keep(&user, handle, KEEP)?;
        keep(&user, handle, BEGIN)?;
        keep(&user, handle, END)?;
        platform.device().unbind();
        assert_eq!(keep(&user, handle, BEGIN), Err(ENODEV));
        Ok(())
    }
}
