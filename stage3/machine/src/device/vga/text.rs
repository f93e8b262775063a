//! What the display shows of the memory, in text modes.

use super::dac::Rgb;
use super::registers::{attribute, crtc, graphics, sequencer};
use super::{timing, Vga, GRAPHICS};

/// Where text is on a colour display (GPA).
pub(super) const COLOUR_WINDOW: u64 = 0xb_8000;
/// Where it is on a monochrome one.
const MONO_WINDOW: u64 = 0xb_0000;

/// Text that the display shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextMode {
    /// Where the memory of the text is (GPA): 16384 characters, each with an attribute.
    pub window: u64,
    /// Number of the first character of the first row.
    pub start: u16,
    /// Characters from one row to the next one.
    pub pitch: u16,
    /// Characters in a row.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
    /// The row from which on the memory is shown from its start, if it is one of the screen.
    pub split: Option<u16>,
    /// The cursor, if there is one.
    pub cursor: Option<Cursor>,
    /// Bit 7 of an attribute blinks; else it makes the background bright.
    pub blink: bool,
    /// Attributes have the meaning of a monochrome display: underlined instead of blue.
    pub mono: bool,
}

/// The cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Number of the character that it is at.
    pub location: u16,
    /// Its first line in the character.
    pub first_line: u8,
    /// Its last line.
    pub last_line: u8,
}

/// Where the processor sees text with this choice of window; None if it sees something else.
pub(super) const fn window(registers: &[u8; GRAPHICS]) -> Option<u64> {
    match registers[graphics::MISC] & graphics::MAP {
        graphics::MAP_MONO => Some(MONO_WINDOW),
        graphics::MAP_COLOUR => Some(COLOUR_WINDOW),
        _ => None,
    }
}

impl Vga {
    /// What the display shows; None if it is graphics, or switched off.
    #[must_use]
    pub fn text(&self) -> Option<TextMode> {
        let crtc = &self.crtc.registers;
        let mode = self.attribute.mode();
        if !self.is_lit() || !self.is_text() {
            return None;
        }
        let scan = crtc[crtc::MAX_SCAN_LINE];
        let double = if scan & crtc::DOUBLE_SCAN == 0 { 1 } else { 2 };
        let lines = (u64::from(scan & crtc::SCAN_LINES) + 1) * double;
        let rows = (timing::last_line(crtc) + 1) / lines;
        let split = self.line_compare() / lines + 1;
        Some(TextMode {
            window: self.text_window,
            start: self.word(crtc::START_ADDRESS),
            pitch: u16::from(crtc[crtc::OFFSET]) * 2,
            columns: u16::from(crtc[crtc::LAST_COLUMN]) + 1,
            rows: rows as u16,
            split: (split < rows).then_some(split as u16),
            cursor: self.cursor(),
            blink: mode & attribute::BLINK != 0,
            mono: mode & attribute::MONO != 0,
        })
    }

    /// Whether the display shows something: firmware switches it off while it changes the mode.
    #[must_use]
    pub fn is_lit(&self) -> bool {
        self.enabled
            && self.attribute.is_displaying()
            && self.sequencer.registers[sequencer::CLOCKING] & sequencer::SCREEN_OFF == 0
    }

    /// Whether it shows text, if it shows something.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.graphics.registers[graphics::MISC] & graphics::GRAPHICS_MODE == 0
            && self.attribute.mode() & attribute::GRAPHICS_MODE == 0
    }

    /// Red, green and blue (0 to 63) of the colour that bits 3:0 or 7:4 of an attribute name.
    #[must_use]
    pub fn colour(&self, pixel: u8) -> Rgb {
        self.dac.colour(self.attribute.colour(pixel))
    }

    fn cursor(&self) -> Option<Cursor> {
        let crtc = &self.crtc.registers;
        let first_line = crtc[crtc::CURSOR_START] & crtc::SCAN_LINES;
        let last_line = crtc[crtc::CURSOR_END] & crtc::SCAN_LINES;
        let is_on = crtc[crtc::CURSOR_START] & crtc::CURSOR_OFF == 0 && first_line <= last_line;
        is_on.then(|| Cursor { location: self.word(crtc::CURSOR_LOCATION), first_line, last_line })
    }

    /// The line behind which the memory is shown from its start.
    fn line_compare(&self) -> u64 {
        let crtc = &self.crtc.registers;
        let bit = |register: usize, mask: u8| u64::from(crtc[register] & mask != 0);
        u64::from(crtc[crtc::LINE_COMPARE])
            | bit(crtc::OVERFLOW, crtc::LINE_COMPARE_8) << 8
            | bit(crtc::MAX_SCAN_LINE, crtc::LINE_COMPARE_9) << 9
    }

    /// A register of two bytes, the upper one first.
    fn word(&self, register: usize) -> u16 {
        u16::from_be_bytes([self.crtc.registers[register], self.crtc.registers[register + 1]])
    }
}
