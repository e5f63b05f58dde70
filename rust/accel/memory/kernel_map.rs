// SPDX-License-Identifier: GPL-2.0

//! Memory in the address space of the kernel.

use core::{
    ffi::c_void,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    page::PAGE_SHIFT,
    prelude::*, //
};

use super::dma_buf::{
    DmaBuf,
    KernelMapping, //
};
use crate::sys::ffi;

/// How much is copied or cleared at a time, in bytes.
pub(crate) const CHUNK: usize = 1 << 20;

/// What the kernel has to do with a mapping that it does not need any more.
enum Owner {
    /// Nothing: memory is always mapped.
    Nobody,
    /// `vunmap()`
    Pages,
    /// `iounmap()`
    Io,
    /// `dma_buf_vunmap()`
    DmaBuf(#[expect(dead_code, reason = "it only has to be dropped")] KernelMapping),
}

/// Memory that is mapped for the kernel.
///
/// Processes and devices may write to it at any time, so it can be copied from and to, but there
/// are no references to it.
///
/// # Invariants
///
/// There are `size` bytes at `address`, as long as `owner` says and the memory itself is there.
/// They are to be accessed as I/O memory if `is_io`.
pub(crate) struct KernelMap {
    address: NonNull<c_void>,
    size: usize,
    is_io: bool,
    owner: Owner,
}

// SAFETY: The mapping is the kernel's, whoever accesses it; it is only copied from and to.
unsafe impl Send for KernelMap {}
// SAFETY: As above.
unsafe impl Sync for KernelMap {}

impl KernelMap {
    /// Maps `size` bytes of physical memory, from `phys` on.
    ///
    /// # Safety
    ///
    /// They must be memory of the system or, if `is_io`, of a device. What is the system's must
    /// not be freed before the result is dropped.
    pub(crate) unsafe fn of_phys(phys: u64, size: usize, is_io: bool) -> Result<Self> {
        // SAFETY: Same requirements.
        let address = unsafe {
            if is_io {
                ffi::accel_helper_ioremap_wc(phys, size)
            } else {
                ffi::accel_helper_phys_to_virt(phys)
            }
        };
        // INVARIANT: It was just mapped.
        Ok(Self {
            address: NonNull::new(address).ok_or(ENOMEM)?,
            size,
            is_io,
            owner: if is_io { Owner::Io } else { Owner::Nobody },
        })
    }

    /// Takes `size` bytes that the kernel has mapped anyway.
    ///
    /// # Safety
    ///
    /// The result must not be used once they are not there any more.
    pub(crate) unsafe fn of_memory(address: NonNull<c_void>, size: usize) -> Self {
        // INVARIANT: Same as the safety requirements.
        Self {
            address,
            size,
            is_io: false,
            owner: Owner::Nobody,
        }
    }

    /// Maps pages, which have `size` bytes.
    ///
    /// # Safety
    ///
    /// They must not be freed before the result is dropped.
    pub(crate) unsafe fn of_pages(
        pages: impl Iterator<Item = *mut bindings::page>,
        size: usize,
    ) -> Result<Self> {
        let mut list = KVVec::with_capacity(size >> PAGE_SHIFT, GFP_KERNEL_ACCOUNT)?;
        for page in pages {
            list.push(page, GFP_KERNEL_ACCOUNT)?;
        }
        // INVARIANT: It was just mapped.
        Ok(Self {
            // SAFETY: Same requirements.
            address: unsafe { ffi::vmap(&list) }?,
            size,
            is_io: false,
            owner: Owner::Pages,
        })
    }

    /// Maps a dma-buf. While others have its reservation locked, `check` is asked again and again;
    /// see [`DmaResv::lock_while`](crate::base::fence::dma_resv::DmaResv::lock_while). To drop the
    /// result waits for them, too.
    ///
    /// Returns `EOPNOTSUPP` if the exporter does not let the kernel access it.
    pub(crate) fn of_dma_buf(dmabuf: DmaBuf, check: impl Fn() -> Result) -> Result<Self> {
        let size = dmabuf.size();
        let mapping = dmabuf.vmap(check)?;
        let (address, is_io) = mapping.address()?;
        // INVARIANT: It was just mapped.
        Ok(Self {
            address,
            size,
            is_io,
            owner: Owner::DmaBuf(mapping),
        })
    }

    /// Returns the mapping as C code has it, which must not use it any more when this is dropped.
    pub(crate) fn as_raw(&self) -> bindings::iosys_map {
        bindings::iosys_map {
            __bindgen_anon_1: bindings::iosys_map__bindgen_ty_1 {
                vaddr: self.address.as_ptr(),
            },
            is_iomem: self.is_io,
        }
    }

