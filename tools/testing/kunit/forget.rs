// SPDX-License-Identifier: GPL-2.0

//! What a driver forgets to drop keeps neither a device, nor what waits for it.

use accel::{
    fence::{
        SyncFile,
        Timeline, //
    },
    prelude::*, //
};
use core::mem::forget;
use kernel::dma::DataDirection;

use crate::test_driver::TestDriver;

uapi_struct! {
    /// Forgets what can be had of a buffer, and a fence, which is that of a descriptor.
    pub(crate) struct Args {
        size: u32,
        handle: u32,
        fd: i32,
    }
}

pub(crate) fn forget_all(ctx: Context<'_, TestDriver>, args: &mut Args) -> Result {
    let buffer = ctx.buffer(args.handle)?;
    forget(buffer.vmap(&ctx)?);
    forget(buffer.map_for_device(&ctx, 0..buffer.size(), DataDirection::Bidirectional)?);

    let pending = Timeline::new(ctx.device()).fence()?;
    let file = SyncFile::new(pending.fence())?;
    args.fd = file.fd();
    file.install();
    forget(pending);

    forget(ctx.device().begin_work());
    forget(ctx.stay_awake());
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
        test_driver::{
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
        assert_eq!(test_driver::alive(), Alive { data: 0, files: 0 });
        assert_eq!(test_driver::buffers_alive(), 0);
        for fence in &fences {
            assert_eq!(fence.status(), Some(Err(ENODEV)));
        }
        assert_eq!(user.ioctl(FORGET, [12, 0, 0]), Err(ENODEV));
        Ok(())
    }
}
