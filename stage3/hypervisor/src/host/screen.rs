//! The VGA text screen: 80 × 25 characters at HPA B8000h.
//!
//! Text is kept in ordinary memory and copied to the screen now and then, since video memory is slow and a
//! scroll rewrites all of it.
//!
//! It shows either the console or a guest's screen: what came last.

use machine::screen::Picture;

const COLUMNS: usize = 80;
const ROWS: usize = 25;
/// HPA of the colour text buffer.
const VIDEO_MEMORY: usize = 0xb_8000;
/// Light grey on black.
const ATTRIBUTE: u16 = 0x07 << 8;
const BLANK: u16 = ATTRIBUTE | b' ' as u16;
/// CRT controller: index port; data is the next one.
const CRTC: u16 = 0x3d4;
/// CRT controller registers 0Eh and 0Fh: the cursor's position.
const CURSOR_HIGH: u8 = 0x0e;
/// See [`CURSOR_HIGH`].
const CURSOR_LOW: u8 = 0x0f;

/// Where in an escape sequence the text is. Sequences are swallowed: the screen shows plain text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    None,
    Started,
    Parameters,
}

/// Where the cursor is not seen.
const NOWHERE: usize = COLUMNS * ROWS;

/// A guest's screen.
struct Guest {
    cells: [u16; COLUMNS * ROWS],
    cursor: usize,
    is_in_front: bool,
}

/// The screen's contents and cursor.
pub struct Screen {
    guest: Guest,
    cells: [u16; COLUMNS * ROWS],
    column: usize,
    row: usize,
    escape: Escape,
    changed: bool,
}

impl Screen {
    /// Takes the screen over as it stands: stage 2's messages stay visible.
    pub fn new() -> Self {
        let mut cells = [BLANK; COLUMNS * ROWS];
        for (index, cell) in cells.iter_mut().enumerate() {
            // SAFETY: BootInfo says that the display is in text mode, so these are 4,000 bytes of video
            // memory, mapped one to one.
            *cell =
                unsafe { core::ptr::with_exposed_provenance::<u16>(VIDEO_MEMORY).add(index).read_volatile() };
        }
        let used = cells.iter().rposition(|cell| *cell & 0xff != u16::from(b' ') && *cell & 0xff != 0);
        let guest = Guest { cells: [BLANK; COLUMNS * ROWS], cursor: NOWHERE, is_in_front: false };
        let mut screen = Self { guest, cells, column: 0, row: 0, escape: Escape::None, changed: true };
        screen.row = used.map_or(0, |last| last / COLUMNS + 1);
        screen.scroll_into_view();
        screen
    }

    /// Writes one byte of terminal output.
    pub fn write(&mut self, byte: u8) {
        self.changed |= !self.guest.is_in_front;
        match (self.escape, byte) {
            (_, 0x1b) => self.escape = Escape::Started,
            (Escape::Started, b'[') => self.escape = Escape::Parameters,
            (Escape::Started, _) | (Escape::Parameters, b'@'..=b'~') => self.escape = Escape::None,
            (Escape::None, b'\n') => self.row += 1,
            (Escape::None, b'\r') => self.column = 0,
            (Escape::None, 0x08) => self.column = self.column.saturating_sub(1),
            (Escape::None, b'\t') => self.column = (self.column + 8) & !7,
            (Escape::None, b' '..) => {
                self.cells[self.row * COLUMNS + self.column] = ATTRIBUTE | u16::from(byte);
                self.column += 1;
            }
            _ => {}
        }
        if self.column >= COLUMNS {
            self.column = 0;
            self.row += 1;
        }
        self.scroll_into_view();
    }

    fn scroll_into_view(&mut self) {
        while self.row >= ROWS {
            self.cells.copy_within(COLUMNS.., 0);
            self.cells[COLUMNS * (ROWS - 1)..].fill(BLANK);
            self.row -= 1;
        }
    }

    /// Shows a guest's screen instead of the console. Of one with more rows, the part with the cursor.
    pub fn show(&mut self, picture: &Picture) {
        let (_, rows) = picture.size();
        let first = picture.cursor().map_or(0, |(row, _)| (row + 1).saturating_sub(ROWS));
        let cursor = match picture.cursor() {
            Some((row, column)) if column < COLUMNS => (row - first) * COLUMNS + column,
            _ => NOWHERE,
        };
        self.changed |= !self.guest.is_in_front || cursor != self.guest.cursor;
        (self.guest.is_in_front, self.guest.cursor) = (true, cursor);
        for (row, cells) in self.guest.cells.chunks_exact_mut(COLUMNS).enumerate() {
            let source = if first + row < rows { picture.row(first + row) } else { &[] };
            for (column, cell) in cells.iter_mut().enumerate() {
                let now = source.get(column).map_or(BLANK, |cell| cell.to_vga());
                self.changed |= *cell != now;
                *cell = now;
            }
        }
    }

    /// Shows the console instead of a guest's screen.
    pub fn come_forward(&mut self) {
        self.changed |= core::mem::take(&mut self.guest.is_in_front);
    }

    /// Whether text was written since the last [`Screen::paint`].
    pub fn is_stale(&self) -> bool {
        self.changed
    }

    /// Copies the text to the screen if it changed.
    pub fn paint(&mut self) {
        if !core::mem::take(&mut self.changed) {
            return;
        }
        let (cells, cursor) = if self.guest.is_in_front {
            (&self.guest.cells, self.guest.cursor)
        } else {
            (&self.cells, self.row * COLUMNS + self.column)
        };
        for (index, cell) in cells.iter().enumerate() {
            let video = core::ptr::with_exposed_provenance_mut::<u16>(VIDEO_MEMORY);
            // SAFETY: as in `new`; nothing else writes there.
            unsafe { video.add(index).write_volatile(*cell) };
        }
        let cursor = cursor.to_le_bytes();
        for (register, value) in [(CURSOR_HIGH, cursor[1]), (CURSOR_LOW, cursor[0])] {
            // SAFETY: these registers of the CRT controller move the text cursor and nothing else.
            unsafe {
                x86_64::instructions::port::PortWriteOnly::new(CRTC).write(register);
                x86_64::instructions::port::PortWriteOnly::new(CRTC + 1).write(value);
            }
        }
    }
}
