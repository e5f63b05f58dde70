// SPDX-License-Identifier: GPL-2.0

//! Interrupts of a device, as its driver handles them.

use core::marker::PhantomData;
use kernel::{
    prelude::*,
    types::ForLt, //
};

use super::{
    context::{
        Context,
        Observer, //
    },
    device::Device,
    features::Features,
    handler,
    AccelDriver,
    Invariant, //
};
use crate::device::{
    ops::features::{
        InterruptFns,
        IrqAction, //
    },
    Core, //
};

/// Drivers of devices that interrupt.
///
/// Which interrupts a device has, the trait of its bus says: `interrupts()` of
/// [`pci::Driver`](crate::pci::Driver). Its vectors are numbered from 0.
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, Features, InterruptOps, Irq};
/// use kernel::sync::atomic::{Atomic, Relaxed};
///
/// # struct Npu;
/// struct Data {
///     /// How often the device has said that it is done.
///     done: Atomic<u32>,
/// }
///
/// impl InterruptOps for Npu {
///     fn interrupt(dev: &Device<Self>, data: &Data, _vector: u32) -> Irq<Self> {
///         // Asks the device, and has it lower the line.
///         data.done.fetch_add(1, Relaxed);
///         dev.wake();
///         Irq::HANDLED
///     }
/// }
///
/// impl AccelDriver for Npu {
///     type Data = CovariantForLt!(Data);
///     const FEATURES: Features<Self> = Features::none().interrupts();
/// #   const INFO: DriverInfo = DriverInfo {
/// #       name: "npu",
/// #       version: "1",
/// #       user_space_url: "https://npu.example",
/// #       user_space_license: "GPL-2.0",
/// #       documentation_url: "https://npu.example/registers",
/// #   };
/// #   const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
/// #   const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[]);
/// }
/// ```
pub trait InterruptOps: AccelDriver {
    /// The name of the interrupts in `/proc/interrupts`.
    const IRQ_NAME: &'static CStr = c"accel";

    /// Handles an interrupt of `vector`, in hard interrupt context.
    ///
    /// May come at any time from the request of the interrupts, when the data is in place, until
    /// they are freed, before that is dropped; also while the device is being reset, but not while
    /// it is asleep, or its bus has it. The line may be shared: returns [`Irq::NONE`] if the device
    /// has not raised it. A device that was pulled out of the machine seems to have all bits of its
    /// registers set.
    fn interrupt(
        dev: &Device<Self>,
        data: &<Self::Data as ForLt>::Of<'_>,
        vector: u32,
    ) -> Irq<Self>;
}

/// Drivers that handle interrupts in threads, too. Each vector has a thread of its own.
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, Features, InterruptOps, InterruptThreadOps, Irq};
/// use kernel::{new_mutex, sync::Mutex};
///
/// # struct Npu;
/// #[pin_data]
/// struct Data {
///     /// What the device has answered, for each vector.
///     #[pin]
///     answers: Mutex<[u32; 4]>,
/// }
///
/// impl InterruptOps for Npu {
///     fn interrupt(_dev: &Device<Self>, _data: &Data, _vector: u32) -> Irq<Self> {
///         // All that there is to do may sleep.
///         Irq::WAKE_THREAD_MASKED
///     }
/// }
///
/// impl InterruptThreadOps for Npu {
///     fn interrupt_thread(ctx: &Context<'_, Self, Observer>, vector: u32) {
///         if let Some(answer) = ctx.data().answers.lock().get_mut(vector as usize) {
///             // Reads it from the device.
///             *answer += 1;
///         }
///         ctx.device().wake();
///     }
/// }
///
/// impl AccelDriver for Npu {
///     type Data = CovariantForLt!(Data);
///     const FEATURES: Features<Self> = Features::none().interrupts().interrupt_threads();
/// #   const INFO: DriverInfo = DriverInfo {
/// #       name: "npu",
/// #       version: "1",
/// #       user_space_url: "https://npu.example",
/// #       user_space_license: "GPL-2.0",
/// #       documentation_url: "https://npu.example/registers",
/// #   };
/// #   const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
/// #   const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[]);
/// }
/// ```
pub trait InterruptThreadOps: InterruptOps {
    /// Handles what [`InterruptOps::interrupt`] has left to the thread of `vector`: called after
    /// [`Irq::WAKE_THREAD`], once or more often, but only while the device is running and awake.
    /// What the thread was woken for meanwhile, it is called for afterwards.
    ///
    /// May sleep, but holds up the removal of the device, and its sleep. Fences are signalled here,
    /// so it must not wait for users, for fences or for memory, as for
    /// [`WorkOps::background`](super::WorkOps::background).
    fn interrupt_thread(ctx: &Context<'_, Self, Observer>, vector: u32);
}

/// What a driver has done about an interrupt; see [`InterruptOps::interrupt`].
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, Irq};
///
/// /// Returns what there is to say of an interrupt, by the register that has its reasons.
/// fn of_status<T: AccelDriver>(status: u32) -> Irq<T> {
///     match status {
///         0 | u32::MAX => Irq::NONE,
///         _ => Irq::HANDLED,
///     }
/// }
/// ```
pub struct Irq<T: AccelDriver> {
    action: IrqAction,
    _driver: Invariant<T>,
}

