//! The reset control register CF9h (Intel datasheet 290562, "82371AB PIIX4"; ICH adds the full reset).
//!
//! It lies inside the four bytes of the PCI configuration address register CF8h, which only takes
//! accesses of 32 bits: the board forwards single bytes only.

/// A reset is a hard one.
const SYSTEM_RESET: u8 = 1 << 1;
/// Rising, it resets.
const RESET_CPU: u8 = 1 << 2;
/// A hard reset also cycles the power.
const FULL_RESET: u8 = 1 << 3;

/// The register.
#[derive(Clone, Debug, Default)]
pub struct ResetControl {
    value: u8,
}

impl ResetControl {
    /// Reads it.
    #[must_use]
    pub const fn read(&self) -> u8 {
        self.value
    }

    /// Writes it; gives whether that resets. Soft (INIT) and hard resets lead to the same for a VM.
    pub fn write(&mut self, value: u8) -> bool {
        let reset = value & !self.value & RESET_CPU != 0;
        self.value = value & (SYSTEM_RESET | RESET_CPU | FULL_RESET);
        reset
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn resets_on_the_rising_bit_only() {
        let mut control = ResetControl::default();
        assert!(!control.write(SYSTEM_RESET));
        assert_eq!(control.read(), SYSTEM_RESET);
        assert!(control.write(SYSTEM_RESET | RESET_CPU));
        assert!(!control.write(SYSTEM_RESET | RESET_CPU));
        assert!(!control.write(0));
        assert!(control.write(RESET_CPU));
        control.write(0xff);
        assert_eq!(control.read(), SYSTEM_RESET | RESET_CPU | FULL_RESET);
    }

    proptest! {
        #[test]
        fn only_the_rising_bit_2_resets(values in prop::collection::vec(any::<u8>(), 1..50)) {
            let (mut control, mut last) = (ResetControl::default(), 0);
            for value in values {
                prop_assert_eq!(control.write(value), value & 4 > last & 4);
                prop_assert_eq!(control.read(), value & 0b1110);
                last = value;
            }
        }
    }
}
