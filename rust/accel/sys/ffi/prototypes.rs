// SPDX-License-Identifier: GPL-2.0

//! The C functions that the bindings of the kernel crate do not have: those of the C files beside
//! this, and a few of the kernel.
//!
//! They are written by hand, as `Documentation/accel/design.rst` explains. `scripts/c_side.py`
//! compares each with its C declaration.

use core::{
    marker::{
        PhantomData,
        PhantomPinned, //
    },
    ptr::NonNull, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    ffi::{
        c_char,
        c_int,
        c_long,
        c_uint,
        c_ulong,
        c_void, //
    },
};

use crate::sys::uapi::accel_info_sensor;

/// Defines structures of C of which only addresses matter in Rust.
macro_rules! opaque {
    ($($(#[$attribute:meta])* struct $name:ident;)*) => {
        $(
            $(#[$attribute])*
            #[repr(C)]
            pub(crate) struct $name {
                _opaque: [u8; 0],
                _marker: PhantomData<(*mut u8, PhantomPinned)>,
            }
        )*
    };
}

opaque! {
    /// `struct srcu_ctr`: of it, the address is one of per-CPU memory.
    struct SrcuCtr;

    /// `struct mem_cgroup`, which a kernel without such groups does not have.
    struct MemCgroup;

    /// `struct p2pdma_provider`.
    struct P2pdmaProvider;

    /// `struct accel_hwmon` of `sensors.c`.
    struct AccelHwmon;
}

/// `accel_hwmon_read_t` of `sensors.h`.
pub(crate) type HwmonRead = unsafe extern "C" fn(*mut c_void, u32, c_int, *mut c_long) -> c_int;

/// The name of a process, filled up with NUL bytes.
pub(super) type Command = [u8; bindings::TASK_COMM_LEN as usize];

// The per-CPU pointer that SRCU returns may be any address, zero included, and `Option<NonNull>`
// has the layout of a nullable C pointer.
//
// SAFETY: Those that are safe take any number, any address of user space, any device, which they
// may give a reference, or any device that is bound, of which they look at what it has for DMA.
#[allow(
    improper_ctypes,
    reason = "empty structures, as that of lockdep may be, which the kernel's compilers agree on"
)]
unsafe extern "C" {
    // access.c
    pub(crate) fn accel_vma_access(
        vma: *mut bindings::vm_area_struct,
        address: c_ulong,
        buf: *mut c_void,
        len: c_int,
        write: c_int,
    ) -> c_int;

    // charge.c
    pub(crate) safe fn accel_helper_memcg_of_current() -> *mut MemCgroup;
    pub(crate) fn accel_helper_memcg_put(memcg: *mut MemCgroup);
    pub(crate) fn accel_helper_memcg_set_active(memcg: *mut MemCgroup) -> *mut MemCgroup;
    #[cfg(CONFIG_MMU_NOTIFIER)]
    pub(crate) safe fn accel_helper_lock_pages(pages: c_ulong) -> *mut bindings::user_struct;
    #[cfg(CONFIG_MMU_NOTIFIER)]
    pub(crate) fn accel_helper_count_pinned(mm: *mut bindings::mm_struct, pages: c_long);
    #[cfg(CONFIG_MMU_NOTIFIER)]
    pub(crate) fn accel_helper_unlock_pages(user: *mut bindings::user_struct, pages: c_ulong);

    // dma.c
    pub(crate) safe fn accel_helper_can_dma(dev: &Device<Bound>) -> bool;
    pub(crate) safe fn accel_helper_is_translated(dev: &Device<Bound>) -> bool;
    pub(crate) safe fn accel_helper_dma_set_max_segment(dev: &Device<Bound>, bytes: c_uint);
    pub(crate) safe fn accel_helper_dma_max_segment(dev: &Device<Bound>) -> usize;
    pub(crate) safe fn accel_helper_dma_boundary(dev: &Device<Bound>) -> c_ulong;
    pub(crate) safe fn accel_helper_dma_may_bounce(dev: &Device<Bound>) -> bool;
    pub(crate) fn accel_helper_dma_fits(
        dev: *mut bindings::device,
        table: *mut bindings::sg_table,
    ) -> bool;
    pub(crate) fn accel_helper_dma_alloc(
        dev: *mut bindings::device,
        size: usize,
        address: *mut bindings::dma_addr_t,
    ) -> *mut c_void;
    pub(crate) safe fn accel_helper_dma_is_shareable(dev: &Device<Bound>) -> bool;
    pub(crate) fn accel_helper_p2pdma_provider(
        pdev: *mut bindings::pci_dev,
        bar: c_int,
    ) -> *mut P2pdmaProvider;
    pub(crate) fn accel_helper_p2pdma_check(provider: *mut P2pdmaProvider, dev: &Device) -> c_int;
    pub(crate) fn accel_helper_dma_buf_phys_to_sgt(
        attach: *mut bindings::dma_buf_attachment,
        provider: *mut P2pdmaProvider,
        phys: u64,
        size: usize,
        direction: bindings::dma_data_direction,
    ) -> *mut bindings::sg_table;
    pub(crate) fn accel_helper_dma_buf_free_sgt(
        attach: *mut bindings::dma_buf_attachment,
        table: *mut bindings::sg_table,
        direction: bindings::dma_data_direction,
    );
    pub(crate) fn accel_helper_dma_sync_sgtable_for_cpu(
        dev: *mut bindings::device,
        table: *mut bindings::sg_table,
        direction: bindings::dma_data_direction,
    );
    pub(crate) fn accel_helper_dma_sync_sgtable_for_device(
        dev: *mut bindings::device,
        table: *mut bindings::sg_table,
        direction: bindings::dma_data_direction,
    );

    // gate.c
    pub(crate) fn accel_gate_init(gate: *mut bindings::srcu_struct) -> c_int;
    pub(crate) fn accel_gate_enter(gate: *mut bindings::srcu_struct) -> Option<NonNull<SrcuCtr>>;
    pub(crate) fn accel_gate_leave(
        gate: *mut bindings::srcu_struct,
        section: Option<NonNull<SrcuCtr>>,
    );
    pub(crate) fn accel_gate_drain(gate: *mut bindings::srcu_struct, dev: *mut bindings::device);
    #[cfg(CONFIG_LOCKDEP)]
    pub(crate) safe fn accel_gate_assert_none_held();
    #[cfg(CONFIG_LOCKDEP)]
    pub(crate) fn accel_gate_might_drain(gate: *mut bindings::srcu_struct);
    #[cfg(CONFIG_LOCKDEP)]
    pub(crate) fn accel_gate_fault_might_drain(gate: *mut bindings::srcu_struct);

    // helpers.c
    pub(super) safe fn accel_helper_get_user_u32(value: &mut u32, from: *const c_void) -> c_int;
    pub(super) fn accel_helper_copy_struct_from_user(
        to: *mut c_void,
        size: usize,
        from: *const c_void,
        user_size: usize,
    ) -> c_int;
    pub(super) fn accel_helper_copy_from_user_nofault(
        to: *mut c_void,
        from: *const c_void,
        size: usize,
    ) -> c_int;
    pub(crate) fn accel_helper_vma_set_registers(vma: *mut bindings::vm_area_struct);
    pub(crate) fn accel_helper_vma_set_memory(vma: *mut bindings::vm_area_struct);
    pub(crate) fn accel_helper_vma_set_io_memory(vma: *mut bindings::vm_area_struct);
    pub(crate) fn accel_helper_vma_set_coherent_memory(
        vma: *mut bindings::vm_area_struct,
        dev: *mut bindings::device,
    );
    pub(crate) fn accel_helper_is_huge_fault(vmf: *const bindings::vm_fault, order: c_uint)
        -> bool;
    pub(crate) fn accel_helper_insert_pages(
        vmf: *mut bindings::vm_fault,
        order: c_uint,
        pfn: c_ulong,
        before: c_ulong,
        after: c_ulong,
        is_ram: bool,
        is_io: bool,
    ) -> bindings::vm_fault_t;
    pub(crate) fn accel_helper_combine_writes(start: u64, size: u64) -> c_int;
    pub(crate) fn accel_helper_end_combined_writes(start: u64, size: u64);
    pub(crate) fn accel_helper_combine_writes_while_bound(
        dev: &Device<Bound>,
        start: u64,
        size: u64,
    ) -> c_int;
    pub(crate) fn accel_helper_ioremap_wc(phys: u64, size: usize) -> *mut c_void;
    pub(crate) fn accel_helper_phys_to_virt(phys: u64) -> *mut c_void;
    pub(super) fn accel_helper_pfn_to_page(pfn: c_ulong) -> *mut bindings::page;
    pub(super) fn accel_helper_page_to_pfn(page: *const bindings::page) -> c_ulong;
    #[cfg(CONFIG_MMU_NOTIFIER)]
    pub(crate) fn accel_helper_put_page(page: *mut bindings::page);
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
    pub(super) safe fn accel_helper_totalram_pages() -> c_ulong;
    pub(super) safe fn accel_helper_fatal_signal_pending() -> c_int;
    pub(super) safe fn accel_helper_alloc_zeroed_pages(
        order: c_uint,
    ) -> Option<NonNull<bindings::page>>;
    pub(crate) fn accel_helper_sg_set_page(
        entry: *mut bindings::scatterlist,
        page: *mut bindings::page,
        len: c_uint,
        offset: c_uint,
    );
    pub(crate) fn accel_helper_sg_page(entry: *mut bindings::scatterlist) -> *mut bindings::page;
    pub(super) fn accel_helper_vmap(pages: *mut *mut bindings::page, count: c_uint) -> *mut c_void;
    pub(crate) fn accel_helper_dma_fence_get(fence: *mut bindings::dma_fence);
    pub(crate) fn accel_helper_dma_fence_put(fence: *mut bindings::dma_fence);
    pub(crate) fn accel_helper_dma_fence_peek_status(fence: *mut bindings::dma_fence) -> c_int;
    pub(crate) fn accel_helper_dma_fence_merge(
        fences: *mut *mut bindings::dma_fence,
        count: usize,
    ) -> *mut bindings::dma_fence;
    pub(crate) fn accel_helper_sync_file_create(
        fence: *mut bindings::dma_fence,
    ) -> *mut bindings::file;
    pub(crate) fn accel_helper_dma_resv_trylock(resv: *mut bindings::dma_resv) -> bool;
    pub(crate) safe fn accel_helper_module_get();
    pub(crate) fn accel_helper_module_put();
    pub(super) fn accel_helper_get_driver_module(
        dev: *mut bindings::device,
    ) -> *mut bindings::module;
    pub(crate) fn accel_helper_within_module(
        address: c_ulong,
        module: *const bindings::module,
    ) -> bool;
    pub(super) safe fn accel_helper_dev_to_node(dev: &Device) -> c_int;
    pub(super) safe fn accel_helper_get_process_comm(comm: &mut Command);
    pub(super) safe fn accel_helper_security_locked_down() -> c_int;

    // inode.c
    pub(crate) safe fn accel_inode_new() -> *mut bindings::inode;
    pub(crate) fn accel_inode_free(inode: *mut bindings::inode);

    // power.c
    pub(crate) fn accel_power_start(dev: *mut bindings::device, autosuspend_ms: c_int);
    pub(crate) fn accel_power_stop(dev: *mut bindings::device);
    pub(crate) safe fn accel_power_get_if_active(dev: &Device) -> bool;
    pub(crate) safe fn accel_power_wake(dev: &Device) -> c_int;
    pub(crate) safe fn accel_power_request(dev: &Device);
    pub(crate) fn accel_power_put(dev: *mut bindings::device);
    pub(crate) fn accel_power_start_parent(dev: *mut bindings::device) -> bool;
    pub(crate) fn accel_power_stop_parent(dev: *mut bindings::device, is_new: bool);
    pub(crate) safe fn accel_power_get_parent(dev: &Device);
    pub(crate) fn accel_power_put_parent(dev: *mut bindings::device);
    pub(crate) safe fn accel_power_mark_last_busy(dev: &Device);
    pub(crate) fn accel_power_is_present(dev: *mut bindings::device) -> bool;
    pub(crate) fn accel_power_system_suspend(dev: *mut bindings::device) -> c_int;
    pub(crate) fn accel_power_system_resume(dev: *mut bindings::device) -> c_int;

    // sensors.c
    pub(crate) fn accel_helper_hwmon_register(
        parent: *mut bindings::device,
        name: *const c_char,
        sensors: *const accel_info_sensor,
        count: usize,
        read: HwmonRead,
        data: *mut c_void,
    ) -> *mut AccelHwmon;
    pub(crate) fn accel_helper_hwmon_unregister(hwmon: *mut AccelHwmon);

    // The kernel, by the headers that helpers.h includes for this.
    pub(crate) fn anon_inode_getfile(
        name: *const c_char,
        fops: *const bindings::file_operations,
        private_data: *mut c_void,
        flags: c_int,
    ) -> *mut bindings::file;
    #[cfg(CONFIG_DEV_COREDUMP)]
    pub(super) fn dev_coredumpv(
        dev: *mut bindings::device,
        data: *mut c_void,
        len: usize,
        gfp: bindings::gfp_t,
    );
    pub(crate) safe fn sync_file_get_fence(fd: c_int) -> *mut bindings::dma_fence;
    pub(crate) fn vunmap(address: *const c_void);
}
