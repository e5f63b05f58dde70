// SPDX-License-Identifier: GPL-2.0

//! What every driver needs, `kernel::prelude` included.

#[doc(no_inline)]
pub use crate::{
    uapi_struct,
    AccelDriver,
    Context,
    Deadline,
    Device,
    DriverInfo,
    Ioctl,
    IoctlTable,
    Observer,
    OpenPolicy,
    User,
    Wake, //
};

#[doc(no_inline)]
pub use kernel::{
    prelude::*,
    types::CovariantForLt, //
};
