// SPDX-License-Identifier: GPL-2.0

//! Numbers as text: by their names; and with their units, for eyes, where JSON
//! has them as the kernel gives them.

/// The name of what has a number, or the number if it has no name.
pub fn known(name: Option<&str>, number: u32) -> String {
    match name {
        Some(name) => name.to_owned(),
        None => format!("unknown({number})"),
    }
}

/// A frequency, "1.2 GHz".
pub fn frequency(hz: u64) -> String {
    scaled(hz, ["Hz", "kHz", "MHz", "GHz"])
}

/// A span of time, "1.2 ms".
pub fn duration(ns: u64) -> String {
    scaled(ns, ["ns", "µs", "ms", "s"])
}

/// A number of bytes, "1.5 MiB".
pub fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut power = 0;
    // Rounding may make it a unit more.
    while power + 1 < units.len() && in_thousandths(bytes, power) >= 1_024_000 {
        power += 1;
    }
    let number = thousandths(in_thousandths(bytes, power));
    let number = number.trim_end_matches('0').trim_end_matches('.');
    format!("{number} {}", units[power])
}

/// Bytes in thousandths of a power of 1024, rounded.
fn in_thousandths(bytes: u64, power: usize) -> i128 {
    let divisor = 1_i128 << (10 * power);
    (i128::from(bytes) * 1000 + divisor / 2) / divisor
}

/// A power, "1.200 W".
pub fn power(uw: i64) -> String {
    // Half a milliwatt more, so that the number is rounded and not cut.
    let mw = (i128::from(uw) + 500).div_euclid(1000);
    format!("{} W", thousandths(mw))
}

/// A temperature, "41.500 °C".
pub fn temperature(mc: i64) -> String {
    format!("{} °C", thousandths(mc.into()))
}

/// A voltage, "0.850 V".
pub fn voltage(mv: i64) -> String {
    format!("{} V", thousandths(mv.into()))
}

/// A current, "1.500 A".
pub fn current(ma: i64) -> String {
    format!("{} A", thousandths(ma.into()))
}

/// A number in the unit, of those that are 1000 times the one before, in which
/// it is below 1000; rounded to three decimals, without zeros at the end.
fn scaled(number: u64, units: [&str; 4]) -> String {
    let rounded = |(power, unit)| {
        let divisor = 1000_i128.pow(power);
        let number = (i128::from(number) * 1000 + divisor / 2) / divisor;
        (number, unit)
    };
    let mut candidates = (0..).zip(units).map(rounded);
    let last = rounded((3, units[3]));
    let fit = candidates.find(|&(number, _)| number < 1_000_000);
    let (number, unit) = fit.unwrap_or(last);
    let number = thousandths(number);
    let number = number.trim_end_matches('0').trim_end_matches('.');
    format!("{number} {unit}")
}

/// A thousandth of a number, with three decimals.
fn thousandths(number: i128) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let number = number.unsigned_abs();
    format!("{sign}{}.{:03}", number / 1000, number % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_have_the_unit_that_fits() {
        assert_eq!(frequency(0), "0 Hz");
        assert_eq!(frequency(999), "999 Hz");
        assert_eq!(frequency(1000), "1 kHz");
        assert_eq!(frequency(32_768), "32.768 kHz");
        assert_eq!(frequency(100_000_000), "100 MHz");
        assert_eq!(frequency(1_200_000_000), "1.2 GHz");
        assert_eq!(frequency(1_050_000_000), "1.05 GHz");
        assert_eq!(frequency(2_000_000_000_000), "2000 GHz");
    }

    #[test]
    fn frequencies_are_rounded() {
        assert_eq!(frequency(1_234_499_999), "1.234 GHz");
        assert_eq!(frequency(1_234_500_000), "1.235 GHz");
        // Rounding makes it a unit more.
        assert_eq!(frequency(999_999_499), "999.999 MHz");
        assert_eq!(frequency(999_999_500), "1 GHz");
        assert_eq!(frequency(u64::MAX), "18446744073.71 GHz");
    }

    #[test]
    fn durations_have_the_unit_that_fits() {
        assert_eq!(duration(0), "0 ns");
        assert_eq!(duration(1_500), "1.5 µs");
        assert_eq!(duration(20_000_000), "20 ms");
        assert_eq!(duration(86_400_250_000_000), "86400.25 s");
    }

    #[test]
    fn sizes_have_the_unit_that_fits() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1024), "1 KiB");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size((1 << 20) - 1), "1023.999 KiB");
        // Rounding makes it a unit more.
        assert_eq!(size((1 << 30) - 1), "1 GiB");
        assert_eq!(size(5 << 30), "5 GiB");
        assert_eq!(size(u64::MAX), "16777216 TiB");
    }

    #[test]
    fn power_is_in_watts_to_the_milliwatt() {
        assert_eq!(power(0), "0.000 W");
        assert_eq!(power(499), "0.000 W");
        assert_eq!(power(500), "0.001 W");
        assert_eq!(power(12_345_678), "12.346 W");
        assert_eq!(power(-1_500_000), "-1.500 W");
        assert_eq!(power(-499), "0.000 W");
        assert_eq!(power(i64::MIN), "-9223372036854.776 W");
    }

    #[test]
    fn temperatures_are_in_degrees() {
        assert_eq!(temperature(41_500), "41.500 °C");
        assert_eq!(temperature(-5), "-0.005 °C");
        assert_eq!(temperature(-40_000), "-40.000 °C");
        assert_eq!(temperature(i64::MIN), "-9223372036854775.808 °C");
    }

    #[test]
    fn voltages_and_currents_have_thousandths() {
        assert_eq!(voltage(850), "0.850 V");
        assert_eq!(current(-1_500), "-1.500 A");
    }
}
