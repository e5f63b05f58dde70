// SPDX-License-Identifier: GPL-2.0

//! Buffers that are moved while other devices have them.

use accel::prelude::*;

use crate::TestDriver;

uapi_struct! {
    /// Has a buffer be in the memory of the device.
    pub(crate) struct Args {
        size: u32,
        handle: u32,
        region: u32,
    }
}

pub(crate) fn place(ctx: Context<'_, TestDriver>, args: &mut Args) -> Result {
    args.region = ctx.buffer(args.handle)?.placed(&ctx)?.region();
    Ok(())
}

#[kunit_tests(accel_movable)]
mod tests {
    use super::*;
    use crate::{
        buffer::{
            DmaBuf,
            Holder,
            Work, //
        },
        bus::{
            PlatformDevice,
            DRIVER_NAME, //
        },
        node::Node,
        ASIDE, //
    };
    use kernel::fs::file::flags;

    const BO_CREATE: u32 = kernel::ioctl::_IO(0x9b, 0x01);
    const BO_INFO: u32 = kernel::ioctl::_IO(0x9b, 0x02);
    const BO_CLOSE: u32 = kernel::ioctl::_IO(0x9b, 0x03);
    const BO_EXPORT: u32 = kernel::ioctl::_IO(0x9b, 0x06);
    const PLACE: u32 = kernel::ioctl::_IO(0x9b, 0x43);
    const MOVABLE: u32 = 2;
    const SYSTEM: u32 = 0;
    const REGION: u32 = 2;

    /// Creates a buffer for which there is room only if no other is in the region.
    fn create(user: &Node) -> Result<u32> {
        let args = [24, REGION, ASIDE as u32, 0, MOVABLE, 0];
        let [_, _, _, _, _, handle] = user.ioctl(BO_CREATE, args)?;
        Ok(handle)
    }

    fn export(user: &Node, handle: u32) -> Result<DmaBuf> {
        let [_, _, _, fd] = user.ioctl(BO_EXPORT, [16, handle, flags::O_RDWR, 0])?;
        DmaBuf::take(fd)
    }

    fn region(user: &Node, handle: u32) -> Result<u32> {
        let [_, _, _, _, region, _] = user.ioctl(BO_INFO, [24, handle, 0, 0, 0, 0])?;
        Ok(region)
    }

    fn place(user: &Node, handle: u32) -> Result {
        let [_, _, region] = user.ioctl(PLACE, [12, handle, 0])?;
        assert_eq!(region, REGION);
        Ok(())
    }

    #[test]
    fn who_gives_it_back_is_told() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let user = Node::open_user(platform.device().minor()?)?;
        let first = create(&user)?;
        let dmabuf = export(&user, first)?;
        let holder = Holder::new(&dmabuf)?;
        holder.map()?;
        // Out of the memory of the device, and back.
        let second = create(&user)?;
        for handle in [first, second, first] {
            holder.settle();
            assert!(!holder.has_it());
            holder.map()?;
            assert!(holder.has_it());
            place(&user, handle)?;
        }
        holder.settle();
        assert!(!holder.has_it());
        assert_eq!(region(&user, first)?, REGION);
        assert_eq!(region(&user, second)?, SYSTEM);
        Ok(())
    }

    #[test]
    fn who_does_not_has_it_where_it_is() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let user = Node::open_user(platform.device().minor()?)?;
        let first = create(&user)?;
        let dmabuf = export(&user, first)?;
        dmabuf.use_by_a_device(ASIDE)?;
        assert_eq!(region(&user, first)?, REGION);

        let holder = Holder::new(&dmabuf)?;
        holder.pin()?;
        assert_eq!(create(&user), Err(ENOSPC));
        holder.unpin();
        let second = create(&user)?;
        dmabuf.use_by_a_device(ASIDE)?;
        assert_eq!(region(&user, first)?, SYSTEM);

        holder.pin()?;
        assert_eq!(place(&user, first), Err(EBUSY));
        holder.unpin();
        place(&user, first)?;
        dmabuf.use_by_a_device(ASIDE)?;
        user.ioctl(BO_CLOSE, [8, second])?;
        Ok(())
    }

    #[test]
    fn work_on_it_is_waited_for() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let user = Node::open_user(platform.device().minor()?)?;
        let first = create(&user)?;
        let dmabuf = export(&user, first)?;
        // Nobody who only wants room waits.
        let work = Work::new(&dmabuf)?;
        assert_eq!(create(&user), Err(ENOSPC));
        assert_eq!(region(&user, first)?, REGION);
        drop(work);
        let second = create(&user)?;
        assert_eq!(region(&user, first)?, SYSTEM);
        user.ioctl(BO_CLOSE, [8, second])?;

        let work = Work::new(&dmabuf)?;
        work.ends();
        place(&user, first)?;
        assert!(work.has_ended());
        Ok(())
    }

    #[test]
    fn device_goes() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let device = platform.device();
        let user = Node::open_user(device.minor()?)?;
        let (first, second) = (create(&user)?, create(&user)?);
        let (outside, inside) = (export(&user, first)?, export(&user, second)?);
        let (has_outside, has_inside) = (Holder::new(&outside)?, Holder::new(&inside)?);
        has_outside.map()?;
        has_inside.map()?;

        device.unbind();
        has_inside.settle();
        assert!(!has_inside.has_it());
        assert_eq!(has_inside.map(), Err(ENODEV));
        assert_eq!(Holder::new(&inside).err(), Some(ENODEV));
        // It was not told to give that back.
        has_outside.settle();
        assert!(has_outside.has_it());
        outside.use_by_a_device(ASIDE)?;
        Ok(())
    }
}
