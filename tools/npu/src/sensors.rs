// SPDX-License-Identifier: GPL-2.0

//! Temperature, power and clock, which follow from what the device does.

/// From here on, the device throttles; in 1/1000 degree.
pub const WARN: i32 = 95_000;
/// From here on, the device stops; in 1/1000 degree.
pub const MAX: i32 = 105_000;

/// How warm it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Normal,
    /// [`WARN`] or more.
    Warm,
    /// [`MAX`] or more.
    Hot,
}

/// What the sensors show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readings {
    /// In 1/1000 degree.
    pub temperature: i32,
    /// In mW.
    pub power: u32,
    /// In MHz.
    pub clock: u32,
}

impl Readings {
    /// Those of a device in which some contexts run, with a clock that was set, and at least as
    /// warm as `heat`, if that is not 0.
    pub fn new(running: usize, clock: u32, heat: i32) -> Self {
        let running = running as u32;
        let own = 42_000 + 4_000 * running as i32;
        let mut readings = Self {
            temperature: if heat == 0 { own } else { own.max(heat) },
            power: 4_000 + 6_000 * running,
            clock,
        };
        if readings.level() > Level::Normal {
            readings.clock /= 2;
        }
        readings
    }

    /// How warm it is.
    pub fn level(&self) -> Level {
        match self.temperature {
            MAX.. => Level::Hot,
            WARN.. => Level::Warm,
            _ => Level::Normal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_makes_warm() {
        let idle = Readings::new(0, 1000, 0);
        assert_eq!((idle.temperature, idle.power), (42_000, 4_000));
        let busy = Readings::new(4, 600, 0);
        assert_eq!((busy.temperature, busy.power), (58_000, 28_000));
        assert_eq!((busy.clock, busy.level()), (600, Level::Normal));
    }

    #[test]
    fn heat_throttles() {
        let cases = [
            (94_999, Level::Normal, 800),
            (95_000, Level::Warm, 400),
            (104_999, Level::Warm, 400),
            (105_000, Level::Hot, 400),
        ];
        for (heat, level, clock) in cases {
            let readings = Readings::new(0, 800, heat);
            assert_eq!((readings.level(), readings.clock), (level, clock));
        }
        assert_eq!(Readings::new(1, 800, 1_000).temperature, 46_000);
    }
}
