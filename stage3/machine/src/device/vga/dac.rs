//! The palette: 256 colours of 18 bits, each written and read as three bytes.

/// A colour: red, green and blue, 0 to 63.
pub type Rgb = [u8; 3];

/// Bits of each part of a colour.
const BITS: u8 = 0b11_1111;
/// State: colours are being read.
const READING: u8 = 0b11;
/// How strong a part of a default colour is, by the bit for 2/3 and the one for 1/3.
const LEVELS: [u8; 4] = [0, 21, 42, 63];

/// The palette and where the processor is in it.
#[derive(Clone, Debug)]
pub(super) struct Dac {
    pub mask: u8,
    colours: [Rgb; 256],
    read_index: u8,
    write_index: u8,
    part: u8,
    is_reading: bool,
}

impl Dac {
    /// The colours that firmware sets for text: the first 64 are all combinations of two bits for each part.
    pub(super) const fn new() -> Self {
        let mut colours = [[0; 3]; 256];
        let mut index = 0;
        while index < 64 {
            let mut part = 0;
            while part < 3 {
                // Bits 2, 1, 0 are red, green and blue with 2/3, bits 5, 4, 3 with 1/3.
                let strong = (index >> (2 - part)) & 1;
                let weak = (index >> (5 - part)) & 1;
                colours[index][part] = LEVELS[strong << 1 | weak];
                part += 1;
            }
            index += 1;
        }
        Self { mask: u8::MAX, colours, read_index: 0, write_index: 0, part: 0, is_reading: false }
    }

    pub(super) const fn state(&self) -> u8 {
        if self.is_reading {
            READING
        } else {
            0
        }
    }

    pub(super) const fn index(&self) -> u8 {
        self.write_index
    }

    pub(super) fn start_read(&mut self, index: u8) {
        (self.read_index, self.part, self.is_reading) = (index, 0, true);
    }

    pub(super) fn start_write(&mut self, index: u8) {
        (self.write_index, self.part, self.is_reading) = (index, 0, false);
    }

    pub(super) fn read(&mut self) -> u8 {
        let value = self.colours[usize::from(self.read_index)][usize::from(self.part)];
        self.read_index = self.read_index.wrapping_add(self.step());
        value
    }

    pub(super) fn write(&mut self, value: u8) {
        self.colours[usize::from(self.write_index)][usize::from(self.part)] = value & BITS;
        self.write_index = self.write_index.wrapping_add(self.step());
    }

    /// The colour with this number.
    pub(super) fn colour(&self, number: u8) -> Rgb {
        self.colours[usize::from(number & self.mask)]
    }

    /// Goes to the next part; gives how many colours that is further.
    fn step(&mut self) -> u8 {
        self.part = (self.part + 1) % 3;
        u8::from(self.part == 0)
    }
}
