//! The display adapter: the registers of a VGA (IBM PS/2 Hardware Interface Technical Reference, "Video
//! Subsystem"), as far as text needs them.
//!
//! The adapter has no memory of its own here: all of the VGA window is plain guest memory, so programs that
//! draw text cause no exits. Text is where the graphics controller maps it, at B8000h or B0000h, with
//! character and attribute in turn: the memory looks to the display as it looks to the processor. Fonts that
//! a program loads into plane 2 through A0000h end in memory that nothing shows. Planes, their write modes
//! and graphics are not there; [`Vga::text`] says whether the display shows text.

mod attribute;
mod dac;
mod registers;
#[cfg(test)]
mod tests;
mod text;
mod timing;

pub use text::{Cursor, TextMode};

use crate::time::Instant;
use attribute::Attribute;
use dac::Dac;
use registers::{crtc, misc, port, sequencer, status, FIRMWARE, MASKS};

/// The ports of a VGA: those with B in the middle answer with a monochrome display, those with D with a
/// colour one.
pub const PORTS: [core::ops::Range<u16>; 5] =
    [0x3b4..0x3b6, 0x3ba..0x3bb, 0x3c0..0x3d0, 0x3d4..0x3d6, 0x3da..0x3db];

/// Registers behind an index: CRT controller, sequencer, graphics controller.
const CRTC: usize = 25;
const SEQUENCER: usize = 5;
const GRAPHICS: usize = 9;

/// What an absent register or port reads as.
const FLOATING: u8 = 0xff;

/// A group of registers behind an index.
#[derive(Clone, Debug)]
struct Indexed<const N: usize> {
    index: u8,
    registers: [u8; N],
}

impl<const N: usize> Indexed<N> {
    const fn new(registers: [u8; N]) -> Self {
        Self { index: 0, registers }
    }

    /// The register that the index selects; those that do not exist read as zero.
    fn read(&self) -> u8 {
        self.registers.get(usize::from(self.index)).copied().unwrap_or(0)
    }

    /// Sets those bits of it that `masks` has.
    fn write_masked(&mut self, value: u8, masks: &[u8; N]) {
        let mask = masks.get(usize::from(self.index)).copied().unwrap_or(0);
        self.write(value, mask);
    }

    /// Sets the bits of `mask` in it.
    fn write(&mut self, value: u8, mask: u8) {
        if let Some(register) = self.registers.get_mut(usize::from(self.index)) {
            *register = (*register & !mask) | (value & mask);
        }
    }
}

/// The adapter.
#[derive(Clone, Debug)]
pub struct Vga {
    misc: u8,
    enabled: bool,
    crtc: Indexed<CRTC>,
    sequencer: Indexed<SEQUENCER>,
    graphics: Indexed<GRAPHICS>,
    attribute: Attribute,
    dac: Dac,
    feature: u8,
    /// Where the processor saw text last: fonts are loaded while the window is elsewhere.
    text_window: u64,
}

impl Default for Vga {
    fn default() -> Self {
        Self::new()
    }
}

impl Vga {
    /// The adapter as its firmware leaves it: 80 by 25 characters in colour.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            misc: FIRMWARE.misc,
            enabled: true,
            crtc: Indexed::new(FIRMWARE.crtc),
            sequencer: Indexed::new(FIRMWARE.sequencer),
            graphics: Indexed::new(FIRMWARE.graphics),
            attribute: Attribute::new(),
            dac: Dac::new(),
            feature: 0,
            text_window: text::COLOUR_WINDOW,
        }
    }

    /// Reads `port`.
    pub fn read(&mut self, now: Instant, port: u16) -> u8 {
        match self.decode(port) {
            port::ATTRIBUTE => self.attribute.index(),
            port::ATTRIBUTE_DATA => self.attribute.read(),
            port::STATUS_0 => status::SENSE,
            port::ENABLE => u8::from(self.enabled),
            port::SEQUENCER => self.sequencer.index,
            port::SEQUENCER_DATA => self.sequencer.read(),
            port::DAC_MASK => self.dac.mask,
            port::DAC_STATE => self.dac.state(),
            port::DAC_INDEX => self.dac.index(),
            port::DAC_DATA => self.dac.read(),
            port::FEATURE => self.feature,
            port::MISC => self.misc,
            port::GRAPHICS => self.graphics.index,
            port::GRAPHICS_DATA => self.graphics.read(),
            port::CRTC => self.crtc.index,
            port::CRTC_DATA => self.crtc.read(),
            port::STATUS_1 => {
                self.attribute.expect_index();
                self.status_1(now)
            }
            _ => FLOATING,
        }
    }

    /// Writes `port`.
    pub fn write(&mut self, port: u16, value: u8) {
        match self.decode(port) {
            port::ATTRIBUTE => self.attribute.write(value),
            // Written here, read at `port::MISC`.
            port::STATUS_0 => self.misc = value,
            port::ENABLE => self.enabled = value & 1 != 0,
            port::SEQUENCER => self.sequencer.index = value & 0b111,
            port::SEQUENCER_DATA => self.sequencer.write_masked(value, &MASKS.sequencer),
            port::DAC_MASK => self.dac.mask = value,
            port::DAC_STATE => self.dac.start_read(value),
            port::DAC_INDEX => self.dac.start_write(value),
            port::DAC_DATA => self.dac.write(value),
            port::GRAPHICS => self.graphics.index = value & 0b1111,
            port::GRAPHICS_DATA => {
                self.graphics.write_masked(value, &MASKS.graphics);
                self.text_window = text::window(&self.graphics.registers).unwrap_or(self.text_window);
            }
            port::CRTC => self.crtc.index = value & 0b1_1111,
            port::CRTC_DATA => {
                let mask = self.crtc_mask();
                self.crtc.write(value, mask);
            }
            // Feature control is written where status 1 is read.
            port::STATUS_1 => self.feature = value,
            _ => {}
        }
    }

    /// The port as on a colour display, with the twin of the other kind of display hidden.
    const fn decode(&self, port: u16) -> u16 {
        let is_colour = self.misc & misc::COLOUR != 0;
        match port {
            0x3b0..=0x3bf if is_colour => port::NONE,
            0x3b0..=0x3bf => port + 0x20,
            0x3d0..=0x3df if !is_colour => port::NONE,
            _ => port,
        }
    }

    /// The bits of the selected register that can be written: the timing of the display may be protected.
    fn crtc_mask(&self) -> u8 {
        let is_protected = self.crtc.registers[crtc::RETRACE_END] & crtc::PROTECT != 0;
        match usize::from(self.crtc.index) {
            crtc::OVERFLOW if is_protected => crtc::LINE_COMPARE_8,
            0..crtc::OVERFLOW if is_protected => 0,
            _ => u8::MAX,
        }
    }

    fn status_1(&self, now: Instant) -> u8 {
        let clocking = self.sequencer.registers[sequencer::CLOCKING];
        let position = timing::position(&self.crtc.registers, clocking, self.misc, now);
        let hidden = if position.is_shown { 0 } else { status::DISPLAY_OFF };
        let retrace = if position.in_vertical_retrace { status::VERTICAL_RETRACE } else { 0 };
        hidden | retrace
    }
}
