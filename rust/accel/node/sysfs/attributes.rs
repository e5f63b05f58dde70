// SPDX-License-Identifier: GPL-2.0

//! The attributes that every device has.

use core::ptr::{
    null,
    null_mut, //
};
use kernel::{
    bindings,
    fmt::{
        self,
        Write, //
    },
    prelude::*,
    str::{
        as_char_ptr_in_const_context,
        Formatter, //
    },
    sync::atomic::Relaxed, //
};

use super::{
    attribute,
    reset::RESET,
    Content, //
};
use crate::{
    device::call::Call,
    sys::ffi::Shared, //
};

/// Returns the attributes, as the class wants them.
pub(crate) const fn groups() -> *const *const bindings::attribute_group {
    GROUPS.get().cast()
}

static GROUPS: Shared<[*const bindings::attribute_group; 3]> =
    Shared::new([GROUP.get(), USAGE_GROUP.get(), null()]);

static GROUP: Shared<bindings::attribute_group> = Shared::new(bindings::attribute_group {
    __bindgen_anon_2: bindings::attribute_group__bindgen_ty_2 {
        attrs: ATTRIBUTES.get().cast(),
    },
    ..pin_init::zeroed()
});

static ATTRIBUTES: Shared<[*mut bindings::attribute; 12]> = Shared::new([
    DOCUMENTATION_URL.get().cast(),
    DRIVER_NAME.get().cast(),
    DRIVER_VERSION.get().cast(),
    ERRORS.get().cast(),
    OPEN_COUNT.get().cast(),
    PASSTHROUGH_CALLS.get().cast(),
    RESET.get().cast(),
    RESETS.get().cast(),
    STATE.get().cast(),
    USER_SPACE_LICENSE.get().cast(),
    USER_SPACE_URL.get().cast(),
    null_mut(),
]);

static USAGE_GROUP: Shared<bindings::attribute_group> = Shared::new(bindings::attribute_group {
    name: as_char_ptr_in_const_context(c"usage"),
    __bindgen_anon_2: bindings::attribute_group__bindgen_ty_2 {
        attrs: USAGE_ATTRIBUTES.get().cast(),
    },
    ..pin_init::zeroed()
});

static USAGE_ATTRIBUTES: Shared<[*mut bindings::attribute; 4]> = Shared::new([
    BUSY_NS.get().cast(),
    COMPLETED.get().cast(),
    SUBMITTED.get().cast(),
    null_mut(),
]);

/// Declares attributes, each by what it writes.
macro_rules! attributes {
    ($(
        $(#[$doc:meta])*
        static $STATIC:ident = $name:literal, $Type:ident(|$call:ident, $out:ident| $show:expr);
    )*) => {$(
        $(#[$doc])*
        struct $Type;

        impl Content for $Type {
            fn show($call: &Call<'_>, $out: &mut Formatter<'_>) -> fmt::Result {
                $show
            }
        }

        static $STATIC: Shared<bindings::device_attribute> = attribute::<$Type>($name);
    )*};
}

attributes! {
    /// How many errors were reported.
    static ERRORS = c"errors", Errors(|call, out| {
        writeln!(out, "{}", call.core.health.record().errors)
    });

    /// Where the interface of the device is documented.
    static DOCUMENTATION_URL = c"documentation_url", DocumentationUrl(|call, out| {
        writeln!(out, "{}", call.ops().info.documentation_url)
    });

    /// The name of the driver. Were it called "driver", programs would take it for the link to one
    /// that devices on a bus have.
    static DRIVER_NAME = c"driver_name", DriverName(|call, out| {
        writeln!(out, "{}", call.ops().info.name)
    });

    /// The version of the driver.
    static DRIVER_VERSION = c"driver_version", DriverVersion(|call, out| {
        writeln!(out, "{}", call.ops().info.version)
    });

    /// How many files are open.
    static OPEN_COUNT = c"open_count", OpenCount(|call, out| {
        let (users, observers) = call.core.files.counts();
        writeln!(out, "{}", users + observers)
    });

    /// How many passthrough ioctls were admitted.
    static PASSTHROUGH_CALLS = c"passthrough_calls", PassthroughCalls(|call, out| {
        writeln!(out, "{}", call.core.node.passthroughs.calls.load(Relaxed))
    });

    /// How many resets were begun.
    static RESETS = c"resets", Resets(|call, out| {
        writeln!(out, "{}", call.core.health.record().resets)
    });

    /// What state the device is in. That it is gone is not shown to anybody.
    static STATE = c"state", State(|call, out| {
        out.write_fmt(fmt!("{}\n", call.core.gate.state().name()))
    });

    /// The licence of the open user space.
    static USER_SPACE_LICENSE = c"user_space_license", UserSpaceLicense(|call, out| {
        writeln!(out, "{}", call.ops().info.user_space_license)
    });

    /// Where the open user space is.
    static USER_SPACE_URL = c"user_space_url", UserSpaceUrl(|call, out| {
        writeln!(out, "{}", call.ops().info.user_space_url)
    });

    /// Time spent on work that is completed.
    static BUSY_NS = c"busy_ns", BusyNs(|call, out| {
        writeln!(out, "{}", call.core.account.usage.busy_ns.load(Relaxed))
    });

    /// How many pieces of work have ended.
    static COMPLETED = c"completed", Completed(|call, out| {
        writeln!(out, "{}", call.core.account.usage.completed.load(Relaxed))
    });

    /// How many pieces of work were begun.
    static SUBMITTED = c"submitted", Submitted(|call, out| {
        writeln!(out, "{}", call.core.account.usage.submitted.load(Relaxed))
    });
}
