// SPDX-License-Identifier: GPL-2.0

//! What a driver forgets to drop keeps neither a device, nor what waits for it.
//!
//! What is forgotten for good keeps `accel.ko` loaded, too. So that the modules can be unloaded
//! after the tests, it is put aside until the device is gone, which is to make no difference.

use accel::{
    buffer::{
        DeviceMap,
        VMap, //
    },
    fence::{
        DriverFence,
        SyncFile,
        Timeline, //
    },
    platform,
    prelude::*,
    Awake,
    Work, //
};
use core::mem::forget;
use kernel::{
    dma::DataDirection,
    sync::{
        atomic::{
            AtomicFlag,
            Relaxed, //
        },
        global_lock, //
    },
};

use crate::{
    TestDriver,
    ADD, //
};

uapi_struct! {
    /// Forgets what can be had of a buffer, and a fence, which is that of a descriptor.
    pub(crate) struct Args {
        size: u32,
        handle: u32,
        fd: i32,
    }
}

/// What a handler had when it returned.
struct Forgotten {
    _vmap: VMap,
    _map: DeviceMap,
    _pending: DriverFence,
    _work: Work,
    _awake: Option<Awake>,
}

global_lock! {
    // SAFETY: `init()` is called in the module's initialiser, before any test runs.
    unsafe(uninit) static FORGOTTEN: Mutex<KVec<Forgotten>> = KVec::new();
}

/// What an adapter of a bus returns from its `probe`.
type Bound = <platform::Adapter<TestDriver> as kernel::platform::Driver>::Data<'static>;

global_lock! {
    // SAFETY: As for `FORGOTTEN`.
    unsafe(uninit) static BOUND: Mutex<Option<Pin<KBox<Bound>>>> = None;
}

/// The next device on the platform bus is bound by its driver, before the driver core does so.
static BINDS_ITSELF: AtomicFlag = AtomicFlag::new(false);

/// Makes room for what is put aside.
///
/// # Safety
///
/// Must be called once, in the module's initialiser.
pub(crate) unsafe fn init() {
    // SAFETY: Same requirements.
    unsafe {
        FORGOTTEN.init();
        BOUND.init();
    }
}

/// Calls the adapter as the driver core does, if it is asked to, and puts the result aside.
pub(crate) fn bind(pdev: &platform::Device<'_>) -> Result {
    if BINDS_ITSELF.xchg(false, Relaxed) {
        let bound = <platform::Adapter<TestDriver> as kernel::platform::Driver>::probe(pdev, None);
        *BOUND.lock() = Some(KBox::pin_init(bound, GFP_KERNEL)?);
    }
    Ok(())
}

pub(crate) fn forget_all(ctx: Context<'_, TestDriver>, args: &mut Args) -> Result {
    let buffer = ctx.buffer(args.handle)?;
    let pending = Timeline::new(ctx.device()).fence()?;
    let file = SyncFile::new(pending.fence())?;
    let forgotten = Forgotten {
        _vmap: buffer.vmap(&ctx)?,
        _map: buffer.map_for_device(&ctx, 0..buffer.size(), DataDirection::Bidirectional)?,
        _pending: pending,
        _work: ctx.device().begin_work(),
        _awake: ctx.stay_awake(),
    };
    FORGOTTEN.lock().push(forgotten, GFP_KERNEL)?;
    args.fd = file.fd();
    file.install();
    // By then, nothing borrows from it.
    drop(buffer);
    forget(ctx);
    Ok(())
}

#[kunit_tests(accel_forget)]
mod tests {
    use super::*;
    use crate::{
        bus::{
            PlatformDevice,
            DRIVER_NAME, //
        },
        node::Node,
        test_state::{
            self,
            Alive, //
        },
    };
    use accel::fence::Fence;

    const BO_CREATE: u32 = kernel::ioctl::_IO(0x9b, 0x01);
    const FORGET: u32 = kernel::ioctl::_IO(0x9b, 0x46);

    #[test]
    fn a_device_goes_nevertheless() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let user = Node::open_user(platform.device().minor()?)?;
        let mut fences = KVec::new();
        // The system's memory, and coherent memory of the device.
        for region in [0, 1] {
            let [.., handle] = user.ioctl(BO_CREATE, [24, region, 4096, 0, 0, 0])?;
            let [.., fd] = user.ioctl(FORGET, [12, handle, 0])?;
            fences.push(Fence::from_fd(fd as i32)?, GFP_KERNEL)?;
        }
        assert!(fences.iter().all(|fence| fence.status().is_none()));

        // Waits for nobody.
        drop(platform);
        assert_eq!(test_state::alive(), Alive { data: 0, files: 0 });
        assert_eq!(test_state::buffers_alive(), 0);
        for fence in &fences {
            assert_eq!(fence.status(), Some(Err(ENODEV)));
        }
        assert_eq!(user.ioctl(FORGET, [12, 0, 0]), Err(ENODEV));

        let forgotten = core::mem::replace(&mut *FORGOTTEN.lock(), KVec::new());
        assert_eq!(forgotten.len(), 2);
        Ok(())
    }

    #[test]
    fn what_probe_returns_is_not_the_binding() -> Result {
        // CAST: Numbers below 64.
        let was_there: [bool; 64] =
            core::array::from_fn(|minor| Node::open_user(minor as u32).is_ok());
        BINDS_ITSELF.store(true, Relaxed);
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let bound = BOUND.lock().take();

        // That of the driver, and that of the driver core.
        let mut users = KVec::new();
        for (minor, _) in (0..).zip(was_there).filter(|(_, was_there)| !was_there) {
            if let Ok(user) = Node::open_user(minor) {
                users.push(user, GFP_KERNEL)?;
            }
        }
        assert!(bound.is_some());
        assert_eq!(users.len(), 2);
        for user in &users {
            assert_eq!(user.ioctl(ADD, [16, 3, 4, 0]), Ok([16, 3, 4, 7]));
        }
        drop(platform);
        assert_eq!(test_state::alive(), Alive { data: 0, files: 0 });
        for user in &users {
            assert_eq!(user.ioctl(ADD, [16, 3, 4, 0]), Err(ENODEV));
        }
        drop(bound);
        Ok(())
    }
}
