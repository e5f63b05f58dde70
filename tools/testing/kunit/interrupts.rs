// SPDX-License-Identifier: GPL-2.0

//! Interrupts of a platform device, and their threads. The tests raise them.

use accel::{
    platform::{
        self,
        BoundDevice,
        Lines, //
    },
    prelude::*,
    Fault,
    Features,
    InterruptOps,
    InterruptThreadOps,
    Irq,
    ResetOps,
    Resetter, //
};
use kernel::{
    error::to_result,
    ffi::{
        c_int,
        c_uint, //
    },
    sync::atomic::{
        Atomic,
        AtomicFlag,
        Relaxed, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
};

use crate::bus::PlatformDevice;

/// The name of the driver on its bus.
pub(crate) const NAME: &CStr = c"accel_kunit_irq";

/// What the hard half of vector 0 does.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Answer {
    Handled,
    WakeThread,
    WakeThreadMasked,
    Reset,
}

static ANSWER: Atomic<u32> = Atomic::new(0);
/// How often the hard half was called for each vector, and the thread of vector 0.
static HARD: [Atomic<u32>; 2] = [Atomic::new(0), Atomic::new(0)];
static THREAD: Atomic<u32> = Atomic::new(0);
/// How many vectors the device had in its last interrupt.
static VECTORS: Atomic<u32> = Atomic::new(0);
/// Keeps the thread, and the hook of a reset, where they are.
static HOLD: AtomicFlag = AtomicFlag::new(false);
static IN_HOOK: AtomicFlag = AtomicFlag::new(false);
/// The hook of a reset fails.
static FAIL: AtomicFlag = AtomicFlag::new(false);

pub(crate) struct Interrupting;

impl AccelDriver for Interrupting {
    type Data = CovariantForLt!(());
    const INFO: DriverInfo = DriverInfo {
        name: "accel_kunit_irq",
        version: "1",
        user_space_url: "tools/testing/kunit",
        user_space_license: "GPL-2.0",
        documentation_url: "tools/testing/kunit",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[]);
    const FEATURES: Features<Self> = Features::none().interrupts().interrupt_threads().reset();
}

impl platform::Driver for Interrupting {
    type IdInfo = ();

    fn probe<'bound>(
        pdev: &'bound platform::Device<'_>,
        _info: Option<&()>,
    ) -> impl PinInit<(), Error> + 'bound {
        pin_init::pin_init_scope(move || {
            let by_index = platform::mem_range(pdev, 0)?;
            let by_name = platform::mem_range_by_name(pdev, c"registers")?;
            let none = platform::mem_range_by_name(pdev, c"doorbells");
            match (by_index.len(), by_name.len(), none.err()) {
                (0x1_0000, 0x1_0000, Some(ENODEV)) => Ok(Ok(())),
                _ => Err(EINVAL),
            }
        })
    }

    fn interrupts<'a>(pdev: &'a BoundDevice, _data: &(), lines: &mut Lines<'a>) -> Result {
        lines.add(pdev.irq_by_index(0)?)?;
        if let Ok(error) = pdev.optional_irq_by_name(c"error") {
            lines.add_shared(error)?;
        }
        Ok(())
    }
}

impl InterruptOps for Interrupting {
    fn interrupt(dev: &Device<Self>, _data: &(), vector: u32) -> Irq<Self> {
        HARD[vector as usize].fetch_add(1, Relaxed);
        VECTORS.store(dev.vectors(), Relaxed);
        let is = |answer: Answer| ANSWER.load(Relaxed) == answer as u32;
        if is(Answer::WakeThread) {
            return Irq::WAKE_THREAD;
        }
        if is(Answer::WakeThreadMasked) {
            return Irq::WAKE_THREAD_MASKED;
        }
        if is(Answer::Reset) {
            dev.reset(Fault::hardware(1));
        }
        Irq::HANDLED
    }
}

impl InterruptThreadOps for Interrupting {
    fn interrupt_thread(_ctx: &Context<'_, Self, Observer>, _vector: u32) {
        THREAD.fetch_add(1, Relaxed);
        while HOLD.load(Relaxed) {
            fsleep(Delta::from_millis(1));
        }
    }
}

