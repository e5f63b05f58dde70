// SPDX-License-Identifier: GPL-2.0

//! What is missing in the kernel crate: C functions, behind safe ones where there can be any, and
//! the raw casts that it keeps to itself.

mod prototypes;

use core::{
    mem::MaybeUninit,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Device,
        DeviceContext, //
    },
    error::to_result,
    ffi::{
        c_int,
        c_uint,
        c_ulong,
        c_void, //
    },
    prelude::*,
    types::Opaque, //
};

pub(crate) use kernel::bindings::{
    CAP_SYS_PTRACE,
    CAP_SYS_RAWIO,
    CAP_SYS_RESOURCE, //
};

pub(crate) use self::prototypes::*;

/// A static structure that C code uses.
pub(crate) struct Shared<T>(Opaque<T>);

// SAFETY: Only used for structures that C code may use from any thread.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Opaque::new(value))
    }

    pub(crate) const fn get(&self) -> *mut T {
        self.0.get()
    }
}

/// Turns what a C function has returned into a result. Other than the kernel crate's own function,
/// this one makes no call if all is well.
#[inline(always)]
fn check(ret: c_int) -> Result {
    if ret == 0 {
        return Ok(());
    }
    to_result(ret)
}

/// Reads a number from the memory of the current process.
#[inline]
pub(crate) fn get_user_u32(from: UserPtr) -> Result<u32> {
    let mut value = 0;
    check(accel_helper_get_user_u32(&mut value, from.as_const_ptr()))?;
    Ok(value)
}

/// Reads a structure of `user_size` bytes from the memory of the current process into `to`, by the
/// rules of `copy_struct_from_user()`: what is missing becomes zero, and if there is more than fits
/// that is not zero, the error is `E2BIG`.
///
/// Initialises all of `to`, if it succeeds.
#[inline]
pub(crate) fn copy_struct_from_user(
    to: &mut [MaybeUninit<u8>],
    from: UserPtr,
    user_size: usize,
) -> Result {
    // SAFETY: `to` is valid for writes of its length; any user pointer may be tried.
    check(unsafe {
        accel_helper_copy_struct_from_user(
            to.as_mut_ptr().cast(),
            to.len(),
            from.as_const_ptr(),
            user_size,
        )
    })
}

/// Reads from the memory of the current process, if that takes no page fault. Does not sleep.
///
/// Initialises all of `to`, if it succeeds.
#[inline]
pub(crate) fn copy_from_user_nofault(to: &mut [MaybeUninit<u8>], from: UserPtr) -> Result {
    // SAFETY: `to` is valid for writes of its length; any user pointer may be tried.
    check(unsafe {
        accel_helper_copy_from_user_nofault(to.as_mut_ptr().cast(), from.as_const_ptr(), to.len())
    })
}

/// As [`copy_from_user_nofault`], for room that is initialised.
pub(crate) fn read_user_nofault(to: &mut [u8], from: UserPtr) -> Result {
    // SAFETY: As above.
    check(unsafe {
        accel_helper_copy_from_user_nofault(to.as_mut_ptr().cast(), from.as_const_ptr(), to.len())
    })
}

/// Brings `len` bytes of the memory of the current process, so that they can be read.
pub(crate) fn fault_in_readable(from: UserPtr, len: usize) -> Result {
    // SAFETY: Any user pointer may be tried.
    match unsafe { bindings::fault_in_readable(from.as_const_ptr().cast(), len) } {
        0 => Ok(()),
        _ => Err(EFAULT),
    }
}

/// Writes `from` to the memory of the current process.
#[inline]
pub(crate) fn copy_to_user(to: UserPtr, from: &[u8]) -> Result {
    match copy_some_to_user(to, from) {
        0 => Ok(()),
        _ => Err(EFAULT),
    }
}

/// Writes `from` to the memory of the current process, up to where that cannot be written. Returns
/// how many bytes are left.
#[inline]
pub(crate) fn copy_some_to_user(to: UserPtr, from: &[u8]) -> usize {
    // SAFETY: `from` is valid for reads of its length; any user pointer may be tried.
    unsafe { bindings::copy_to_user(to.as_mut_ptr(), from.as_ptr().cast(), from.len()) }
}

/// Returns how many pages of memory the system has.
pub(crate) fn system_pages() -> usize {
    accel_helper_totalram_pages()
}

