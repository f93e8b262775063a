//! One 8259A.

use super::words::{icw1, icw4, ocw2, ocw3};

/// Bits that hold an interrupt level.
const LEVEL: u8 = 7;
/// Level of the spurious interrupt, and lowest priority after ICW1.
const LAST: u8 = 7;
/// Poll byte: there is an interrupt, its level in bits 2:0.
const POLL_INTERRUPT: u8 = 1 << 7;

/// What the next write with A0 = 1 is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Ocw1,
    Icw2,
    Icw3,
    Icw4,
}

/// State of one chip. A level is 0 to 7 everywhere; masks have bit n for level n.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "they are flip-flops of the chip, each on its own")]
pub(super) struct Chip {
    /// Levels of the input pins.
    lines: u8,
    /// Rising edges not yet acknowledged, of pins that are still high.
    edges: u8,
    /// Lines that the edge/level register makes level-triggered.
    level_lines: u8,
    in_service: u8,
    mask: u8,
    /// The level with the lowest priority; the one after it has the highest.
    lowest: u8,
    expect: Expect,
    icw1: u8,
    icw2: u8,
    icw3: u8,
    icw4: u8,
    special_mask: bool,
    rotate_in_auto_eoi: bool,
    read_in_service: bool,
    poll: bool,
}

impl Chip {
    pub(super) const fn new() -> Self {
        Self {
            lines: 0,
            edges: 0,
            level_lines: 0,
            in_service: 0,
            mask: u8::MAX,
            lowest: LAST,
            expect: Expect::Ocw1,
            icw1: 0,
            icw2: 0,
            icw3: 0,
            icw4: icw4::UPM,
            special_mask: false,
            rotate_in_auto_eoi: false,
            read_in_service: false,
            poll: false,
        }
    }

    /// The read that poll mode is for.
    pub(super) fn poll(&mut self) -> u8 {
        self.poll = false;
        self.acknowledge().map_or(0, |level| POLL_INTERRUPT | level)
    }

    pub(super) const fn read(&self, a0: bool) -> u8 {
        if a0 {
            self.mask
        } else if self.read_in_service {
            self.in_service
        } else {
            self.requests()
        }
    }

    /// Whether the next read is an acknowledge cycle.
    pub(super) const fn polls(&self) -> bool {
        self.poll
    }

    pub(super) fn write(&mut self, a0: bool, value: u8) {
        if a0 {
            self.write_sequence(value);
        } else if value & icw1::MARKER != 0 {
            self.initialize(value);
        } else if value & ocw3::MARKER != 0 {
            self.ocw3(value);
        } else {
            self.ocw2(value);
        }
    }

    /// ICW1: what it resets is the list under "Initialization Command Words 1 and 2". The in-service
    /// register is not on it but no chip comes out of it with bits set.
    fn initialize(&mut self, icw1: u8) {
        let (lines, level_lines) = (self.lines, self.level_lines);
        *self = Self { lines, level_lines, mask: 0, icw1, icw3: LAST, icw4: 0, ..Self::new() };
        self.expect = Expect::Icw2;
    }

    fn write_sequence(&mut self, value: u8) {
        let after_icw3 = if self.icw1 & icw1::IC4 == 0 { Expect::Ocw1 } else { Expect::Icw4 };
        self.expect = match self.expect {
            Expect::Ocw1 => {
                self.mask = value;
                Expect::Ocw1
            }
            Expect::Icw2 => {
                self.icw2 = value;
                if self.single() {
                    after_icw3
                } else {
                    Expect::Icw3
                }
            }
            Expect::Icw3 => {
                self.icw3 = value;
                after_icw3
            }
            Expect::Icw4 => {
                self.icw4 = value;
                Expect::Ocw1
            }
        };
    }

    fn ocw2(&mut self, value: u8) {
        let level = value & LEVEL;
        let rotate = value & ocw2::R != 0;
        match (value & ocw2::EOI != 0, value & ocw2::SL != 0) {
            (true, true) => {
                self.in_service &= !(1 << level);
                if rotate {
                    self.lowest = level;
                }
            }
            (true, false) => {
                // In special mask mode a masked level is not ended by a non-specific EOI.
                if let Some(level) = self.first(self.inhibiting()) {
                    self.in_service &= !(1 << level);
                    if rotate {
                        self.lowest = level;
                    }
                }
            }
            (false, true) => {
                if rotate {
                    self.lowest = level;
                }
            }
            (false, false) => self.rotate_in_auto_eoi = rotate,
        }
    }