impl<T: AccelDriver> Irq<T> {
    const fn new(action: IrqAction) -> Self {
        Self {
            action,
            _driver: PhantomData,
        }
    }

    /// The device has not raised it.
    pub const NONE: Self = Self::new(IrqAction::None);

    /// The driver has done all that there is to do.
    pub const HANDLED: Self = Self::new(IrqAction::Handled);
}

impl<T: InterruptThreadOps> Irq<T> {
    /// The thread of the vector has to do the rest.
    pub const WAKE_THREAD: Self = {
        Features::<T>::require_interrupt_threads();
        Self::new(IrqAction::WakeThread)
    };

    /// The thread of the vector has to do the rest, and until it has, no more interrupts of it are
    /// to arrive: for devices that go on to raise it.
    ///
    /// If others share the line, their interrupts do not arrive either. While the device is being
    /// reset, the thread does not run. So this is not for a vector that the hook of a reset waits
    /// for.
    pub const WAKE_THREAD_MASKED: Self = {
        Features::<T>::require_interrupt_threads();
        Self::new(IrqAction::WakeThreadMasked)
    };
}

impl<T: InterruptOps> Features<T> {
    /// Adds [`InterruptOps`].
    pub const fn interrupts(mut self) -> Self {
        self.fns.interrupts = Some(InterruptFns {
            name: T::IRQ_NAME,
            handle: handle::<T>,
        });
        self
    }
}

impl<T: InterruptThreadOps> Features<T> {
    /// Adds [`InterruptThreadOps`].
    pub const fn interrupt_threads(mut self) -> Self {
        self.fns.interrupt_thread = Some(handler::by_ref_with(
            |ctx: &Context<'_, T, Observer>, vector: &u32| T::interrupt_thread(ctx, *vector),
        ));
        self
    }

    /// Has the compiler check that there are threads for what the driver leaves to them.
    const fn require_interrupt_threads() {
        assert!(
            T::FEATURES.fns.interrupt_thread.is_some(),
            "a driver with threads of interrupts has `interrupt_threads()` in its FEATURES"
        );
    }
}

/// Calls the hard half of `T`.
///
/// # Safety
///
/// `core` must be a device of `T`, and its binding must keep the data meanwhile.
unsafe fn handle<T: InterruptOps>(core: &Core, vector: u32) -> IrqAction {
    // SAFETY: Same requirements.
    let (dev, data) = unsafe {
        let dev = Device::<T>::from_core(core);
        (dev, dev.data())
    };
    T::interrupt(dev, data, vector).action
}

impl<T: InterruptOps> Device<T> {
    /// Returns how many vectors the device has: as many as it was given, which may be less than
    /// there are sources of interrupts.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, InterruptOps};
    /// /// Returns the vector that a source of interrupts is routed to, if there are any.
    /// fn vector_of<T: InterruptOps>(dev: &Device<T>, source: u32) -> Option<u32> {
    ///     source.checked_rem(dev.vectors())
    /// }
    /// ```
    pub fn vectors(&self) -> u32 {
        self.core().interrupts.count()
    }
}
