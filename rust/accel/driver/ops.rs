// SPDX-License-Identifier: GPL-2.0

//! Erases the types of a driver.

use core::marker::PhantomData;

use super::AccelDriver;
use crate::device::{
    coredump,
    ops::{
        DriverOps,
        DRIVER_WAS_BUILT_FOR_ANOTHER_ACCEL_KO, //
    }, //
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
        max_dump: {
            assert!(
                T::MAX_DUMP <= coredump::LIMIT,
                "MAX_DUMP: a dump has at most 1 GiB"
            );
            T::MAX_DUMP
        },
        buffers: T::BUFFERS.limits,
        features: T::FEATURES.fns,
    };
}
