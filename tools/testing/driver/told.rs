// SPDX-License-Identifier: GPL-2.0

//! What the test driver tells of its devices: firmware, engines, clocks and sensors.

use accel::{
    engine::EngineId,
    info::{
        Clock,
        Firmware,
        InfoOps,
        Limits,
        List,
        Reading,
        Sensor, //
    },
    prelude::*,
    uapi::{
        accel_info_clock,
        accel_info_firmware,
        accel_info_sensor, //
    },
    UeventName, //
};

use crate::{
    engines,
    Policy,
    Test,
    Words, //
};

impl<P: Policy> InfoOps for Test<P> {
    fn firmware(
        _ctx: &Context<'_, Self, Observer>,
        list: &mut List<accel_info_firmware>,
    ) -> Result {
        list.push(Firmware {
            name: "loader",
            version: "1.0",
        })?;
        list.push(Firmware {
            name: "kernel",
            version: "2.0-rc1",
        })
    }

    fn engine_count(_ctx: &Context<'_, Self, Observer>, engine: EngineId<Self>) -> u32 {
        engines::count(engine)
    }

    fn clocks(_ctx: &Context<'_, Self, Observer>, list: &mut List<accel_info_clock>) -> Result {
        list.push(Clock {
            name: "core",
            current_hz: 800_000_000,
            max_hz: 5_000_000_000,
        })
    }

    fn sensors(_ctx: &Context<'_, Self, Observer>, list: &mut List<accel_info_sensor>) -> Result {
        list.push(Sensor {
            name: "board",
            reading: Reading::PowerUw(12_500_000),
        })?;
        let die = Sensor {
            name: "die",
            reading: Reading::TemperatureMc(-4_250),
        };
        list.push(die.within(Limits {
            max: Some(95_000),
            critical: Some(105_000),
        }))?;
        let core = Sensor {
            name: "core",
            reading: Reading::VoltageMv(850),
        };
        list.push(core.within(Limits {
            max: Some(900),
            critical: None,
        }))?;
        // A driver may make the record itself.
        list.push(accel_info_sensor {
            name: [b's'; 32],
            ..accel_info_sensor::from(Sensor {
                name: "",
                reading: Reading::CurrentMa(1_500),
            })
        })?;
        list.push(Sensor {
            name: "fan",
            reading: Reading::FanRpm(2_400),
        })
    }
}

/// The variables of a uevent.
const FIRST: UeventName = UeventName::new("FIRST");
const SECOND: UeventName = UeventName::new("SECOND_2");

/// Sends a uevent with `a` and `b`.
pub(crate) fn uevent<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    let variables = [(FIRST, args.a.into()), (SECOND, args.b.into())];
    ctx.device().send_uevent(&variables)
}