/// Returns whether the current process is being killed.
pub(crate) fn is_being_killed() -> bool {
    accel_helper_fatal_signal_pending() != 0
}

/// Allocates `1 << order` pages, filled with zeros, for the current process; may sleep.
pub(crate) fn alloc_zeroed_pages(order: u32) -> Option<NonNull<bindings::page>> {
    accel_helper_alloc_zeroed_pages(order)
}

/// Returns the number of a page in physical memory.
pub(crate) fn page_to_pfn(page: NonNull<bindings::page>) -> usize {
    // SAFETY: Only computes with the address.
    unsafe { accel_helper_page_to_pfn(page.as_ptr()) }
}

/// Returns the page of a number in physical memory, which must be the system's.
pub(crate) fn pfn_to_page(pfn: usize) -> *mut bindings::page {
    // SAFETY: Only computes an address.
    unsafe { accel_helper_pfn_to_page(pfn) }
}

/// Maps pages into the address space of the kernel, one after the other. Returns `ENOMEM` if there
/// is no room.
///
/// # Safety
///
/// The pages must stay allocated until `vunmap()`.
pub(crate) unsafe fn vmap(pages: &[*mut bindings::page]) -> Result<NonNull<c_void>> {
    let count = c_uint::try_from(pages.len()).map_err(|_| ENOMEM)?;
    // SAFETY: Same requirements; the list is valid for that many.
    let address = unsafe { accel_helper_vmap(pages.as_ptr().cast_mut(), count) };
    NonNull::new(address).ok_or(ENOMEM)
}

/// Returns the C side of `dev`.
pub(crate) fn device_as_raw<C: DeviceContext>(dev: &Device<C>) -> *mut bindings::device {
    // CAST: `Device` is a transparent wrapper of `Opaque<struct device>`.
    core::ptr::from_ref(dev).cast_mut().cast()
}

/// Returns whether `dev` cannot address all memory that it may be given.
pub(crate) fn dma_addressing_limited(dev: &Device<Bound>) -> bool {
    // SAFETY: A reference to a device is a valid pointer to it, and it is bound.
    unsafe { bindings::dma_addressing_limited(device_as_raw(dev)) }
}

/// Says which addresses `dev` reaches in streaming mappings. Returns `EIO` if that cannot be.
///
/// # Safety
///
/// Nobody must use `dev` for DMA meanwhile.
pub(crate) unsafe fn dma_set_mask(dev: &Device<Bound>, mask: u64) -> Result {
    // SAFETY: A reference to a device is a valid pointer to it; the rest are the same requirements.
    to_result(unsafe { bindings::dma_set_mask(device_as_raw(dev), mask) })
}

/// As [`dma_set_mask`], for coherent memory.
///
/// # Safety
///
/// As for [`dma_set_mask`].
pub(crate) unsafe fn dma_set_coherent_mask(dev: &Device<Bound>, mask: u64) -> Result {
    // SAFETY: As above.
    to_result(unsafe { bindings::dma_set_coherent_mask(device_as_raw(dev), mask) })
}

/// Returns whether a range of physical addresses has memory of the system.
pub(crate) fn is_ram(start: u64, len: usize) -> bool {
    // CAST: The constants are small.
    let (flags, kind) = (
        bindings::IORESOURCE_SYSTEM_RAM as c_ulong,
        bindings::IORES_DESC_NONE as c_ulong,
    );
    // SAFETY: The function takes any range.
    let found = unsafe { bindings::region_intersects(start, len, flags, kind) };
    // CAST: The constant is one of the values that are returned.
    found != bindings::REGION_DISJOINT as c_int
}

/// Returns the NUMA node of `dev`, or -1 if it has none.
pub(crate) fn numa_node(dev: &Device) -> i32 {
    accel_helper_dev_to_node(dev)
}

/// Hands `data` over to those who look at dumps of `dev`; drops it if that cannot be.
pub(crate) fn dev_coredump(dev: &Device, data: VVec<u8>) {
    #[cfg(CONFIG_DEV_COREDUMP)]
    {
        let (data, len, _) = data.into_raw_parts();
        // SAFETY: A reference to a device is a valid pointer to it. The data is memory of
        // `vmalloc()`, which is given up, and the C function frees. May be called in process
        // context.
        unsafe { dev_coredumpv(device_as_raw(dev), data.cast(), len, bindings::GFP_KERNEL) };
    }

    #[cfg(not(CONFIG_DEV_COREDUMP))]
    let _ = (dev, data);
}

