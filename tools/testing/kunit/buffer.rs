// SPDX-License-Identifier: GPL-2.0

//! Buffers in the hands of other devices.

use accel::fence::Fence;
use core::ptr::NonNull;
use kernel::{
    error::to_result,
    ffi::{
        c_int,
        c_uint, //
    },
    prelude::*,
    types::Opaque, //
};

use crate::owned::{
    Owned,
    Owner,
    Returned, //
};

/// `struct dma_buf`, which is opaque here.
#[repr(C)]
pub(crate) struct RawDmaBuf {
    _opaque: Opaque<[u8; 0]>,
}

/// `struct accel_test_holder` of `importer.c`.
#[repr(C)]
struct RawHolder {
    _opaque: Opaque<[u8; 0]>,
}

/// The `struct dma_fence` of a piece of work.
#[repr(C)]
struct RawWork {
    _opaque: Opaque<[u8; 0]>,
}

// SAFETY: These are the functions of `importer.h`. Those that are safe take any valid structure, or
// any number.
#[allow(
    improper_ctypes,
    reason = "empty structures, which the kernel's compilers agree on"
)]
unsafe extern "C" {
    safe fn accel_test_dma_buf_take(fd: c_int) -> Returned<RawDmaBuf>;
    fn accel_test_dma_buf_put(dmabuf: NonNull<RawDmaBuf>);
    safe fn accel_test_dma_buf_use(dmabuf: &RawDmaBuf, size: usize) -> c_int;
    safe fn accel_test_dma_buf_hold(dmabuf: &RawDmaBuf) -> Returned<RawHolder>;
    safe fn accel_test_holder_has_it(holder: &RawHolder) -> bool;
    safe fn accel_test_holder_map(holder: &RawHolder) -> c_int;
    fn accel_test_holder_end(holder: NonNull<RawHolder>);
    safe fn accel_test_holder_settle(holder: &RawHolder);
    safe fn accel_test_holder_pin(holder: &RawHolder) -> c_int;
    safe fn accel_test_holder_unpin(holder: &RawHolder);
    safe fn accel_test_dma_buf_work(dmabuf: &RawDmaBuf) -> Returned<RawWork>;
    safe fn accel_test_work_ends(work: &RawWork);
    safe fn accel_test_work_has_ended(work: &RawWork) -> bool;
    fn accel_test_work_put(work: NonNull<RawWork>);
    safe fn accel_test_dma_buf_lock_until(dmabuf: &RawDmaBuf, fence: &Fence, ms: c_uint) -> bool;
    safe fn accel_test_dma_buf_is_locked(dmabuf: &RawDmaBuf) -> bool;
}

// SAFETY: Gives up the reference that the functions return.
unsafe impl Owner for RawDmaBuf {
    const END: unsafe extern "C" fn(NonNull<Self>) = accel_test_dma_buf_put;
}

// SAFETY: Detaches the holder, and frees it.
unsafe impl Owner for RawHolder {
    const END: unsafe extern "C" fn(NonNull<Self>) = accel_test_holder_end;
}

// SAFETY: Gives up the reference that the function returns.
unsafe impl Owner for RawWork {
    const END: unsafe extern "C" fn(NonNull<Self>) = accel_test_work_put;
}

/// A reference to a dma-buf.
pub(crate) struct DmaBuf(Owned<RawDmaBuf>);

// SAFETY: A dma-buf may be used from any thread.
unsafe impl Send for DmaBuf {}
// SAFETY: As above.
unsafe impl Sync for DmaBuf {}

impl DmaBuf {
    /// Takes the dma-buf out of a descriptor, which is closed.
    pub(crate) fn take(fd: u32) -> Result<Self> {
        // CAST: It came as bits of a word.
        Self::new(accel_test_dma_buf_take(fd as c_int))
    }

    /// Takes what a function has returned.
    pub(crate) fn new(returned: Returned<RawDmaBuf>) -> Result<Self> {
        returned.owned().map(Self)
    }

    pub(crate) fn as_raw(&self) -> &RawDmaBuf {
        &self.0
    }

