// SPDX-License-Identifier: GPL-2.0

//! The functions of `dma.c`.

use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    ffi::{
        c_int,
        c_ulong,
        c_void, //
    },
};

// SAFETY: Those that are safe look at what a device has for DMA as long as it is bound.
#[allow(
    improper_ctypes,
    reason = "without lockdep, `struct lockdep_map` is empty, which the kernel's compilers agree on"
)]
unsafe extern "C" {
    pub(crate) safe fn accel_helper_can_dma(dev: &Device<Bound>) -> bool;
    pub(crate) safe fn accel_helper_is_translated(dev: &Device<Bound>) -> bool;
    pub(crate) fn accel_helper_dma_take_any_length(dev: *mut bindings::device);
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
    ) -> *mut c_void;
    pub(crate) fn accel_helper_p2pdma_check(
        provider: *mut c_void,
        dev: *mut bindings::device,
    ) -> c_int;
    pub(crate) fn accel_helper_dma_buf_phys_to_sgt(
        attach: *mut bindings::dma_buf_attachment,
        provider: *mut c_void,
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
}
