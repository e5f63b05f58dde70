// SPDX-License-Identifier: GPL-2.0

//! Memory and registers of a device, as its driver has them mapped by a process.

use core::ptr::NonNull;
use kernel::{
    device,
    error::to_result,
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*,
    sync::{
        atomic::{
            AtomicFlag,
            Relaxed, //
        },
        Arc, //
    }, //
};

use super::{
    address_space::AddressSpace,
    registry::Detach, //
};
use crate::sys::ffi;

/// A part of a device that a process asks to map, in bytes. Both are multiples of the page size.
///
/// The driver decides what is where, and its C header says it. If its devices have buffers, the
/// driver is only asked for offsets below 1 << 40: above are the buffers.
///
/// A BAR can only be mapped if it begins and ends at a page: else the error is `EINVAL`. Where
/// pages are larger than a small BAR, such as one of 4 KiB on arm64 with pages of 16 KiB, it
/// cannot; see `Documentation/accel/driver.rst`.
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, IoRange, MapRequest, Mapping};
///
/// /// Where a process finds the doorbells, which are a BAR of their own.
/// const DOORBELLS: u64 = 0;
///
/// /// What [`MmapOps::mmap`](crate::MmapOps::mmap) does. `doorbells` is from `pci::bar_range()`.
/// fn mmap<'a>(doorbells: IoRange<'a>, request: &MapRequest) -> Result<Mapping<'a>> {
///     // `EINVAL` if that is not within the BAR.
///     Ok(doorbells.part(request.offset - DOORBELLS, request.len)?.into())
/// }
/// ```
#[derive(Clone, Copy)]
pub struct MapRequest {
    /// Where in the file it begins.
    pub offset: u64,
    /// How long it is; not zero.
    pub len: u64,
}

/// Physical addresses that belong to a device, which a process may be given.
///
/// # Invariants
///
/// The addresses from `start`, `len` bytes, are not RAM, and belong to `device` while it is bound,
/// which it is during `'a`; so does `provider`.
#[derive(Clone, Copy)]
pub struct IoRange<'a> {
    device: &'a device::Device<device::Bound>,
    start: u64,
    len: u64,
    provider: Option<Provider>,
    is_write_combining: bool,
}

/// What other devices on a bus need to know of memory there.
///
/// # Invariants
///
/// Points to a valid `struct p2pdma_provider`, while the device that has the memory is bound.
#[derive(Clone, Copy)]
pub(crate) struct Provider(NonNull<ffi::P2pdmaProvider>);

// SAFETY: A provider does not change, and may be used from any thread.
unsafe impl Send for Provider {}
// SAFETY: As above.
unsafe impl Sync for Provider {}

impl Provider {
    /// # Safety
    ///
    /// `provider` must be null, or valid while the device that has the memory is bound.
    pub(crate) unsafe fn from_raw(provider: *mut ffi::P2pdmaProvider) -> Option<Self> {
        // INVARIANT: Same as the safety requirements.
        NonNull::new(provider).map(Self)
    }

    pub(crate) fn as_raw(self) -> *mut ffi::P2pdmaProvider {
        self.0.as_ptr()
    }

    /// Returns `EOPNOTSUPP` if `device` cannot reach the memory.
    ///
    /// # Safety
    ///
    /// The device that has the memory must be bound.
    pub(crate) unsafe fn check_reach(self, device: &device::Device) -> Result {
        // SAFETY: Same requirements, and by the type invariants.
        to_result(unsafe { ffi::accel_helper_p2pdma_check(self.as_raw(), device) })
    }
}

impl<'a> IoRange<'a> {
    /// # Safety
    ///
    /// The addresses must not be RAM, and must belong to `device` while it is bound, as must
    /// `provider`.
    pub(crate) unsafe fn new(
        device: &'a device::Device<device::Bound>,
        start: u64,
        len: u64,
        provider: Option<Provider>,
    ) -> Self {
        // INVARIANT: Same as the safety requirements.
        Self {
            device,
            start,
            len,
            provider,
            is_write_combining: false,
        }
    }

    /// Returns the range as one to which the processor combines the writes of a process that maps
    /// it: it may collect them, and send them to the device later, together and in another order.
    /// That is for memory of the device. Registers depend on the order, and are for ranges as they
    /// are without this: uncached.
    ///
    /// On x86, all mappings of a page are of the same kind at a time. If the driver has the BAR
    /// mapped, for registers say, the mappings of processes are uncached as that is. So memory
    /// whose mappings are to combine writes belongs into a BAR without registers.
    ///
    /// # Examples
    ///
    /// ```
    /// use accel::{pci, prelude::*, IoRange};
    ///
    /// /// Part of `probe`: BAR 2 is memory.
    /// fn memory<'bound>(pdev: &'bound pci::Device<'_>) -> Result<IoRange<'bound>> {
    ///     Ok(pci::bar_range(pdev, 2)?.write_combining())
    /// }
    /// ```
    pub fn write_combining(self) -> Self {
        Self {
            is_write_combining: true,
            ..self
        }
    }

    /// Has x86 know, until the device is unbound, that all mappings of the range combine writes: as
    /// much as that is possible beside those that there are.
    pub(crate) fn combine_writes_while_bound(&self) {
        // SAFETY: By the type invariants the device is bound, and has the addresses, which are not
        // RAM.
        let _ = unsafe {
            ffi::accel_helper_combine_writes_while_bound(self.device, self.start, self.len)
        };
    }