    /// Has its reservation locked until `fence` is signalled. Returns whether it was, within `ms`
    /// milliseconds.
    pub(crate) fn lock_until(&self, fence: &Fence, ms: u32) -> bool {
        accel_test_dma_buf_lock_until(&self.0, fence, ms)
    }

    /// Returns whether somebody has its reservation locked.
    pub(crate) fn is_locked(&self) -> bool {
        accel_test_dma_buf_is_locked(&self.0)
    }

    /// Lets a new device work on it, and checks what that sees.
    pub(crate) fn use_by_a_device(&self, size: usize) -> Result {
        to_result(accel_test_dma_buf_use(&self.0, size))
    }
}

/// A device that gives the memory of a dma-buf back when it is told to.
pub(crate) struct Holder<'a> {
    holder: Owned<RawHolder>,
    _dmabuf: &'a DmaBuf,
}

impl<'a> Holder<'a> {
    pub(crate) fn new(dmabuf: &'a DmaBuf) -> Result<Self> {
        Ok(Self {
            holder: accel_test_dma_buf_hold(&dmabuf.0).owned()?,
            _dmabuf: dmabuf,
        })
    }

    /// Maps the memory, and checks that there are only zeros.
    pub(crate) fn map(&self) -> Result {
        to_result(accel_test_holder_map(&self.holder))
    }

    /// Returns whether the memory is mapped.
    pub(crate) fn has_it(&self) -> bool {
        accel_test_holder_has_it(&self.holder)
    }

    /// Waits until it has given back what it was told to.
    pub(crate) fn settle(&self) {
        accel_test_holder_settle(&self.holder);
    }

    /// Pins the memory, until [`Self::unpin`].
    pub(crate) fn pin(&self) -> Result {
        to_result(accel_test_holder_pin(&self.holder))
    }

    pub(crate) fn unpin(&self) {
        accel_test_holder_unpin(&self.holder);
    }
}

/// A piece of work on a dma-buf. Ends at the latest when it is dropped.
pub(crate) struct Work(Owned<RawWork>);

impl Work {
    pub(crate) fn new(dmabuf: &DmaBuf) -> Result<Self> {
        accel_test_dma_buf_work(&dmabuf.0).owned().map(Self)
    }

    /// Has it end a little later.
    pub(crate) fn ends(&self) {
        accel_test_work_ends(&self.0);
    }

    pub(crate) fn has_ended(&self) -> bool {
        accel_test_work_has_ended(&self.0)
    }
}

#[kunit_tests(accel_buffer)]
mod tests {
    use super::*;
    use crate::{
        bus::{
            PlatformDevice,
            DRIVER_NAME, //
        },
        node::Node,
        TestDriver,
        COHERENT, //
    };
    use accel::faux::Registration;
    use kernel::{
        fs::file::flags,
        page::PAGE_SIZE, //
    };

    const BO_CREATE: u32 = kernel::ioctl::_IO(0x9b, 0x01);
    const BO_CLOSE: u32 = kernel::ioctl::_IO(0x9b, 0x03);
    const BO_EXPORT: u32 = kernel::ioctl::_IO(0x9b, 0x06);

    /// Creates a buffer of so many pages, and exports it. Returns its handle, too.
    fn export(user: &Node, pages: usize) -> Result<(u32, DmaBuf)> {
        let bytes = (pages * PAGE_SIZE) as u32;
        let [_, _, _, _, _, handle] = user.ioctl(BO_CREATE, [24, 0, bytes, 0, 0, 0])?;
        let [_, _, _, fd] = user.ioctl(BO_EXPORT, [16, handle, flags::O_RDWR, 0])?;
        Ok((handle, DmaBuf::take(fd)?))
    }

    #[test]
    fn another_device_works_on_it() -> Result {
        let device = Registration::<TestDriver>::new(c"accel_kunit.buffer")?;
        let user = Node::open_user(device.device().minor())?;
        for pages in [1, 2, 3, 64, 513, 600] {
            let (_, dmabuf) = export(&user, pages)?;
            dmabuf.use_by_a_device(pages * PAGE_SIZE)?;
            // And again, and twice the same memory.
            dmabuf.use_by_a_device(pages * PAGE_SIZE)?;
        }
        Ok(())
    }

