//! System control ports 61h and 92h (Intel datasheet 290562, "82371AB PIIX4", NMI Status and Control
//! register; IBM PS/2 Hardware Interface Technical Reference, System Control Port A), and the latch
//! behind the POST code port 80h.

use super::pit::{Pit, SPEAKER};
use crate::time::Instant;

/// Port 61h: gate of the speaker's counter.
const GATE: u8 = 1 << 0;
/// Port 61h bits 3:0 are kept: gate, speaker data, parity and channel check disable.
const CONTROL_BITS: u8 = 0b1111;
/// Port 61h: toggles with each memory refresh.
const REFRESH: u8 = 1 << 4;
/// Port 61h: OUT of the speaker's counter.
const SPEAKER_OUT: u8 = 1 << 5;
/// Nanoseconds between memory refreshes: 18 ticks of the timer's clock.
const REFRESH_NANOS: u64 = 15_085;

/// Port 92h: rising, it resets the processor.
const FAST_RESET: u8 = 1 << 0;
/// Port 92h: address line 20 enabled.
const A20: u8 = 1 << 1;

/// Ports 61h, 80h and 92h.
#[derive(Clone, Debug)]
pub struct SystemControl {
    port_b: u8,
    port_a: u8,
    post_code: u8,
}

impl Default for SystemControl {
    fn default() -> Self {
        Self::new()
    }
}

impl SystemControl {
    /// Power-on state, with A20 enabled.
    #[must_use]
    pub const fn new() -> Self {
        Self { port_b: 0, port_a: A20, post_code: 0 }
    }

    /// Reads port 61h.
    #[must_use]
    pub fn read_port_b(&self, now: Instant, pit: &Pit) -> u8 {
        let refresh = if now.0 / REFRESH_NANOS % 2 == 1 { REFRESH } else { 0 };
        let out = if pit.out(SPEAKER, now) { SPEAKER_OUT } else { 0 };
        self.port_b | refresh | out
    }

    /// Writes port 61h; gives the level of the speaker counter's gate.
    pub fn write_port_b(&mut self, value: u8) -> bool {
        self.port_b = value & CONTROL_BITS;
        value & GATE != 0
    }

    /// Reads port 92h.
    #[must_use]
    pub const fn read_port_a(&self) -> u8 {
        self.port_a
    }

    /// Writes port 92h; gives whether that resets the processor.
    pub fn write_port_a(&mut self, value: u8) -> bool {
        let reset = value & !self.port_a & FAST_RESET != 0;
        self.port_a = value & (FAST_RESET | A20);
        reset
    }

    /// Reads port 80h: the last POST code.
    #[must_use]
    pub const fn post_code(&self) -> u8 {
        self.post_code
    }

    /// Writes port 80h. Many programs do, only to let a microsecond pass.
    pub fn set_post_code(&mut self, code: u8) {
        self.post_code = code;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn port_61_shows_control_bits_refresh_and_speaker_output() {
        let mut control = SystemControl::new();
        let (control_port, low) = (3, 0b1011_0000);
        let mut pit = Pit::new();
        pit.write(Instant(0), control_port, low);
        assert!(control.write_port_b(0xff));
        assert_eq!(control.read_port_b(Instant(0), &pit), 0x0f);
        assert_eq!(control.read_port_b(Instant(REFRESH_NANOS - 1), &pit), 0x0f);
        assert_eq!(control.read_port_b(Instant(REFRESH_NANOS), &pit), 0x1f);
        assert_eq!(control.read_port_b(Instant(2 * REFRESH_NANOS), &pit), 0x0f);
        assert!(!control.write_port_b(0xfe));
        let high = 0b1011_0110;
        pit.write(Instant(0), control_port, high);
        assert_eq!(control.read_port_b(Instant(0), &pit), 0x2e);
    }

    #[test]
    fn port_92_resets_on_the_rising_bit_and_remembers_a20() {
        let mut control = SystemControl::new();
        assert_eq!(control.read_port_a(), A20);
        assert!(!control.write_port_a(0xfc));
        assert_eq!(control.read_port_a(), 0);
        assert!(control.write_port_a(FAST_RESET | A20));
        assert!(!control.write_port_a(FAST_RESET));
        assert!(!control.write_port_a(0));
        assert!(control.write_port_a(FAST_RESET));
    }

    proptest! {
        /// Whatever is written: the control bits are read back, and only a rising bit 0 of port 92h resets.
        #[test]
        fn ports_keep_what_they_have(writes in prop::collection::vec((any::<bool>(), any::<u8>()), 1..50), now in any::<u64>()) {
            let (mut control, pit) = (SystemControl::new(), Pit::new());
            let (mut port_a, mut port_b) = (2, 0);
            for (is_a, value) in writes {
                if is_a {
                    prop_assert_eq!(control.write_port_a(value), value & 1 > port_a & 1);
                    port_a = value & 3;
                } else {
                    prop_assert_eq!(control.write_port_b(value), value & 1 != 0);
                    port_b = value & 0xf;
                }
                prop_assert_eq!(control.read_port_a(), port_a);
                prop_assert_eq!(control.read_port_b(Instant(now), &pit) & 0xcf, port_b);
            }
        }
    }
}
