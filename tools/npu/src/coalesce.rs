// SPDX-License-Identifier: GPL-2.0

//! When completions raise an interrupt.

use std::time::Duration;

/// The register `CTX_COALESCE`, and what waits because of it.
#[derive(Debug, Default)]
pub struct Coalesce {
    register: u32,
    waiting: u32,
    deadline: Option<Duration>,
}

impl Coalesce {
    /// Reads the register.
    pub fn register(&self) -> u32 {
        self.register
    }

    /// Writes the register; what waits goes on to do so.
    pub fn set_register(&mut self, value: u32) {
        self.register = value & 0xffff_00ff;
    }

    /// A command has ended; whether that raises the source.
    pub fn completed(&mut self, now: Duration) -> bool {
        self.waiting += 1;
        if self.waiting >= self.register & 0xff {
            self.clear();
            return true;
        }
        let limit = Duration::from_micros((self.register >> 16).into());
        if self.deadline.is_none() && !limit.is_zero() {
            self.deadline = Some(now + limit);
        }
        false
    }

    /// When the source is raised at the latest.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// Whether that is now.
    pub fn is_due(&mut self, now: Duration) -> bool {
        let due = self.deadline.is_some_and(|deadline| deadline <= now);
        if due {
            self.clear();
        }
        due
    }

    fn clear(&mut self) {
        self.waiting = 0;
        self.deadline = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_millis(5);

    fn with(register: u32) -> Coalesce {
        let mut coalesce = Coalesce::default();
        coalesce.set_register(register);
        coalesce
    }

    #[test]
    fn none_and_one_do_not_wait() {
        for register in [0, 1, 50 << 16, (50 << 16) | 1] {
            let mut coalesce = with(register);
            assert!(coalesce.completed(NOW) && coalesce.completed(NOW));
            assert_eq!(coalesce.deadline(), None);
        }
    }

    #[test]
    fn the_number_is_reached_first() {
        let mut coalesce = with((50 << 16) | 3);
        assert!(!coalesce.completed(NOW) && !coalesce.completed(NOW));
        assert!(coalesce.completed(NOW));
        assert_eq!(coalesce.deadline(), None);
        assert!(!coalesce.completed(NOW));
    }

    #[test]
    fn the_oldest_sets_the_deadline() {
        let mut coalesce = with((50 << 16) | 3);
        let deadline = NOW + Duration::from_micros(50);
        assert!(!coalesce.completed(NOW));
        assert!(!coalesce.completed(NOW + Duration::from_micros(20)));
        assert_eq!(coalesce.deadline(), Some(deadline));
        assert!(!coalesce.is_due(deadline - Duration::from_nanos(1)));
        assert!(coalesce.is_due(deadline));
        assert!(!coalesce.is_due(deadline));
    }

    #[test]
    fn no_time_is_no_limit() {
        let mut coalesce = with(2);
        assert!(!coalesce.completed(NOW));
        assert_eq!(coalesce.deadline(), None);
        assert!(!coalesce.is_due(Duration::MAX));
    }

    #[test]
    fn the_register_has_two_fields() {
        assert_eq!(with(u32::MAX).register(), 0xffff_00ff);
    }
}
