// SPDX-License-Identifier: GPL-2.0

//! Buffers that are memory of another driver.

use kernel::{
    error::{
        from_err_ptr,
        to_result, //
    },
    ffi::c_int,
    prelude::*, //
};

use crate::buffer::DmaBuf;

// The functions of `exporter.h`; `struct dma_buf` is opaque here.
extern "C" {
    fn accel_test_exporter_new(size: usize, flags: c_int) -> *mut c_void;
    fn accel_test_exporter_fd(dmabuf: *mut c_void) -> c_int;
}

/// A dma-buf of another driver.
pub(crate) struct Exporter(DmaBuf);

impl Exporter {
    /// Exports `size` bytes. `flags` are `O_RDWR` or `O_RDONLY`.
    pub(crate) fn new(size: usize, flags: u32) -> Result<Self> {
        // SAFETY: May be called with any size. CAST: Flags are small.
        let dmabuf = from_err_ptr(unsafe { accel_test_exporter_new(size, flags as c_int) })?;
        // SAFETY: The function returns a reference.
        Ok(Self(unsafe { DmaBuf::from_raw(dmabuf) }))
    }

    /// Returns a descriptor, which is to be given to [`DmaBuf::take`].
    pub(crate) fn fd(&self) -> Result<u32> {
        // SAFETY: The dma-buf is one of this exporter.
        let fd = unsafe { accel_test_exporter_fd(self.0.as_raw()) };
        to_result(fd)?;
        // CAST: It is not negative.
        Ok(fd as u32)
    }
}

#[kunit_tests(accel_import)]
mod tests {
    use super::*;
    use crate::{
        bus::{
            PlatformDevice,
            DRIVER_NAME, //
        },
        node::Node, //
    };
    use kernel::{
        fs::file::flags,
        page::PAGE_SIZE, //
    };

    const BO_CLOSE: u32 = kernel::ioctl::_IO(0x9b, 0x03);
    const BO_EXPORT: u32 = kernel::ioctl::_IO(0x9b, 0x06);
    const MAP: u32 = kernel::ioctl::_IO(0x9b, 0x42);
    const BO_IMPORT: u32 = kernel::ioctl::_IO(0x9b, 0x07);

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
        for (flags, written) in [(flags::O_RDONLY, Err(EACCES)), (flags::O_RDWR, Ok(()))] {
            let exporter = Exporter::new(PAGE_SIZE, flags)?;
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
}
