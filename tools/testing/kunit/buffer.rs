// SPDX-License-Identifier: GPL-2.0

//! Buffers in the hands of other devices.

use accel::fence::Fence;
use kernel::{
    error::{
        from_err_ptr,
        to_result, //
    },
    ffi::{
        c_int,
        c_uint, //
    },
    prelude::*, //
};

// The functions of `importer.h`; `struct dma_buf` is opaque here.
extern "C" {
    fn accel_test_dma_buf_take(fd: c_int) -> *mut c_void;
    fn accel_test_dma_buf_put(dmabuf: *mut c_void);
    fn accel_test_dma_buf_use(dmabuf: *mut c_void, size: usize) -> c_int;
    fn accel_test_dma_buf_hold(dmabuf: *mut c_void) -> *mut c_void;
    fn accel_test_holder_has_it(holder: *mut c_void) -> bool;
    fn accel_test_holder_map(holder: *mut c_void) -> c_int;
    fn accel_test_holder_end(holder: *mut c_void);
    fn accel_test_holder_settle(holder: *mut c_void);
    fn accel_test_holder_pin(holder: *mut c_void) -> c_int;
    fn accel_test_holder_unpin(holder: *mut c_void);
    fn accel_test_dma_buf_work(dmabuf: *mut c_void) -> *mut c_void;
    fn accel_test_work_ends(work: *mut c_void);
    fn accel_test_work_has_ended(work: *mut c_void) -> bool;
    fn accel_test_work_put(work: *mut c_void);
    fn accel_test_dma_buf_lock_until(dmabuf: *mut c_void, fence: *mut c_void, ms: c_uint) -> bool;
    fn accel_test_dma_buf_is_locked(dmabuf: *mut c_void) -> bool;
}

/// A dma-buf.
///
/// # Invariants
///
/// Holds a reference to a valid dma-buf.
pub(crate) struct DmaBuf(*mut c_void);

// SAFETY: A dma-buf may be used from any thread.
unsafe impl Send for DmaBuf {}
// SAFETY: As above.
unsafe impl Sync for DmaBuf {}

impl DmaBuf {
    /// Takes the dma-buf out of a descriptor, which is closed.
    pub(crate) fn take(fd: u32) -> Result<Self> {
        // SAFETY: Any descriptor may be tried. CAST: It came as bits of a word.
        let dmabuf = from_err_ptr(unsafe { accel_test_dma_buf_take(fd as c_int) })?;
        // INVARIANT: The function returns a reference.
        Ok(Self(dmabuf))
    }

    /// Takes over a reference.
    ///
    /// # Safety
    ///
    /// `dmabuf` must be a reference to a valid dma-buf.
    pub(crate) unsafe fn from_raw(dmabuf: *mut c_void) -> Self {
        // INVARIANT: Same as the safety requirements.
        Self(dmabuf)
    }

    pub(crate) fn as_raw(&self) -> *mut c_void {
        self.0
    }

    /// Has its reservation locked until `fence` is signalled. Returns whether it was, within `ms`
    /// milliseconds.
    pub(crate) fn lock_until(&self, fence: &Fence, ms: u32) -> bool {
        let fence = core::ptr::from_ref(fence).cast_mut().cast();
        // SAFETY: The dma-buf is valid by the type invariants, and a `Fence` is a transparent
        // wrapper of a valid `struct dma_fence`.
        unsafe { accel_test_dma_buf_lock_until(self.0, fence, ms) }
    }

    /// Returns whether somebody has its reservation locked.
    pub(crate) fn is_locked(&self) -> bool {
        // SAFETY: The dma-buf is valid by the type invariants.
        unsafe { accel_test_dma_buf_is_locked(self.0) }
    }

    /// Lets a new device work on it, and checks what that sees.
    pub(crate) fn use_by_a_device(&self, size: usize) -> Result {
        // SAFETY: The dma-buf is valid by the type invariants.
        to_result(unsafe { accel_test_dma_buf_use(self.0, size) })
    }
}

impl Drop for DmaBuf {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference, which is given up.
        unsafe { accel_test_dma_buf_put(self.0) };
    }
}

/// A device that gives the memory of a dma-buf back when it is told to.
///
/// # Invariants
///
/// Owns a holder, which is attached to `dmabuf`.
pub(crate) struct Holder<'a> {
    holder: *mut c_void,
    _dmabuf: &'a DmaBuf,
}

impl<'a> Holder<'a> {
    pub(crate) fn new(dmabuf: &'a DmaBuf) -> Result<Self> {
        // SAFETY: The dma-buf is valid by the type invariants.
        let holder = from_err_ptr(unsafe { accel_test_dma_buf_hold(dmabuf.0) })?;
        // INVARIANT: It was just attached.
        Ok(Self {
            holder,
            _dmabuf: dmabuf,
        })
    }

    /// Maps the memory, and checks that there are only zeros.
    pub(crate) fn map(&self) -> Result {
        // SAFETY: Valid by the type invariants.
        to_result(unsafe { accel_test_holder_map(self.holder) })
    }

    /// Returns whether the memory is mapped.
    pub(crate) fn has_it(&self) -> bool {
        // SAFETY: Valid by the type invariants.
        unsafe { accel_test_holder_has_it(self.holder) }
    }

    /// Waits until it has given back what it was told to.
    pub(crate) fn settle(&self) {
        // SAFETY: Valid by the type invariants.
        unsafe { accel_test_holder_settle(self.holder) };
    }

    /// Pins the memory, until [`Self::unpin`].
    pub(crate) fn pin(&self) -> Result {
        // SAFETY: Valid by the type invariants.
        to_result(unsafe { accel_test_holder_pin(self.holder) })
    }

    pub(crate) fn unpin(&self) {
        // SAFETY: Valid by the type invariants.
        unsafe { accel_test_holder_unpin(self.holder) };
    }
}

impl Drop for Holder<'_> {
    fn drop(&mut self) {
        // SAFETY: Valid by the type invariants, and given up.
        unsafe { accel_test_holder_end(self.holder) };
    }
}

/// A piece of work on a dma-buf. Ends at the latest when it is dropped.
///
/// # Invariants
///
/// Owns a reference to such a piece of work.
pub(crate) struct Work(*mut c_void);

impl Work {
    pub(crate) fn new(dmabuf: &DmaBuf) -> Result<Self> {
        // SAFETY: The dma-buf is valid by the type invariants.
        let work = from_err_ptr(unsafe { accel_test_dma_buf_work(dmabuf.0) })?;
        // INVARIANT: The function returns a reference.
        Ok(Self(work))
    }

    /// Has it end a little later.
    pub(crate) fn ends(&self) {
        // SAFETY: Valid by the type invariants.
        unsafe { accel_test_work_ends(self.0) };
    }

    pub(crate) fn has_ended(&self) -> bool {
        // SAFETY: Valid by the type invariants.
        unsafe { accel_test_work_has_ended(self.0) }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // SAFETY: Valid by the type invariants, and given up.
        unsafe { accel_test_work_put(self.0) };
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
        test_driver::{
            TestDriver,
            COHERENT, //
        },
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