impl ResetOps for Interrupting {
    fn reset(_ctx: Context<'_, Self, Resetter>) -> Result {
        IN_HOOK.store(true, Relaxed);
        while HOLD.load(Relaxed) {
            fsleep(Delta::from_millis(1));
        }
        IN_HOOK.store(false, Relaxed);
        match FAIL.xchg(false, Relaxed) {
            true => Err(EIO),
            false => Ok(()),
        }
    }
}

// SAFETY: These are the functions of `bus.h`, which take any interrupt that was allocated.
unsafe extern "C" {
    safe fn accel_test_alloc_irqs(count: c_uint) -> c_int;
    safe fn accel_test_free_irqs(first: c_uint, count: c_uint);
    safe fn accel_test_raise_irq(irq: c_uint);
    safe fn accel_test_irq_is_disabled(irq: c_uint) -> bool;
}

/// Two interrupts that only the tests raise.
struct Irqs(u32);

impl Irqs {
    fn new() -> Result<Self> {
        let first = accel_test_alloc_irqs(2);
        to_result(first)?;
        // CAST: Not negative, since it is no error.
        Ok(Self(first as u32))
    }

    fn raise(&self, vector: u32) {
        accel_test_raise_irq(self.0 + vector);
    }

    fn is_masked(&self) -> bool {
        accel_test_irq_is_disabled(self.0)
    }
}

impl Drop for Irqs {
    fn drop(&mut self) {
        accel_test_free_irqs(self.0, 2);
    }
}

#[kunit_tests(accel_irq)]
mod tests {
    use super::*;
    use crate::node::Node;

    /// A device that interrupts. It goes before its interrupts do.
    struct Scene {
        device: PlatformDevice,
        irqs: Irqs,
    }

    impl Scene {
        /// Makes a device with `count` interrupts.
        fn new(count: u32, answer: Answer) -> Result<Self> {
            for counter in [&HARD[0], &HARD[1], &THREAD, &VECTORS] {
                counter.store(0, Relaxed);
            }
            HOLD.store(false, Relaxed);
            ANSWER.store(answer as u32, Relaxed);
            let irqs = Irqs::new()?;
            let device = PlatformDevice::with_irqs(NAME, irqs.0, count)?;
            Ok(Self { device, irqs })
        }

        /// Has the device be reset, and returns when it is in the hook, which stays there.
        fn enter_reset(&self) -> bool {
            HOLD.store(true, Relaxed);
            ANSWER.store(Answer::Reset as u32, Relaxed);
            self.irqs.raise(1);
            comes_true(|| IN_HOOK.load(Relaxed))
        }
    }

    /// Returns whether a condition becomes true.
    fn comes_true(condition: impl Fn() -> bool) -> bool {
        (0..5_000).any(|_| {
            let is_true = condition();
            if !is_true {
                fsleep(Delta::from_millis(1));
            }
            is_true
        })
    }

    fn hard(vector: usize) -> u32 {
        HARD[vector].load(Relaxed)
    }

    fn thread() -> u32 {
        THREAD.load(Relaxed)
    }

    #[test]
    fn each_line_has_its_vector() -> Result {
        let scene = Scene::new(2, Answer::Handled)?;
        scene.device.device().minor()?;
        scene.irqs.raise(1);
        assert_eq!((hard(0), hard(1)), (0, 1));
        scene.irqs.raise(0);
        assert_eq!((hard(0), hard(1)), (1, 1));
        assert_eq!(VECTORS.load(Relaxed), 2);
        Ok(())
    }

    #[test]
    fn a_line_may_be_missing() -> Result {
        let scene = Scene::new(1, Answer::Handled)?;
        scene.device.device().minor()?;
        scene.irqs.raise(0);
        assert_eq!(hard(0), 1);
        assert_eq!(VECTORS.load(Relaxed), 1);
        Ok(())
    }

