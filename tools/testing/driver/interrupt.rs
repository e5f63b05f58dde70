// SPDX-License-Identifier: GPL-2.0

//! What a driver may do in an interrupt, done in that of a timer.

use accel::{
    prelude::*,
    uapi::ACCEL_EVENT_DRIVER_BASE,
    Awake,
    EventKind,
    Fault,
    Pollers,
    Work, //
};
use kernel::{
    impl_has_hr_timer, new_spinlock_irq,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        ArcBorrow,
        Completion,
        SpinLockIrq, //
    },
    time::{
        hrtimer::{
            HrTimer,
            HrTimerCallback,
            HrTimerCallbackContext,
            HrTimerPointer,
            HrTimerRestart,
            RelativeMode, //
        },
        Delta,
        Instant,
        Monotonic,
        Msecs, //
    },
};

use crate::{
    waits::Job,
    Policy,
    Test,
    Words, //
};

/// What there is to do in an interrupt.
enum Deed {
    Send(EventKind),
    Report(Fault),
    Reset(Fault),
    Wake,
    LetSleep(Awake),
    BeginWork(Msecs),
    EndWork(Work),
    EndJob(Arc<Job>),
    WakePollers(Pollers),
}

/// An interrupt that is to come.
#[pin_data]
struct Interrupt<P: Policy> {
    /// Expires in hard interrupt context, unless the kernel is `PREEMPT_RT`: there, as for any
    /// handler that does not ask for more, in a thread.
    #[pin]
    timer: HrTimer<Self>,
    // Whoever waits for the interrupt has another reference, so the last one is not dropped in it.
    dev: ARef<Device<Test<P>>>,
    #[pin]
    deed: SpinLockIrq<Option<Deed>>,
    #[pin]
    begun: SpinLockIrq<Option<Result<Work>>>,
    /// How long it took, in nanoseconds.
    took_ns: Atomic<u32>,
    #[pin]
    over: Completion,
}

impl_has_hr_timer! {
    impl{P: Policy} HasHrTimer<Self> for Interrupt<P> {
        mode: RelativeMode<Monotonic>, field: self.timer
    }
}

impl<P: Policy> Interrupt<P> {
    fn new(dev: ARef<Device<Test<P>>>, deed: Deed) -> impl PinInit<Self> {
        pin_init!(Self {
            timer <- HrTimer::new(),
            dev,
            deed <- new_spinlock_irq!(Some(deed)),
            begun <- new_spinlock_irq!(None),
            took_ns: Atomic::new(0),
            over <- Completion::new(),
        })
    }

    fn come(&self) {
        let deed = self.deed.lock().take();
        match deed {
            Some(Deed::Send(kind)) => self.dev.send_event(kind, [0; 3]),
            Some(Deed::Report(fault)) => self.dev.report(fault),
            Some(Deed::Reset(fault)) => self.dev.reset(fault),
            Some(Deed::Wake) => self.dev.wake(),
            Some(Deed::LetSleep(awake)) => drop(awake),
            Some(Deed::BeginWork(timeout_ms)) => {
                let begun = self.dev.begin_work_within(timeout_ms);
                *self.begun.lock() = Some(begun);
            }
            Some(Deed::EndWork(work)) => drop(work),
            // Somebody else has a reference, so this is not the last one.
            Some(Deed::EndJob(job)) => job.end(),
            Some(Deed::WakePollers(pollers)) => pollers.wake(),
            None => (),
        }
    }
}

impl<P: Policy> HrTimerCallback for Interrupt<P> {
    type Pointer<'a> = Arc<Self>;

    fn run(this: ArcBorrow<'_, Self>, _: HrTimerCallbackContext<'_, Self>) -> HrTimerRestart {
        let begin = Instant::<Monotonic>::now();
        this.come();
        // CAST: It does not take seconds.
        this.took_ns
            .store(begin.elapsed().as_nanos() as u32, Relaxed);
        this.over.complete_all();
        HrTimerRestart::NoRestart
    }
}

/// Does what `a` says in an interrupt, with `b`.
pub(crate) fn interrupt<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    let data = ctx.data();
    let deed = match args.a {
        0 => Deed::Send(ACCEL_EVENT_DRIVER_BASE.saturating_add(args.b).try_into()?),
        1 => Deed::Report(Fault::hardware(args.b.into())),
        2 => Deed::Reset(Fault::hardware(args.b.into())),
        3 => {
            data.wakes.fetch_add(1, Relaxed);
            Deed::Wake
        }
        4 => Deed::LetSleep(data.sleep.take_kept().ok_or(ENOENT)?),
        5 => Deed::BeginWork(args.b),
        6 => Deed::EndWork(data.begun.lock().take().ok_or(ENOENT)?),
        7 => Deed::EndJob(data.jobs.get(args.b)?),
        8 => Deed::WakePollers(ctx.pollers()),
        _ => return Err(EINVAL),
    };

    let interrupt = Arc::pin_init(Interrupt::new(ctx.device().into(), deed), GFP_KERNEL)?;
    let _timer = interrupt.clone().start(Delta::from_micros(100));
    interrupt.over.wait_for_completion();

    let begun = interrupt.begun.lock().take();
    if let Some(work) = begun {
        *data.begun.lock() = Some(work?);
    }
    args.result = interrupt.took_ns.load(Relaxed);
    Ok(())
}
