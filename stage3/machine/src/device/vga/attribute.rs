//! The attribute controller: its palette makes colours of attributes. Index and data share a port, in turn.

use super::registers::{attribute, FIRMWARE, MASKS};

const REGISTERS: usize = 21;

/// The controller.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    index: u8,
    /// The next write is data.
    expects_data: bool,
    pub registers: [u8; REGISTERS],
}

impl Attribute {
    pub(super) const fn new() -> Self {
        Self { index: attribute::DISPLAY, expects_data: false, registers: FIRMWARE.attribute }
    }

    /// The next write is an index: so says a read of input status 1.
    pub(super) fn expect_index(&mut self) {
        self.expects_data = false;
    }

    pub(super) const fn index(&self) -> u8 {
        self.index
    }

    pub(super) fn read(&self) -> u8 {
        self.registers.get(self.selected()).copied().unwrap_or(0)
    }

    pub(super) fn write(&mut self, value: u8) {
        if self.expects_data {
            let selected = self.selected();
            if let (Some(register), Some(mask)) =
                (self.registers.get_mut(selected), MASKS.attribute.get(selected))
            {
                *register = value & mask;
            }
        } else {
            self.index = value & 0b11_1111;
        }
        self.expects_data = !self.expects_data;
    }

    /// Whether the palette is for the display: else the screen is blank.
    pub(super) const fn is_displaying(&self) -> bool {
        self.index & attribute::DISPLAY != 0
    }

    pub(super) const fn mode(&self) -> u8 {
        self.registers[attribute::MODE]
    }

    /// The number of the colour that `pixel` (0 to 15) has in the [`super::dac::Dac`].
    pub(super) fn colour(&self, pixel: u8) -> u8 {
        let pixel = pixel & self.registers[attribute::PLANE_ENABLE] & 0b1111;
        let colour = self.registers[usize::from(pixel)];
        let select = self.registers[attribute::COLOUR_SELECT];
        let low = if self.mode() & attribute::SELECT_5_4 == 0 {
            colour
        } else {
            (colour & 0b1111) | (select & 0b11) << 4
        };
        low | (select & 0b1100) << 4
    }

    fn selected(&self) -> usize {
        usize::from(self.index & !attribute::DISPLAY)
    }
}
