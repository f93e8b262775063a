//! Time: an argument, never a global.
//!
//! The only clock is the time-stamp counter. A VM's TSC starts at zero when the VM is powered on; an
//! [`Instant`] is that count in nanoseconds, and every device computes its state from it.

use core::ops::{Add, Sub};

/// Nanoseconds in a second.
pub const SECOND: u64 = 1_000_000_000;

/// A point in a VM's time: nanoseconds since it was powered on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub u64);

impl Add<u64> for Instant {
    type Output = Self;

    /// The instant `nanos` later; the end of time at most.
    fn add(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(nanos))
    }
}

impl Sub for Instant {
    type Output = u64;

    /// Nanoseconds since `earlier`, zero if that is in the future.
    fn sub(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Conversion between ticks of a constant-rate counter and nanoseconds, as a 32.32 fixed-point
/// factor and a shift. The paravirtual clock gives exactly these two numbers to the guest, so guest
/// and devices agree to the nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TscScale {
    khz: u64,
    /// Nanoseconds for each `ticks << shift`, times 2^32.
    pub multiplier: u32,
    /// Left shift of the tick count before the multiplication; negative means right.
    pub shift: i8,
}

impl TscScale {
    /// The scale of a counter that runs at `khz` (at least 1).
    #[must_use]
    pub fn from_khz(khz: u64) -> Self {
        let khz = khz.max(1);
        // Normalise ticks per second into (10^9, 2 × 10^9], so that the factor is in [½, 1) and
        // uses all bits of the multiplier.
        let mut rate = u128::from(khz) * 1000;
        let mut shift = 0;
        while rate > 2 * u128::from(SECOND) {
            rate >>= 1;
            shift -= 1;
        }
        while rate <= u128::from(SECOND) {
            rate <<= 1;
            shift += 1;
        }
        let exact = if shift < 0 {
            (u128::from(SECOND) << 32 << -shift) / (u128::from(khz) * 1000)
        } else {
            (u128::from(SECOND) << 32) / rate
        };
        Self { khz, multiplier: exact as u32, shift }
    }

    /// The counter's rate in kHz.
    #[must_use]
    pub const fn khz(&self) -> u64 {
        self.khz
    }

    /// Nanoseconds in `ticks`, rounded down.
    #[must_use]
    pub fn nanos(&self, ticks: u64) -> u64 {
        let ticks = if self.shift < 0 { ticks >> -self.shift } else { ticks << self.shift };
        ((u128::from(ticks) * u128::from(self.multiplier)) >> 32) as u64
    }

    /// Least number of ticks that last at least `nanos`; `u64::MAX` for some centuries and more.
    #[must_use]
    pub fn ticks(&self, nanos: u64) -> u64 {
        // (nanos << 32) / multiplier, by hand: a division of 128 bits would be a long function.
        let multiplier = u64::from(self.multiplier);
        let (whole, rest) = (nanos / multiplier, nanos % multiplier);
        let ticks =
            whole.checked_mul(1 << 32).and_then(|whole| whole.checked_add((rest << 32).div_ceil(multiplier)));
        let ticks = match (ticks, self.shift) {
            (Some(ticks), shift @ ..0) => ticks.checked_mul(1 << -shift),
            (Some(ticks), shift) => Some(ticks.div_ceil(1 << shift)),
            (None, _) => None,
        };
        ticks.unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_second_of_ticks_is_a_second() {
        for khz in [1, 1_193, 200_000, 999_999, 1_000_000, 1_000_001, 2_596_000, 3_700_123, 20_000_000] {
            let nanos = TscScale::from_khz(khz).nanos(khz * 1000);
            assert!(SECOND.abs_diff(nanos) <= 4, "{khz} kHz: {nanos} ns");
        }
    }

    #[test]
    fn what_never_ends_has_as_many_ticks_as_there_can_be() {
        assert_eq!(TscScale::from_khz(10_000_000).ticks(u64::MAX), u64::MAX);
        assert_eq!(TscScale::from_khz(100_000).ticks(u64::MAX), u64::MAX);
    }

    proptest! {
        #[test]
        fn ticks_of_nanos_last_long_enough(khz in 1000_u64..10_000_000, nanos in 0_u64..1 << 50) {
            let scale = TscScale::from_khz(khz);
            let ticks = scale.ticks(nanos);
            prop_assert!(scale.nanos(ticks) >= nanos);
            // And no longer than needed: two ticks less are too short (one may round up).
            // What it is by definition.
            let exact = (u128::from(nanos) << 32).div_ceil(u128::from(scale.multiplier));
            let exact = if scale.shift < 0 { exact << -scale.shift } else { exact.div_ceil(1 << scale.shift) };
            prop_assert_eq!(u128::from(ticks), exact);
            let step = if scale.shift < 0 { 1 << -scale.shift } else { 1 };
            prop_assert!(ticks < 2 * step || scale.nanos(ticks - 2 * step) < nanos);
        }
    }
}
