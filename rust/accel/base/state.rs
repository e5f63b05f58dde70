// SPDX-License-Identifier: GPL-2.0

//! The state of a device, and what may follow on what.
//!
//! The state is one word, which whoever enters the gate looks at anyway: a device that is being
//! reset, or is wedged, costs those of one that is well nothing.

use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full, //
    },
};

use crate::sys::uapi;

/// The state of a device; `enum accel_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum State {
    /// Takes work.
    Running = uapi::ACCEL_STATE_RUNNING,
    /// Is being reset, and takes work again afterwards. Users wait.
    Resetting = uapi::ACCEL_STATE_RESETTING,
    /// Takes no work any more, unless the administrator brings it back.
    Wedged = uapi::ACCEL_STATE_WEDGED,
    /// Has been removed. There is no way back.
    Gone = uapi::ACCEL_STATE_GONE,
}

/// What may happen to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A reset begins, because of an error.
    Reset,
    /// A reset begins, because a user says so, by way of the driver.
    UserReset,
    /// A reset begins, because the administrator says so.
    AdminReset,
    /// A reset begins, because the bus says so.
    BusReset,
    /// The reset has succeeded.
    Recover,
    /// The reset has failed, or there is none that could help.
    Wedge,
    /// The system shuts down.
    ShutDown,
    /// The device goes.
    Remove,
}

impl Step {
    /// Returns the error with which the step ends all work; `None` if it ends none.
    pub(crate) const fn error(self) -> Option<Error> {
        match self {
            Self::Reset | Self::UserReset | Self::AdminReset | Self::BusReset => Some(ECANCELED),
            Self::Wedge | Self::ShutDown => Some(EIO),
            Self::Remove => Some(ENODEV),
            Self::Recover => None,
        }
    }
}

impl State {
    /// Returns the state after a step, if that can be taken.
    pub(crate) const fn after(self, step: Step) -> Option<Self> {
        match (self, step) {
            (Self::Gone, _) => None,
            (_, Step::Remove) => Some(Self::Gone),
            (Self::Running, Step::Reset | Step::UserReset) => Some(Self::Resetting),
            (Self::Running | Self::Wedged, Step::AdminReset | Step::BusReset) => {
                Some(Self::Resetting)
            }
            (Self::Resetting, Step::Recover) => Some(Self::Running),
            (Self::Running | Self::Resetting, Step::Wedge | Step::ShutDown) => Some(Self::Wedged),
            _ => None,
        }
    }

    /// Returns the name by which user space knows it.
    pub(crate) const fn name(self) -> &'static CStr {
        match self {
            Self::Running => c"running",
            Self::Resetting => c"resetting",
            Self::Wedged => c"wedged",
            Self::Gone => c"gone",
        }
    }

    const fn from_word(word: u32) -> Self {
        match word {
            uapi::ACCEL_STATE_RUNNING => Self::Running,
            uapi::ACCEL_STATE_RESETTING => Self::Resetting,
            uapi::ACCEL_STATE_WEDGED => Self::Wedged,
            _ => Self::Gone,
        }
    }
}

/// A [`State`] that any thread may look at, and change.
pub(crate) struct StateWord(Atomic<u32>);

impl StateWord {
    /// A device that runs.
    pub(crate) const fn new() -> Self {
        Self(Atomic::new(State::Running as u32))
    }

    /// Returns the state. What was done before the step that led to it has been done.
    #[inline(always)]
    pub(crate) fn get(&self) -> State {
        State::from_word(self.0.load(Acquire))
    }

    /// Takes a step, if it can be taken, and returns what state there was before.
    pub(crate) fn step(&self, step: Step) -> Option<State> {
        let mut now = self.get();
        loop {
            let next = now.after(step)?;
            match self.0.cmpxchg(now as u32, next as u32, Full) {
                Ok(_) => return Some(now),
                Err(other) => now = State::from_word(other),
            }
        }
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_state)]
mod tests {
    use super::*;

    const ALL: [State; 4] = [
        State::Running,
        State::Resetting,
        State::Wedged,
        State::Gone, //
    ];

    #[test]
    fn every_step_from_every_state() {
        use State::*;
        for (step, after) in [
            (Step::Reset, [Some(Resetting), None, None, None]),
            (Step::UserReset, [Some(Resetting), None, None, None]),
            (
                Step::AdminReset,
                [Some(Resetting), None, Some(Resetting), None],
            ),
            (
                Step::BusReset,
                [Some(Resetting), None, Some(Resetting), None],
            ),
            (Step::Recover, [None, Some(Running), None, None]),
            (Step::Wedge, [Some(Wedged), Some(Wedged), None, None]),
            (Step::ShutDown, [Some(Wedged), Some(Wedged), None, None]),
            (Step::Remove, [Some(Gone), Some(Gone), Some(Gone), None]),
        ] {
            for (state, after) in Iterator::zip(ALL.into_iter(), after) {
                assert_eq!(state.after(step), after);
            }
        } //
    }

    #[test]
    fn a_word_takes_the_steps_of_its_state() {
        let word = StateWord::new();
        assert_eq!(word.get(), State::Running);
        assert_eq!(word.step(Step::Recover), None);
        assert_eq!(word.step(Step::Reset), Some(State::Running));
        assert_eq!(word.step(Step::Reset), None);
        assert_eq!(word.get(), State::Resetting);
        assert_eq!(word.step(Step::Wedge), Some(State::Resetting));
        assert_eq!(word.step(Step::AdminReset), Some(State::Wedged));
        assert_eq!(word.step(Step::Remove), Some(State::Resetting));
        assert_eq!(word.step(Step::Recover), None);
        assert_eq!(word.step(Step::Remove), None);
        assert_eq!(word.get(), State::Gone);
    }
}