    #[test]
    fn two_dma_bufs_of_a_buffer_have_its_memory() -> Result {
        let device = Registration::<TestDriver>::new(c"accel_kunit.buffer")?;
        let user = Node::open_user(device.device().minor())?;
        let (handle, first) = export(&user, 3)?;
        let [_, _, _, fd] = user.ioctl(BO_EXPORT, [16, handle, flags::O_RDWR, 0])?;
        let second = DmaBuf::take(fd)?;
        first.use_by_a_device(3 * PAGE_SIZE)?;
        drop(first);
        second.use_by_a_device(3 * PAGE_SIZE)?;
        Ok(())
    }

    #[test]
    fn it_outlives_handle_file_and_device() -> Result {
        let device = Registration::<TestDriver>::new(c"accel_kunit.buffer")?;
        let user = Node::open_user(device.device().minor())?;
        let (handle, dmabuf) = export(&user, 5)?;
        user.ioctl(BO_CLOSE, [8, handle])?;
        dmabuf.use_by_a_device(5 * PAGE_SIZE)?;
        drop(device);
        dmabuf.use_by_a_device(5 * PAGE_SIZE)?;
        drop(user);
        dmabuf.use_by_a_device(5 * PAGE_SIZE)?;
        Ok(())
    }
    /// Creates a buffer of coherent memory, and exports it.
    fn export_coherent(user: &Node, pages: usize) -> Result<(u32, DmaBuf)> {
        let bytes = (pages * PAGE_SIZE) as u32;
        let [_, _, _, _, _, handle] = user.ioctl(BO_CREATE, [24, 1, bytes, 0, 0, 0])?;
        let [_, _, _, fd] = user.ioctl(BO_EXPORT, [16, handle, flags::O_RDWR, 0])?;
        Ok((handle, DmaBuf::take(fd)?))
    }

    #[test]
    fn coherent_memory_is_for_those_who_give_it_back() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let user = Node::open_user(platform.device().minor()?)?;
        for pages in [1, 2, 3, 64] {
            let (handle, dmabuf) = export_coherent(&user, pages)?;
            let size = pages * PAGE_SIZE;
            assert_eq!(dmabuf.use_by_a_device(size), Err(EOPNOTSUPP));
            let holder = Holder::new(&dmabuf)?;
            holder.map()?;
            user.ioctl(BO_CLOSE, [8, handle])?;
            assert!(holder.has_it());
        }
        Ok(())
    }

    #[test]
    fn coherent_memory_is_waited_for_when_the_device_goes() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let device = platform.device();
        let user = Node::open_user(device.minor()?)?;
        let (_, dmabuf) = export_coherent(&user, 3)?;
        let (has_it, had_it) = (Holder::new(&dmabuf)?, Holder::new(&dmabuf)?);
        has_it.map()?;

        device.unbind();
        assert!(!has_it.has_it());
        assert_eq!(had_it.map(), Err(ENODEV));
        assert_eq!(Holder::new(&dmabuf).err(), Some(ENODEV));
        Ok(())
    }

    #[test]
    fn coherent_memory_has_a_limit() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let user = Node::open_user(platform.device().minor()?)?;
        let half = (COHERENT / 2) as u32;
        let create = |bytes| user.ioctl(BO_CREATE, [24, 1, bytes, 0, 0, 0]);
        let [_, _, _, _, _, handle] = create(half)?;
        assert_eq!(create(half + 1), Err(ENOSPC));
        create(half)?;
        assert_eq!(create(1), Err(ENOSPC));
        user.ioctl(BO_CLOSE, [8, handle])?;
        create(1)?;
        Ok(())
    }

    #[test]
    fn a_device_without_dma_has_no_coherent_memory() -> Result {
        let device = Registration::<TestDriver>::new(c"accel_kunit.buffer")?;
        let user = Node::open_user(device.device().minor())?;
        let created = user.ioctl(BO_CREATE, [24, 1, 1, 0, 0, 0]);
        assert_eq!(created, Err(EINVAL));
        Ok(())
    }
}