/// Returns the name of the bus that `dev` is on.
pub(crate) fn bus_name(dev: &Device) -> &CStr {
    // SAFETY: A reference to a device is a valid pointer to it; its bus is set before it is
    // registered and stays the same.
    let bus = unsafe { (*device_as_raw(dev)).bus };
    if bus.is_null() {
        return c"";
    }

    // SAFETY: A bus type outlives the devices on it, and its name is a C string.
    unsafe { CStr::from_char_ptr((*bus).name) }
}

/// Returns the name of the current process.
pub(crate) fn current_command() -> Command {
    let mut command = [0; bindings::TASK_COMM_LEN as usize];
    accel_helper_get_process_comm(&mut command);
    command
}

/// Returns whether the current task has a capability, `CAP_*`.
pub(crate) fn is_capable(capability: u32) -> bool {
    // SAFETY: May be called in process context. CAST: Capabilities are small numbers.
    unsafe { bindings::capable(capability as c_int) }
}

/// As [`is_capable`], but not for the audit log: for what is only shown or not.
pub(crate) fn is_capable_noaudit(capability: u32) -> bool {
    // SAFETY: May be called in process context; the namespace is static. CAST: As above.
    unsafe { bindings::ns_capable_noaudit(&raw mut bindings::init_user_ns, capability as c_int) }
}

/// Taints the kernel, because a process could have a device do anything.
pub(crate) fn taint_user() {
    // SAFETY: May be called from any context.
    unsafe { bindings::add_taint(bindings::TAINT_USER, bindings::lockdep_ok_LOCKDEP_STILL_OK) };
}

/// Waits until no handler of an interrupt is running that began before. May sleep.
pub(crate) fn synchronize_irq(number: u32) {
    // SAFETY: May be called in process context, for any number.
    unsafe { bindings::synchronize_irq(number) };
}

/// Disables an interrupt of the system, once more. May be called in any context.
pub(crate) fn disable_irq_nosync(number: u32) {
    // SAFETY: May be called in any context, for any number.
    unsafe { bindings::disable_irq_nosync(number) };
}

/// Takes one [`disable_irq_nosync`] back.
pub(crate) fn enable_irq(number: u32) {
    // SAFETY: May be called in process context, for any number.
    unsafe { bindings::enable_irq(number) };
}

/// Wakes the thread of the handler of an interrupt that has this cookie, if there is one. May be
/// called in any context.
pub(crate) fn irq_wake_thread(number: u32, cookie: *const c_void) {
    // SAFETY: May be called in any context, for any number. The cookie is only compared.
    unsafe { bindings::irq_wake_thread(number, cookie.cast_mut()) };
}

/// A reference to a module, which is not unloaded meanwhile.
///
/// # Invariants
///
/// Owns a reference to a valid `struct module`.
pub(crate) struct ModuleRef(NonNull<bindings::module>);

// SAFETY: A reference belongs to no thread.
unsafe impl Send for ModuleRef {}

impl ModuleRef {
    /// Returns the module of the driver of `dev`; `None` if it is being unloaded, or the driver
    /// does not say which it is.
    ///
    /// # Safety
    ///
    /// `dev` must be valid, and bound.
    pub(crate) unsafe fn of_driver(dev: *mut bindings::device) -> Option<Self> {
        // SAFETY: Same requirements.
        let module = unsafe { accel_helper_get_driver_module(dev) };
        // INVARIANT: The function has taken a reference for us.
        NonNull::new(module).map(Self)
    }
}

impl Drop for ModuleRef {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference, which is given up.
        unsafe { bindings::module_put(self.0.as_ptr()) };
    }
}

/// Returns `EPERM` if the kernel is locked down against direct access to devices.
pub(crate) fn check_lockdown() -> Result {
    to_result(accel_helper_security_locked_down())
}

/// Returns CLOCK_MONOTONIC in nanoseconds.
#[inline]
pub(crate) fn monotonic_ns() -> u64 {
    // SAFETY: May be called from any context other than NMI.
    let now = unsafe { bindings::ktime_get() };

    // CAST: The monotonic clock is never negative.
    now as u64
}