    #[test]
    fn a_device_without_the_line_it_needs_is_not_bound() -> Result {
        let scene = Scene::new(0, Answer::Handled)?;
        assert_eq!(scene.device.device().minor(), Err(ENODEV));
        Ok(())
    }

    #[test]
    fn a_thread_runs_when_it_is_woken() -> Result {
        let scene = Scene::new(2, Answer::Handled)?;
        scene.irqs.raise(0);
        ANSWER.store(Answer::WakeThread as u32, Relaxed);
        scene.irqs.raise(0);
        assert!(comes_true(|| thread() == 1));
        assert!(!scene.irqs.is_masked());
        Ok(())
    }

    #[test]
    fn a_vector_is_masked_until_its_thread_has_run() -> Result {
        let scene = Scene::new(2, Answer::WakeThreadMasked)?;
        HOLD.store(true, Relaxed);
        scene.irqs.raise(0);
        assert!(comes_true(|| thread() == 1));
        assert!(scene.irqs.is_masked());
        scene.irqs.raise(0);
        assert_eq!(hard(0), 1);
        // The other one is not.
        ANSWER.store(Answer::Handled as u32, Relaxed);
        scene.irqs.raise(1);
        assert_eq!(hard(1), 1);

        HOLD.store(false, Relaxed);
        assert!(comes_true(|| !scene.irqs.is_masked()));
        Ok(())
    }

    #[test]
    fn a_thread_runs_after_a_reset() -> Result {
        let scene = Scene::new(2, Answer::Handled)?;
        assert!(scene.enter_reset());
        ANSWER.store(Answer::WakeThreadMasked as u32, Relaxed);
        scene.irqs.raise(0);
        assert!(scene.irqs.is_masked());
        fsleep(Delta::from_millis(50));
        assert_eq!((hard(0), thread()), (1, 0));

        HOLD.store(false, Relaxed);
        assert!(comes_true(|| thread() == 1));
        assert!(comes_true(|| !scene.irqs.is_masked()));
        Ok(())
    }

    #[test]
    fn what_is_masked_is_unmasked_when_the_device_goes() -> Result {
        let scene = Scene::new(2, Answer::Handled)?;
        FAIL.store(true, Relaxed);
        assert!(scene.enter_reset());
        ANSWER.store(Answer::WakeThreadMasked as u32, Relaxed);
        HOLD.store(false, Relaxed);
        // In the hook, or wedged after it.
        scene.irqs.raise(0);
        assert!(comes_true(|| !IN_HOOK.load(Relaxed)));
        assert!(scene.irqs.is_masked());

        scene.device.device().unbind();
        assert_eq!((hard(0), thread()), (1, 0));
        // It is requested again, and arrives.
        ANSWER.store(Answer::Handled as u32, Relaxed);
        scene.device.device().bind()?;
        scene.irqs.raise(0);
        assert_eq!(hard(0), 2);
        Ok(())
    }

    #[test]
    fn lines_are_masked_when_the_system_shuts_down() -> Result {
        let scene = Scene::new(2, Answer::WakeThread)?;
        let user = Node::open_user(scene.device.device().minor()?)?;
        user.shut_down();
        assert!(scene.irqs.is_masked());
        scene.irqs.raise(0);
        // Others may have this one.
        scene.irqs.raise(1);
        assert_eq!((hard(0), hard(1), thread()), (0, 0, 0));

        scene.device.device().unbind();
        scene.device.device().bind()?;
        assert!(!scene.irqs.is_masked());
        scene.irqs.raise(1);
        assert!(hard(1) == 1 && comes_true(|| thread() >= 1));
        Ok(())
    }

    #[test]
    fn a_removal_waits_for_a_thread_that_is_in_the_driver() -> Result {
        let scene = Scene::new(2, Answer::WakeThread)?;
        scene.irqs.raise(0);
        assert!(comes_true(|| thread() == 1));
        scene.irqs.raise(0);
        scene.device.device().unbind();
        let (halves, threads) = (hard(0), thread());
        scene.irqs.raise(0);
        fsleep(Delta::from_millis(50));
        assert_eq!((hard(0), thread()), (halves, threads));
        Ok(())
    }
}
