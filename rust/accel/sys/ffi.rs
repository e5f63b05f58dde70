// SPDX-License-Identifier: GPL-2.0

//! What is missing in the bindings of the kernel crate: the functions of `access.c`, `dma.c`,
//! `helpers.c` and `power.c`, and the raw casts that the kernel crate keeps to itself.

mod dma;

use core::{
    marker::{
        PhantomData,
        PhantomPinned, //
    },
    mem::MaybeUninit,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    device,
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

pub(crate) use self::dma::*;

/// A `struct srcu_ctr`, of which only the per-CPU address matters here.
#[repr(C)]
pub(crate) struct SrcuCtr {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

// The per-CPU pointer that SRCU returns may be any address, zero included, and `Option<NonNull>`
// has the layout of a nullable C pointer.
//
// SAFETY: Those that are safe take any number, any address of user space, and any device, which
// they may give a reference.
#[allow(
    improper_ctypes,
    reason = "without lockdep, `struct lockdep_map` is empty, which the kernel's compilers agree on"
)]
unsafe extern "C" {
    pub(crate) fn accel_gate_init(gate: *mut bindings::srcu_struct) -> c_int;
    pub(crate) fn accel_gate_enter(gate: *mut bindings::srcu_struct) -> Option<NonNull<SrcuCtr>>;
    pub(crate) fn accel_gate_leave(
        gate: *mut bindings::srcu_struct,
        section: Option<NonNull<SrcuCtr>>,
    );
    pub(crate) fn accel_gate_drain(gate: *mut bindings::srcu_struct, dev: *mut bindings::device);
    #[cfg(CONFIG_LOCKDEP)]
    pub(crate) fn accel_gate_might_drain(gate: *mut bindings::srcu_struct);
    #[cfg(CONFIG_LOCKDEP)]
    pub(crate) fn accel_gate_fault_might_drain(gate: *mut bindings::srcu_struct);
    pub(crate) fn accel_helper_vma_set_pfnmap(vma: *mut bindings::vm_area_struct);
    pub(crate) fn accel_helper_vma_set_memory(vma: *mut bindings::vm_area_struct);
    pub(crate) fn accel_helper_vma_set_io_memory(vma: *mut bindings::vm_area_struct);
    pub(crate) fn accel_helper_vma_set_coherent_memory(
        vma: *mut bindings::vm_area_struct,
        dev: *mut bindings::device,
    );
    pub(crate) fn accel_vma_access(
        vma: *mut bindings::vm_area_struct,
        address: c_ulong,
        buf: *mut c_void,
        len: c_int,
        write: c_int,
    ) -> c_int;
    pub(crate) fn accel_helper_insert_pfn(
        vma: *mut bindings::vm_area_struct,
        address: c_ulong,
        pfn: c_ulong,
        is_io: bool,
    ) -> bindings::vm_fault_t;
    pub(crate) fn accel_helper_ioremap_wc(phys: u64, size: usize) -> *mut c_void;
    pub(crate) fn accel_helper_iounmap(address: *mut c_void);
    pub(crate) fn accel_helper_phys_to_virt(phys: u64) -> *mut c_void;
    fn accel_helper_pfn_to_page(pfn: c_ulong) -> *mut bindings::page;
    #[cfg(CONFIG_MMU_NOTIFIER)]
    pub(crate) fn accel_helper_put_page(page: *mut bindings::page);
    pub(crate) fn memcpy_fromio(to: *mut c_void, from: *const c_void, len: usize);
    pub(crate) fn memcpy_toio(to: *mut c_void, from: *const c_void, len: usize);
    pub(crate) fn memset_io(to: *mut c_void, value: c_int, len: usize);
    #[cfg(CONFIG_MMU_NOTIFIER)]
    pub(crate) fn accel_helper_mmu_interval_set_seq(
        notifier: *mut bindings::mmu_interval_notifier,
        number: c_ulong,
    );
    #[cfg(CONFIG_MMU_NOTIFIER)]
    pub(crate) fn accel_helper_mmu_interval_check_retry(
        notifier: *mut bindings::mmu_interval_notifier,
        number: c_ulong,
    ) -> bool;
    pub(crate) fn accel_helper_get_dma_buf(dmabuf: *mut bindings::dma_buf);
    pub(crate) fn accel_helper_release_fault_lock(vmf: *mut bindings::vm_fault) -> bool;
    safe fn accel_helper_totalram_pages() -> c_ulong;
    safe fn accel_helper_fatal_signal_pending() -> c_int;
    safe fn accel_helper_alloc_zeroed_pages(order: c_uint) -> Option<NonNull<bindings::page>>;
    fn accel_helper_page_to_pfn(page: *const bindings::page) -> c_ulong;
    pub(crate) fn accel_helper_sg_set_page(
        entry: *mut bindings::scatterlist,
        page: *mut bindings::page,
        len: c_uint,
        offset: c_uint,
    );
    pub(crate) fn accel_helper_sg_page(entry: *mut bindings::scatterlist) -> *mut bindings::page;
    pub(crate) fn vunmap(address: *const c_void);
    fn accel_helper_vmap(pages: *const *mut bindings::page, count: c_uint) -> *mut c_void;
    pub(crate) safe fn accel_inode_new() -> *mut bindings::inode;
    pub(crate) fn accel_inode_free(inode: *mut bindings::inode);
    pub(crate) fn accel_helper_dma_fence_get(fence: *mut bindings::dma_fence);
    pub(crate) fn accel_helper_dma_fence_put(fence: *mut bindings::dma_fence);
    pub(crate) fn accel_helper_sync_file_create(
        fence: *mut bindings::dma_fence,
    ) -> *mut bindings::file;
    pub(crate) safe fn sync_file_get_fence(fd: c_int) -> *mut bindings::dma_fence;
    pub(crate) fn accel_helper_dma_resv_trylock(resv: *mut bindings::dma_resv) -> bool;
    pub(crate) safe fn accel_helper_module_get();
    pub(crate) fn accel_helper_module_put();
    pub(crate) fn accel_helper_get_driver_module(
        dev: *mut bindings::device,
    ) -> *mut bindings::module;
    pub(crate) fn accel_helper_within_module(
        address: c_ulong,
        module: *const bindings::module,
    ) -> bool;
    #[cfg(CONFIG_DEV_COREDUMP)]
    fn dev_coredumpv(
        dev: *mut bindings::device,
        data: *mut c_void,
        len: usize,
        gfp: bindings::gfp_t,
    );
    safe fn accel_helper_get_user_u32(value: &mut u32, from: *const c_void) -> c_int;
    fn accel_helper_copy_struct_from_user(
        to: *mut c_void,
        size: usize,
        from: *const c_void,
        user_size: usize,
    ) -> c_int;
    fn accel_helper_copy_from_user_nofault(
        to: *mut c_void,
        from: *const c_void,
        size: usize,
    ) -> c_int;
    safe fn accel_helper_dev_to_node(dev: &device::Device) -> c_int;
    safe fn accel_helper_get_process_comm(comm: &mut Command);
    safe fn accel_helper_security_locked_down() -> c_int;
    pub(crate) fn accel_power_start(dev: *mut bindings::device, autosuspend_ms: c_int);
    pub(crate) fn accel_power_stop(dev: *mut bindings::device);
    pub(crate) safe fn accel_power_get_if_active(dev: &device::Device) -> bool;
    pub(crate) safe fn accel_power_wake(dev: &device::Device) -> c_int;
    pub(crate) safe fn accel_power_request(dev: &device::Device);
    pub(crate) fn accel_power_put(dev: *mut bindings::device);
    pub(crate) fn accel_power_start_parent(dev: *mut bindings::device) -> bool;
    pub(crate) fn accel_power_stop_parent(dev: *mut bindings::device, is_new: bool);
    pub(crate) safe fn accel_power_get_parent(dev: &device::Device);
    pub(crate) fn accel_power_put_parent(dev: *mut bindings::device);
    pub(crate) safe fn accel_power_mark_last_busy(dev: &device::Device);
    pub(crate) fn accel_power_is_present(dev: *mut bindings::device) -> bool;
    pub(crate) fn accel_power_system_suspend(dev: *mut bindings::device) -> c_int;
    pub(crate) fn accel_power_system_resume(dev: *mut bindings::device) -> c_int;
}

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
    let address = unsafe { accel_helper_vmap(pages.as_ptr(), count) };
    NonNull::new(address).ok_or(ENOMEM)
}

/// Returns the C side of `dev`.
pub(crate) fn device_as_raw<C: device::DeviceContext>(
    dev: &device::Device<C>,
) -> *mut bindings::device {
    // CAST: `device::Device` is a transparent wrapper of `Opaque<struct device>`.
    core::ptr::from_ref(dev).cast_mut().cast()
}

/// Returns the NUMA node of `dev`, or -1 if it has none.
pub(crate) fn numa_node(dev: &device::Device) -> i32 {
    accel_helper_dev_to_node(dev)
}

/// Hands `data` over to those who look at dumps of `dev`; drops it if that cannot be.
pub(crate) fn dev_coredump(dev: &device::Device, data: VVec<u8>) {
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
pub(crate) fn bus_name(dev: &device::Device) -> &CStr {
    // SAFETY: A reference to a device is a valid pointer to it; its bus is set before it is
    // registered and stays the same.
    let bus = unsafe { (*device_as_raw(dev)).bus };
    if bus.is_null() {
        return c"";
    }

    // SAFETY: A bus type outlives the devices on it, and its name is a C string.
    unsafe { CStr::from_char_ptr((*bus).name) }
}

/// The name of a process, filled up with NUL bytes.
type Command = [u8; bindings::TASK_COMM_LEN as usize];

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