    /// Copies the bytes from `offset` on. Returns `EINVAL` if that is not within the memory.
    pub(crate) fn read(&self, offset: usize, to: &mut [u8]) -> Result {
        let from = self.at(offset, to.len())?;
        // SAFETY: Both are valid for that many bytes. It is up to user space what is read if it
        // writes at the same time: the copy is not the compiler's, but a function in C.
        unsafe {
            if self.is_io {
                bindings::memcpy_fromio(to.as_mut_ptr().cast(), from, to.len());
            } else {
                bindings::memcpy(to.as_mut_ptr().cast(), from, to.len());
            }
        }
        Ok(())
    }

    /// Copies bytes to `offset`. Returns `EINVAL` if that is not within the memory.
    pub(crate) fn write(&self, offset: usize, from: &[u8]) -> Result {
        let to = self.at(offset, from.len())?;
        // SAFETY: As in `read`.
        unsafe {
            if self.is_io {
                bindings::memcpy_toio(to, from.as_ptr().cast(), from.len());
            } else {
                bindings::memcpy(to, from.as_ptr().cast(), from.len());
            }
        }
        Ok(())
    }

    /// Copies `len` bytes at `offset` of `source` to the same place here. Returns `EINVAL` if that
    /// is not within both.
    pub(crate) fn copy(&self, source: &Self, offset: usize, len: usize) -> Result {
        let (to, from) = (self.at(offset, len)?, source.at(offset, len)?);
        // SAFETY: Both are valid for that many bytes; see `read`. One at most is I/O memory, as one
        // is the system's.
        unsafe {
            match (self.is_io, source.is_io) {
                (true, _) => bindings::memcpy_toio(to, from, len),
                (_, true) => bindings::memcpy_fromio(to, from, len),
                _ => {
                    bindings::memcpy(to, from, len);
                }
            }
        }
        Ok(())
    }

    /// Fills it with zeros. Returns `EINTR` if the process is being killed, and what `check` does,
    /// which is asked again and again.
    pub(crate) fn fill_with_zeros(&self, check: impl Fn() -> Result) -> Result {
        for offset in (0..self.size).step_by(CHUNK) {
            if ffi::is_being_killed() {
                return Err(EINTR);
            }
            check()?;
            let len = CHUNK.min(self.size - offset);
            let to = self.at(offset, len)?;
            // SAFETY: By the type invariants the memory is valid for writes.
            unsafe {
                if self.is_io {
                    bindings::memset_io(to, 0, len);
                } else {
                    bindings::memset(to, 0, len);
                }
            }
        }
        Ok(())
    }

    /// Returns where `len` bytes from `offset` on are.
    fn at(&self, offset: usize, len: usize) -> Result<*mut c_void> {
        let end = offset.checked_add(len).ok_or(EINVAL)?;
        if end > self.size {
            return Err(EINVAL);
        }
        Ok(self.address.as_ptr().wrapping_byte_add(offset))
    }
}

impl Drop for KernelMap {
    fn drop(&mut self) {
        let address = self.address.as_ptr();
        match &self.owner {
            Owner::Nobody => (),
            // SAFETY: By the type invariants it was mapped so, and nobody uses it any more.
            Owner::Pages => unsafe { ffi::vunmap(address) },
            // SAFETY: As above.
            Owner::Io => unsafe { bindings::iounmap(address) },
            // It does so by itself.
            Owner::DmaBuf(_) => (),
        }
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_kernel_map)]
mod tests {
    use super::{
        super::pages::Pages,
        *, //
    };
    use core::cell::Cell;

    #[test]
    fn clearing_can_be_given_up() -> Result {
        let pages = Pages::new(2 * CHUNK >> PAGE_SHIFT, || Ok(()))?;
        // SAFETY: The pages are kept until the mapping is gone.
        let map = unsafe { KernelMap::of_pages(pages.iter(), 2 * CHUNK) }?;
        map.write(0, b"old")?;
        map.write(CHUNK, b"old")?;

        let asked = Cell::new(0);
        let check = || {
            asked.set(asked.get() + 1);
            if asked.get() == 1 {
                return Ok(());
            }
            Err(ENODEV)
        };
        assert_eq!(map.fill_with_zeros(check), Err(ENODEV));
        let mut bytes = [0; 3];
        map.read(0, &mut bytes)?;
        assert_eq!(bytes, [0; 3]);
        map.read(CHUNK, &mut bytes)?;
        assert_eq!(&bytes, b"old");
        Ok(())
    }
}
