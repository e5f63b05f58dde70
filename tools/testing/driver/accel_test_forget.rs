// SPDX-License-Identifier: GPL-2.0

//! A driver that never drops the registrations of its devices. When its module goes, they go, too.
//!
//! One is forgotten at once. The other stays in a static, which is never dropped, until a program
//! asks for it to be put into the data of its own device.

#![forbid(unsafe_code)]

use accel::{faux, prelude::*};
use kernel::{
    device,
    new_mutex,
    sync::{
        Mutex,
        SetOnce, //
    }, //
};

struct Forget;

type Kept = Mutex<Option<faux::Registration<Forget>>>;

static KEPT: SetOnce<Pin<KBox<Kept>>> = SetOnce::new();

/// What is kept of a device.
#[pin_data]
struct Data {
    /// The registration of that device itself.
    #[pin]
    own: Kept,
}

uapi_struct! {
    /// `struct accel_test_words`
    struct Words {
        size: u32,
        a: u32,
        b: u32,
        result: u32,
    }
}

/// Puts the registration of the device into its data; the result is whether there was one.
fn keep(ctx: Context<'_, Forget>, args: &mut Words) -> Result {
    let registration = KEPT.as_ref().ok_or(EAGAIN)?.lock().take();
    args.result = registration.is_some().into();
    // What was put there before must not be dropped in a call of its own device.
    if registration.is_some() {
        *ctx.data().own.lock() = registration;
    }
    Ok(())
}

impl AccelDriver for Forget {
    type Data = CovariantForLt!(Data);
    const INFO: DriverInfo = DriverInfo {
        name: "accel_test_forget",
        version: "1",
        user_space_url: "tools/testing/selftests/accel",
        user_space_license: "GPL-2.0",
        documentation_url: "tools/testing/driver/accel_test.h",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[Ioctl::new(
        0x40,
        "ACCEL_TEST_FORGET_IOC_KEEP",
        keep,
        "Keeps",
    )]);
}

impl faux::Driver for Forget {
    fn probe(_: &device::Device<device::Bound>) -> impl PinInit<Data, Error> + '_ {
        try_pin_init!(Data { own <- new_mutex!(None) })
    }
}

struct ForgetModule;

impl kernel::Module for ForgetModule {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        core::mem::forget(faux::Registration::<Forget>::new(
            c"accel_test_forget.forgotten",
        )?);
        let kept = faux::Registration::new(c"accel_test_forget.kept")?;
        KEPT.populate(KBox::pin_init(new_mutex!(Some(kept)), GFP_KERNEL)?);
        Ok(Self)
    }
}

module! {
    type: ForgetModule,
    name: "accel_test_forget",
    authors: ["The accel developers"],
    description: "Driver for tests that forgets what it has registered",
    license: "GPL",
}