    fn ocw3(&mut self, value: u8) {
        if value & ocw3::ESMM != 0 {
            self.special_mask = value & ocw3::SMM != 0;
        }
        if value & ocw3::POLL != 0 {
            self.poll = true;
        } else if value & ocw3::RR != 0 {
            self.read_in_service = value & ocw3::RIS != 0;
        }
    }

    pub(super) fn set_line(&mut self, level: u8, high: bool) {
        let bit = 1 << (level & LEVEL);
        if !high {
            self.lines &= !bit;
            self.edges &= !bit;
        } else if self.lines & bit == 0 {
            self.lines |= bit;
            self.edges |= bit;
        }
    }

    pub(super) const fn level_lines(&self) -> u8 {
        self.level_lines
    }

    pub(super) const fn set_level_lines(&mut self, lines: u8) {
        self.level_lines = lines;
    }

    /// The interrupt request register. An edge counts as long as its line stays high.
    const fn requests(&self) -> u8 {
        let level_triggered = if self.icw1 & icw1::LTIM != 0 { u8::MAX } else { self.level_lines };
        (self.lines & level_triggered) | (self.edges & !level_triggered)
    }

    /// In-service bits that hold back requests.
    const fn inhibiting(&self) -> u8 {
        if self.special_mask {
            self.in_service & !self.mask
        } else {
            self.in_service
        }
    }

    /// 0 for the highest priority, 7 for the lowest.
    const fn rank(&self, level: u8) -> u8 {
        level.wrapping_sub(self.lowest).wrapping_sub(1) & LEVEL
    }

    /// The level with the highest priority among `bits`.
    const fn first(&self, bits: u8) -> Option<u8> {
        if bits == 0 {
            return None;
        }
        let highest = (self.lowest + 1) & LEVEL;
        let rank = bits.rotate_right(highest as u32).trailing_zeros() as u8;
        Some((highest + rank) & LEVEL)
    }

    /// The INT output: the level that asks for service.
    pub(super) fn int(&self) -> Option<u8> {
        if self.expect != Expect::Ocw1 {
            return None;
        }
        let level = self.first(self.requests() & !self.mask)?;
        let Some(serving) = self.first(self.inhibiting()) else {
            return Some(level);
        };
        // In special fully nested mode a slave may interrupt its own service.
        let nested = level == serving && self.icw4 & icw4::SFNM != 0 && self.has_slave(level);
        (self.rank(level) < self.rank(serving) || nested).then_some(level)
    }

    /// One acknowledge cycle, up to the choice of the level; `None` is the spurious interrupt.
    pub(super) fn acknowledge(&mut self) -> Option<u8> {
        let level = self.int()?;
        self.edges &= !(1 << level);
        if self.icw4 & icw4::AEOI == 0 {
            self.in_service |= 1 << level;
        } else if self.rotate_in_auto_eoi {
            self.lowest = level;
        }
        Some(level)
    }

    /// The byte that the chip drives for `level`: a vector, or in MCS-80 mode the lower half of a call
    /// address, which an x86 CPU takes for the vector.
    pub(super) fn vector(&self, level: Option<u8>) -> u8 {
        let level = level.unwrap_or(LAST);
        if self.icw4 & icw4::UPM != 0 {
            (self.icw2 & !LEVEL) | level
        } else if self.icw1 & icw1::ADI != 0 {
            (self.icw1 & icw1::ADDRESS_BY_4) | (level << 2)
        } else {
            (self.icw1 & icw1::ADDRESS_BY_8) | (level << 3)
        }
    }

    const fn single(&self) -> bool {
        self.icw1 & icw1::SNGL != 0
    }

    /// As master: a slave answers for `level`.
    pub(super) const fn has_slave(&self, level: u8) -> bool {
        !self.single() && self.icw3 & (1 << level) != 0
    }

    /// As slave: this chip answers when the master calls for `level`.
    pub(super) const fn is_slave_at(&self, level: u8) -> bool {
        self.icw3 & LEVEL == level
    }

    pub(super) const fn masks(&self, level: u8) -> bool {
        self.mask & (1 << level) != 0
    }

    pub(super) const fn awaits(&self, level: u8) -> bool {
        (self.mask | self.requests()) & (1 << (level & LEVEL)) == 0
    }
}
