// SPDX-License-Identifier: GPL-2.0

//! Erases the types of a driver.

use core::{
    ffi::c_void,
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::prelude::*;
use zerocopy::Immutable;

use super::{
    buffer_data,
    engine::EngineId,
    AccelDriver,
    File, //
};
use crate::{
    buffer::{
        CopyRequest,
        PlaceRequest,
        Placement, //
    },
    call::Call,
    context::{
        Context,
        Observer,
        User, //
    },
    io_range::MapRequest,
    ops::{
        DriverOps,
        DRIVER_WAS_BUILT_FOR_ANOTHER_ACCEL_KO, //
    },
    records::List, //
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
        engines: T::ENGINES.entries(),
        buffers: T::BUFFERS.limits,
        make_buffer_data: buffer_data::make::<T>,
        give_up_buffer_data: buffer_data::give_up::<T>,
        reset_limit: match T::RESET.hook {
            Some(_) => Some(T::RESET.limit),
            None => None,
        },
        autosuspend_ms: match T::POWER.suspend {
            Some(_) => Some(T::POWER.autosuspend_ms),
            None => None,
        },
        firmware: Self::firmware,
        clocks: Self::clocks,
        sensors: Self::sensors,
        engine_count: Self::engine_count,
        stop: Self::stop,
        background: Self::background,
        clean_up: Self::clean_up,
        poll: Self::poll,
        mmap: Self::mmap,
        place: Self::place,
        copy_buffer: Self::copy_buffer,
        reset: Self::reset,
        suspend: Self::suspend,
        resume: Self::resume,
        open: Self::open,
        close: Self::close,
    };

    /// # Safety
    ///
    /// See [`DriverOps::open`].
    unsafe fn open(call: &Call<'_>) -> Result<NonNull<c_void>> {
        // SAFETY: The call was admitted to a device of `T`, and the role of an observer asks for
        // nothing more.
        let ctx = unsafe { Context::<T, Observer>::from_ref(call) };

        let file = KBox::pin_init(T::File::open(ctx), GFP_KERNEL_ACCOUNT)?;
        // SAFETY: The pointee stays where it is until `close` drops it in place.
        let file = unsafe { Pin::into_inner_unchecked(file) };
        Ok(NonNull::from(KBox::leak(file)).cast())
    }

    /// # Safety
    ///
    /// The call must have been admitted to a device of `T`.
    unsafe fn list<R: IntoBytes + Immutable>(
        call: &Call<'_>,
        fill: impl FnOnce(&Context<'_, T, Observer>, &mut List<R>) -> Result,
    ) -> Result<List> {
        let mut list = List::new();
        // SAFETY: Same requirements; the role of an observer asks for nothing more.
        fill(unsafe { Context::from_ref(call) }, &mut list)?;
        Ok(list.erase())
    }

    /// # Safety
    ///
    /// See [`DriverOps`].
    unsafe fn firmware(call: &Call<'_>) -> Result<List> {
        // SAFETY: Same requirements.
        unsafe { Self::list(call, T::firmware) }
    }

    /// # Safety
    ///
    /// See [`DriverOps::engine_count`].
    unsafe fn engine_count(call: &Call<'_>, engine: usize) -> u32 {
        // SAFETY: Same requirements; the role of an observer asks for nothing more.
        T::engine_count(unsafe { Context::from_ref(call) }, EngineId::new(engine))
    }

    /// # Safety
    ///
    /// See [`DriverOps`].
    unsafe fn clocks(call: &Call<'_>) -> Result<List> {
        // SAFETY: Same requirements.
        unsafe { Self::list(call, T::clocks) }
    }

    /// # Safety
    ///
    /// See [`DriverOps`].
    unsafe fn sensors(call: &Call<'_>) -> Result<List> {
        // SAFETY: Same requirements.
        unsafe { Self::list(call, T::sensors) }
    }

    /// # Safety
    ///
    /// See [`DriverOps::stop`].
    unsafe fn stop(call: &Call<'_>) {
        // SAFETY: Same requirements; the role of an observer asks for nothing more.
        T::stop(unsafe { Context::from_ref(call) });
    }

    /// # Safety
    ///
    /// See [`DriverOps::stop`].
    unsafe fn clean_up(call: &Call<'_>) {
        // SAFETY: As above.
        T::clean_up(unsafe { Context::from_ref(call) });
    }

    /// # Safety
    ///
    /// See [`DriverOps::stop`].
    unsafe fn background(call: &Call<'_>) {
        // SAFETY: Same requirements; the role of an observer asks for nothing more.
        T::background(unsafe { Context::from_ref(call) });
    }

    /// # Safety
    ///
    /// See [`DriverOps::poll`].
    unsafe fn poll(call: &Call<'_>) -> bool {
        // SAFETY: Same requirements.
        T::poll(unsafe { Context::from_ref(call) })
    }

    /// # Safety
    ///
    /// See [`DriverOps::mmap`].
    unsafe fn mmap(call: &Call<'_>, request: &MapRequest) -> Result<usize> {
        // SAFETY: Same requirements.
        let ctx = unsafe { Context::<T, User>::from_ref(call) };

        T::mmap(ctx, request)?.first_page(call.core.parent(), request)
    }

    /// # Safety
    ///
    /// See [`DriverOps::place`].
    unsafe fn place(call: &Call<'_>, request: &PlaceRequest) -> Result<Placement> {
        // SAFETY: Same requirements.
        T::place(unsafe { Context::from_ref(call) }, request)
    }

    /// # Safety
    ///
    /// See [`DriverOps::copy_buffer`].
    unsafe fn copy_buffer(call: &Call<'_>, request: &CopyRequest<'_>) -> Result {
        // SAFETY: Same requirements; the role of an observer asks for nothing more.
        T::copy_buffer(unsafe { Context::from_ref(call) }, request)
    }

    /// # Safety
    ///
    /// See [`DriverOps::reset`].
    unsafe fn reset(call: Call<'_>) -> Result {
        let hook = const { T::RESET.hook }.ok_or(EOPNOTSUPP)?;
        // SAFETY: The call was admitted to a device of `T`, and users are kept out, which is all
        // that the role of a reset asks for.
        hook(unsafe { Context::new(call) })
    }

    /// # Safety
    ///
    /// See [`DriverOps::suspend`].
    unsafe fn suspend(call: Call<'_>) -> Result {
        let hook = const { T::POWER.suspend }.ok_or(EOPNOTSUPP)?;
        // SAFETY: The call was admitted to a device of `T`, which is all that the role asks for.
        hook(unsafe { Context::new(call) })
    }

    /// # Safety
    ///
    /// See [`DriverOps::suspend`].
    unsafe fn resume(call: Call<'_>) -> Result {
        let hook = const { T::POWER.resume }.ok_or(EOPNOTSUPP)?;
        // SAFETY: As above.
        hook(unsafe { Context::new(call) })
    }

    /// # Safety
    ///
    /// See [`DriverOps::close`].
    unsafe fn close(file: NonNull<c_void>) {
        // SAFETY: The pointer was leaked by `open`, and is given up here.
        drop(unsafe { KBox::<T::File>::from_raw(file.as_ptr().cast()) });
    }
}