    /// Returns where it begins.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Returns how to share it with other devices on its bus, if that can be done.
    pub(crate) fn provider(&self) -> Option<Provider> {
        self.provider
    }

    /// Returns whether it belongs to `device`, a device on a bus.
    pub(crate) fn is_of(&self, device: &device::Device) -> bool {
        core::ptr::eq(ffi::device_as_raw(self.device), ffi::device_as_raw(device))
    }

    /// Returns the length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns `len` bytes from `offset` on, or `EINVAL` if that is not within the range.
    pub fn part(&self, offset: u64, len: u64) -> Result<Self> {
        let rest = self.len.checked_sub(offset).ok_or(EINVAL)?;
        if len > rest {
            return Err(EINVAL);
        }
        // INVARIANT: A part of what belongs to the device does so, too.
        Ok(Self {
            start: self.start + offset,
            len,
            ..*self
        })
    }

    /// Returns the number of the first page and how many there are, or `EINVAL` if the range is not
    /// made of whole pages: the rest of a page belongs to somebody else.
    pub(crate) fn pages(&self) -> Result<(usize, usize)> {
        if self.len == 0 || (self.start | self.len) % PAGE_SIZE as u64 != 0 {
            return Err(EINVAL);
        }
        let pages = usize::try_from(self.len >> PAGE_SHIFT)?;
        Ok((usize::try_from(self.start >> PAGE_SHIFT)?, pages))
    }

    /// Returns the number of the first page, if the range can be what `request` gets of an
    /// accelerator on `parent`: it must be of that device, since it is taken away with that.
    pub(crate) fn first_page(
        &self,
        parent: &device::Device,
        request: &MapRequest,
    ) -> Result<usize> {
        if !self.is_of(parent) || self.len != request.len {
            return Err(EINVAL);
        }
        Ok(self.pages()?.0)
    }
}

/// Has x86 know that all mappings of a range combine writes, until this is dropped or the device
/// goes. Other architectures have each mapping say so.
pub(crate) struct CombinedWrites {
    space: Arc<AddressSpace>,
    reserved: Arc<Reserved>,
}

/// # Invariants
///
/// Unless `is_freed`, this owns a reservation of the addresses.
pub(super) struct Reserved {
    start: u64,
    len: u64,
    is_freed: AtomicFlag,
}

impl CombinedWrites {
    /// Returns `None` if mappings of `range` are to be uncached, as they are if there is no memory
    /// for this. The range must belong to the device whose files have `space`.
    pub(crate) fn of(space: &Arc<AddressSpace>, range: &IoRange<'_>) -> Option<Self> {
        let IoRange { start, len, .. } = *range;
        if !range.is_write_combining {
            return None;
        }
        let is_freed = AtomicFlag::new(true);
        let reserved = Reserved {
            start,
            len,
            is_freed,
        };
        let reserved = Arc::new(reserved, GFP_KERNEL_ACCOUNT).ok()?;
        space.combined.insert(&reserved).ok()?;
        // SAFETY: By the type invariants of the range, the addresses are not RAM.
        let result = to_result(unsafe { ffi::accel_helper_combine_writes(start, len) });
        // INVARIANT: It was just reserved, or was not.
        reserved.is_freed.store(result.is_err(), Relaxed);
        Some(Self {
            space: space.clone(),
            reserved,
        })
    }
}

impl Drop for CombinedWrites {
    fn drop(&mut self) {
        self.reserved.detach();
        self.space.combined.remove(&self.reserved);
    }
}

impl Detach for Reserved {
    fn detach(&self) {
        // INVARIANT: Whoever sets the flag frees it.
        if !self.is_freed.xchg(true, Relaxed) {
            // SAFETY: By the type invariants it is ours.
            unsafe { ffi::accel_helper_end_combined_writes(self.start, self.len) };
        }
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_io_range)]
mod tests {
    use super::*;
    use kernel::faux;

    const PAGE: u64 = PAGE_SIZE as u64;

    /// What a process can map is made of whole pages: the rest of a page belongs to somebody else.
    #[test]
    fn only_whole_pages_are_mapped() -> Result {
        let registration = faux::Registration::new(c"accel_io_range", None)?;
        let device: &device::Device<device::Bound> = registration.as_ref().as_ref();
        let first_page = |start, len, asked| {
            // SAFETY: Nobody maps it.
            let range = unsafe { IoRange::new(device, start, len, None) };
            let request = MapRequest {
                offset: 0,
                len: asked,
            };
            range.first_page(device, &request)
        };
        assert_eq!(first_page(16 * PAGE, 2 * PAGE, 2 * PAGE), Ok(16));
        // BARs of 1 / 16 of a page, in the same page.
        assert_eq!(first_page(16 * PAGE, PAGE / 16, PAGE), Err(EINVAL));
        assert_eq!(
            first_page(16 * PAGE + PAGE / 16, PAGE / 16, PAGE),
            Err(EINVAL)
        );
        // It does not begin with a page, though it is as long as one.
        assert_eq!(first_page(16 * PAGE + PAGE / 16, PAGE, PAGE), Err(EINVAL));
        assert_eq!(first_page(16 * PAGE, 2 * PAGE, PAGE), Err(EINVAL));
        Ok(())
    }
}
