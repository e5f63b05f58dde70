// SPDX-License-Identifier: GPL-2.0

//! What a driver keeps for buffers, and for how long.

use kernel::prelude::*;

#[kunit_tests(accel_buffer_data)]
mod tests {
    use super::*;
    use crate::{
        buffer::DmaBuf,
        node::Node,
        test_state::{
            buffers_alive,
            fail_next_buffer, //
        },
        TestDriver, //
    };
    use accel::faux::Registration;
    use kernel::{
        fs::file::flags,
        page::PAGE_SIZE, //
    };

    const BO_CREATE: u32 = kernel::ioctl::_IO(0x9b, 0x01);
    const BO_CLOSE: u32 = kernel::ioctl::_IO(0x9b, 0x03);
    const BO_EXPORT: u32 = kernel::ioctl::_IO(0x9b, 0x06);
    const BO_IMPORT: u32 = kernel::ioctl::_IO(0x9b, 0x07);

    #[test]
    fn it_goes_with_the_handle() -> Result {
        let device = device()?;
        let user = Node::open_user(device.device().minor())?;
        let first = create(&user)?;
        let second = create(&user)?;
        assert_eq!(buffers_alive(), 2);
        user.ioctl(BO_CLOSE, [8, first])?;
        assert_eq!(buffers_alive(), 1);
        assert_eq!(user.ioctl(BO_CLOSE, [8, first]), Err(ENOENT));
        user.ioctl(BO_CLOSE, [8, second])?;
        assert_eq!(buffers_alive(), 0);
        Ok(())
    }

    #[test]
    fn it_goes_with_the_file() -> Result {
        let device = device()?;
        let user = Node::open_user(device.device().minor())?;
        let other = Node::open_user(device.device().minor())?;
        for _ in 0..3 {
            create(&user)?;
        }
        create(&other)?;
        assert_eq!(buffers_alive(), 4);
        drop(user);
        assert_eq!(buffers_alive(), 1);
        drop(other);
        assert_eq!(buffers_alive(), 0);
        Ok(())
    }

    #[test]
    fn it_goes_with_the_device() -> Result {
        let device = device()?;
        let user = Node::open_user(device.device().minor())?;
        let handle = create(&user)?;
        create(&user)?;
        // What lives longer than the device does not keep it.
        let _dmabuf = DmaBuf::take(export(&user, handle)?)?;
        assert_eq!(buffers_alive(), 2);
        drop(device);
        assert_eq!(buffers_alive(), 0);
        drop(user);
        assert_eq!(buffers_alive(), 0);
        Ok(())
    }

    #[test]
    fn a_failing_one_leaves_nothing() -> Result {
        let device = device()?;
        let user = Node::open_user(device.device().minor())?;
        let handle = create(&user)?;
        fail_next_buffer();
        assert_eq!(create(&user), Err(EIO));
        assert_eq!(buffers_alive(), 1);
        assert_eq!(user.ioctl(BO_CLOSE, [8, handle + 1]), Err(ENOENT));

        let other = Node::open_user(device.device().minor())?;
        let fd = export(&user, handle)?;
        fail_next_buffer();
        assert_eq!(import(&other, fd), Err(EIO));
        drop(DmaBuf::take(fd)?);
        assert_eq!(buffers_alive(), 1);
        assert_eq!(create(&user)?, handle + 1);
        Ok(())
    }

    #[test]
    fn each_handle_has_its_own() -> Result {
        let device = device()?;
        let user = Node::open_user(device.device().minor())?;
        let other = Node::open_user(device.device().minor())?;
        let handle = create(&user)?;
        let fd = export(&user, handle)?;
        // In its own file, it has the handle that it had.
        assert_eq!(import(&user, fd)?, handle);
        assert_eq!(buffers_alive(), 1);
        let imported = import(&other, fd)?;
        assert_eq!(import(&other, fd)?, imported);
        drop(DmaBuf::take(fd)?);
        assert_eq!(buffers_alive(), 2);
        user.ioctl(BO_CLOSE, [8, handle])?;
        assert_eq!(buffers_alive(), 1);
        other.ioctl(BO_CLOSE, [8, imported])?;
        assert_eq!(buffers_alive(), 0);
        Ok(())
    }

    fn device() -> Result<Registration<TestDriver>> {
        Registration::new(c"accel_kunit.buffer_data")
    }

    /// Creates a buffer, and returns its handle.
    fn create(user: &Node) -> Result<u32> {
        let [_, _, _, _, _, handle] = user.ioctl(BO_CREATE, [24, 0, PAGE_SIZE as u32, 0, 0, 0])?;
        Ok(handle)
    }

    fn export(user: &Node, handle: u32) -> Result<u32> {
        let [_, _, _, fd] = user.ioctl(BO_EXPORT, [16, handle, flags::O_RDWR, 0])?;
        Ok(fd)
    }

    fn import(user: &Node, fd: u32) -> Result<u32> {
        let [_, _, _, _, _, handle] = user.ioctl(BO_IMPORT, [24, fd, 0, 0, 0, 0])?;
        Ok(handle)
    }
}
