//! A guest's text screen: what a person would see on its display.
//!
//! [`Picture`] is the screen at a moment, made of the adapter's registers and memory. [`Painter`] keeps a
//! terminal showing it.

mod characters;
mod colours;
mod painter;
#[cfg(test)]
mod tests;

pub use painter::{Painter, LEAVE};

use crate::device::vga::{TextMode, Vga};
use crate::memory::{Gpa, GuestMemory};
use alloc::vec;
use alloc::vec::Vec;

/// Columns that are shown at most.
pub const MAX_COLUMNS: usize = 132;
/// Rows that are shown at most.
pub const MAX_ROWS: usize = 60;
/// Shown instead of graphics.
const GRAPHICS: &[u8] = b"(The guest's display is in a graphics mode, which is not shown.)";

/// One place of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The character in code page 437.
    pub character: u8,
    /// Red, green, blue and bright in the order of an attribute: bit 0 is blue, bit 3 bright.
    pub foreground: u8,
    /// The same for the background.
    pub background: u8,
    /// It blinks.
    pub blinks: bool,
    /// It is underlined.
    pub underlined: bool,
}

impl Cell {
    /// Nothing on black.
    pub const BLANK: Self =
        Self { character: b' ', foreground: 7, background: 0, blinks: false, underlined: false };

    /// As the memory of a VGA in colour holds it: character and attribute. A bright background becomes a
    /// plain one, since its bit means blinking there.
    #[must_use]
    pub const fn to_vga(self) -> u16 {
        let attribute = self.foreground | (self.background & 7) << 4 | (self.blinks as u8) << 7;
        u16::from_le_bytes([self.character, attribute])
    }
}

/// The screen at a moment.
#[derive(Clone, Debug)]
pub struct Picture {
    columns: usize,
    rows: usize,
    cells: Vec<Cell>,
    cursor: Option<(usize, usize)>,
}

impl Default for Picture {
    fn default() -> Self {
        Self::new()
    }
}

impl Picture {
    /// A blank screen. All memory that it will ever need is taken here.
    #[must_use]
    pub fn new() -> Self {
        Self { columns: 80, rows: 25, cells: vec![Cell::BLANK; MAX_COLUMNS * MAX_ROWS], cursor: None }
    }

    /// Columns and rows.
    #[must_use]
    pub const fn size(&self) -> (usize, usize) {
        (self.columns, self.rows)
    }

    /// Row and column of the cursor, if there is one on the screen.
    #[must_use]
    pub const fn cursor(&self) -> Option<(usize, usize)> {
        self.cursor
    }

    /// A row's cells.
    #[must_use]
    pub fn row(&self, row: usize) -> &[Cell] {
        &self.cells[row * self.columns..][..self.columns]
    }

    /// Whether there is nothing to see.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        let cells = &self.cells[..self.columns * self.rows];
        cells.iter().all(|cell| *cell == Cell::BLANK)
    }

    /// Looks at the display.
    pub fn look(&mut self, vga: &Vga, memory: &dyn GuestMemory) {
        match vga.text() {
            Some(text) => self.look_at_text(&text, vga, memory),
            None => self.look_at_nothing(vga.is_lit()),
        }
    }

    /// A dark screen, or one with graphics.
    fn look_at_nothing(&mut self, has_graphics: bool) {
        self.cursor = None;
        self.cells.fill(Cell::BLANK);
        if has_graphics {
            for (cell, character) in self.cells.iter_mut().zip(GRAPHICS) {
                cell.character = *character;
            }
        }
    }

    fn look_at_text(&mut self, text: &TextMode, vga: &Vga, memory: &dyn GuestMemory) {
        self.columns = usize::from(text.columns).min(MAX_COLUMNS);
        self.rows = usize::from(text.rows).clamp(1, MAX_ROWS);
        let colours = colours::table(vga);
        let mut bytes = [0; 2 * MAX_COLUMNS];
        for row in 0..self.rows {
            let bytes = &mut bytes[..2 * self.columns];
            read(memory, text.window, first_of(text, row), bytes);
            let cells = &mut self.cells[row * self.columns..][..self.columns];
            for (cell, pair) in cells.iter_mut().zip(bytes.chunks_exact(2)) {
                *cell = decode(pair[0], pair[1], text, &colours);
            }
        }
        self.cursor = self.find_cursor(text);
    }

    fn find_cursor(&self, text: &TextMode) -> Option<(usize, usize)> {
        let location = text.cursor?.location;
        (0..self.rows).find_map(|row| {
            let column = usize::from(location.wrapping_sub(first_of(text, row)));
            (column < self.columns).then_some((row, column))
        })
    }
}

/// Number of the first character of a row.
fn first_of(text: &TextMode, row: usize) -> u16 {
    let (start, row) = match text.split {
        Some(split) if row >= split.into() => (0, row - usize::from(split)),
        _ => (text.start, row),
    };
    start.wrapping_add((row as u16).wrapping_mul(text.pitch))
}

/// Bytes of the window that holds the text.
const WINDOW: usize = 0x8000;

/// Reads characters from the `first` one on. The window is a ring.
fn read(memory: &dyn GuestMemory, window: u64, first: u16, bytes: &mut [u8]) {
    let offset = usize::from(first) * 2 % WINDOW;
    let (before, after) = bytes.split_at_mut(bytes.len().min(WINDOW - offset));
    let start = Gpa(window + offset as u64);
    if memory.read(start, before).and_then(|()| memory.read(Gpa(window), after)).is_err() {
        // No VM with a VGA lacks this memory.
        bytes.fill(0);
    }
}

fn decode(character: u8, attribute: u8, text: &TextMode, colours: &[u8; 16]) -> Cell {
    let (foreground, background) = (attribute & 0b1111, attribute >> 4);
    let blinks = text.blink && background & 0b1000 != 0;
    let background = if text.blink { background & 0b111 } else { background };
    // A monochrome display underlines where a colour one shows blue.
    let underlined = text.mono && foreground & 0b111 == 1;
    let colour = |pixel: u8| colours[usize::from(pixel)];
    // Where no dot of the character is set, nothing but the background shows.
    if matches!(character, 0 | b' ' | 0xff) && !underlined {
        return Cell { background: colour(background), ..Cell::BLANK };
    }
    Cell { character, foreground: colour(foreground), background: colour(background), blinks, underlined }
}
