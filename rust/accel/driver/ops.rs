// SPDX-License-Identifier: GPL-2.0

//! Erases the types of a driver.

use core::{
    ffi::c_void,
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    prelude::*,
    types::ForeignOwnable, //
};

use super::{
    buffer_data,
    context::{
        Context,
        Observer,
        PowerManager,
        Resetter, //
    },
    engine::EngineId,
    handler,
    info,
    AccelDriver,
    File, //
};
use crate::{
    buffers::CopyRequest,
    device::{
        call::Call,
        ops::{
            DriverOps,
            DRIVER_WAS_BUILT_FOR_ANOTHER_ACCEL_KO, //
        }, //
    },
    memory::io_range::MapRequest, //
};

/// The [`DriverOps`] of `T`.
pub(crate) struct OpsOf<T>(PhantomData<T>);

impl<T: AccelDriver> OpsOf<T> {
    pub(crate) const OPS: DriverOps = DriverOps {
        built_for: &DRIVER_WAS_BUILT_FOR_ANOTHER_ACCEL_KO,
        info: {
            T::INFO.check();
            T::INFO
        },
        open_policy: {
            T::OPEN_POLICY.check();
            T::OPEN_POLICY
        },
        ioctls: T::IOCTLS.entries(),
        topics: T::TOPICS.entries(),
        attributes: T::ATTRIBUTES.entries(),
        debug_files: T::DEBUG_FILES.entries(),
        engines: T::ENGINES.rows(),
        buffers: T::BUFFERS.limits,
        make_buffer_data: buffer_data::make::<T>,
        drop_buffer_data: buffer_data::drop_raw::<T>,
        reset_limit: match T::RESET.hook {
            Some(_) => Some(T::RESET.limit),
            None => None,
        },
        autosuspend_ms: match T::POWER.suspend {
            Some(_) => Some(T::POWER.autosuspend_ms),
            None => None,
        },
        firmware: info::records(T::firmware),
        clocks: info::records(T::clocks),
        sensors: info::records(T::sensors),
        engine_count: handler::by_ref_with(|ctx: &Context<'_, T, Observer>, engine: &usize| {
            T::engine_count(ctx, EngineId::new(*engine))
        }),
        stop: handler::by_ref(T::stop),
        background: handler::by_ref(T::background),
        clean_up: handler::by_ref(T::clean_up),
        poll: handler::by_ref(T::poll),
        mmap: handler::by_ref_with(|ctx: &Context<'_, T>, request: &MapRequest| {
            T::mmap(ctx, request)?.first_page(ctx.call().parent(), request)
        }),
        place: handler::by_ref_with(T::place),
        copy_buffer: Self::copy_buffer,
        reset: handler::by_value(|ctx: Context<'_, T, Resetter>| {
            const { T::RESET.hook }.ok_or(EOPNOTSUPP)?(ctx)
        }),
        suspend: handler::by_value(|ctx: Context<'_, T, PowerManager>| {
            const { T::POWER.suspend }.ok_or(EOPNOTSUPP)?(ctx)
        }),
        resume: handler::by_value(|ctx: Context<'_, T, PowerManager>| {
            const { T::POWER.resume }.ok_or(EOPNOTSUPP)?(ctx)
        }),
        open: handler::by_ref(|ctx: &Context<'_, T, Observer>| {
            Ok(KBox::pin_init(T::File::open(ctx), GFP_KERNEL_ACCOUNT)?.into_foreign())
        }),
        close: Self::close,
    };

    /// # Safety
    ///
    /// See [`DriverOps::copy_buffer`].
    unsafe fn copy_buffer(call: &Call<'_>, request: &CopyRequest<'_>) -> Result {
        // SAFETY: Same requirements; the role of an observer asks for nothing more.
        T::copy_buffer(unsafe { Context::from_ref(call) }, request)
    }

    /// # Safety
    ///
    /// See [`DriverOps::close`].
    unsafe fn close(file: NonNull<c_void>) {
        // SAFETY: The pointer is one of `open`, and is given up here.
        drop(unsafe { Pin::<KBox<T::File>>::from_foreign(file.as_ptr()) });
    }
}
