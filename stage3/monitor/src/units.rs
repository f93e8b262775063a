//! Quantities as people read them.

use core::fmt;

/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

/// A time in nanoseconds: `1.234 s`, `2 min 05 s`, `3 h 04 min`, `5 d 06 h`.
pub struct Time(pub u64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / SECOND;
        let (minutes, hours) = (seconds / 60, seconds / 3600);
        match seconds {
            0..60 => write!(f, "{}.{:03} s", seconds, self.0 % SECOND / 1_000_000),
            60..3600 => write!(f, "{minutes} min {:02} s", seconds % 60),
            3600..86400 => write!(f, "{hours} h {:02} min", minutes % 60),
            _ => write!(f, "{} d {:02} h", hours / 24, hours % 24),
        }
    }
}

/// Thousandths as per cent: `12.3 %`.
pub struct PerMille(pub u64);

impl fmt::Display for PerMille {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} %", self.0 / 10, self.0 % 10)
    }
}

impl PerMille {
    /// How much `part` is of `all`.
    pub fn of(part: u64, all: u64) -> Self {
        Self((u128::from(part) * 1000 / u128::from(all.max(1))) as u64)
    }
}

/// Bytes in MiB: `512 MiB`, `0.5 MiB`.
pub struct Mib(pub u64);

impl fmt::Display for Mib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (u128::from(self.0) * 10) >> 20;
        match tenths % 10 {
            0 => write!(f, "{} MiB", tenths / 10),
            rest => write!(f, "{}.{rest} MiB", tenths / 10),
        }
    }
}

/// Bytes in KiB: `1536 KiB`.
pub struct Kib(pub u64);

impl fmt::Display for Kib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} KiB", self.0 >> 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn times_have_two_parts() {
        let ms = 1_000_000;
        let times = [0, 12_345 * ms, 59_999 * ms, 60_000 * ms, 3_725_000 * ms, 90_000_000 * ms];
        let words = times.map(|nanos| Time(nanos).to_string());
        assert_eq!(words, ["0.000 s", "12.345 s", "59.999 s", "1 min 00 s", "1 h 02 min", "1 d 01 h"]);
        assert_eq!(Time(u64::MAX).to_string(), "213503 d 23 h");
    }

    #[test]
    fn shares_and_sizes_are_rounded_down() {
        assert_eq!(PerMille::of(1, 3).to_string(), "33.3 %");
        assert_eq!(PerMille::of(u64::MAX, u64::MAX).to_string(), "100.0 %");
        assert_eq!(PerMille::of(0, 0).to_string(), "0.0 %");
        assert_eq!(
            [512 << 20, 3 << 19, 1, u64::MAX].map(|bytes| Mib(bytes).to_string()),
            ["512 MiB", "1.5 MiB", "0 MiB", "17592186044415.9 MiB"]
        );
        assert_eq!([3 << 19, 1023, 0].map(|bytes| Kib(bytes).to_string()), ["1536 KiB", "0 KiB", "0 KiB"]);
    }
}
