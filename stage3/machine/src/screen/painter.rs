//! Keeps a terminal showing a picture, by the sequences that xterm, the Linux console and most others have in
//! common (ECMA-48; xterm's "Control Sequences").
//!
//! Only what changed is sent, and no more at a time than a budget: a serial line is slow, and what is not
//! sent today may have changed again tomorrow. Rows that moved up are scrolled. The picture is on the
//! terminal's alternate screen, so what was there before comes back when it is left. Each update is
//! bracketed as a synchronized one: terminals that know it show no half of it, and programs see its end.

use super::characters::unicode;
use super::{Cell, Picture, MAX_COLUMNS, MAX_ROWS};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

/// To the alternate screen, without automatic new lines, grey on black, empty.
const ENTER: &str = "\x1b[?1049h\x1b[?7l\x1b[0;37;40m\x1b[2J";
/// Back to what was on the terminal before the picture. A terminal without an alternate screen goes on
/// below the picture.
pub const LEAVE: &[u8] = b"\x1b[0m\x1b[r\x1b[999;1H\n\x1b[?7h\x1b[?25h\x1b[?1049l";
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";
/// So many cells are written once more rather than jumped over, which takes as many bytes.
const REWRITTEN: usize = 6;
/// Colours of the terminal by their numbers in an attribute: there bit 0 is blue, here it is red.
const COLOURS: [u8; 8] = [0, 4, 2, 6, 1, 5, 3, 7];

/// What a terminal shows, and how it gets to show something else.
#[derive(Debug)]
pub struct Painter {
    /// The terminal shows a picture, and not something else.
    is_on: bool,
    columns: usize,
    rows: usize,
    cells: Vec<Cell>,
    /// Where the next update goes on: what comes late in the picture must not wait for ever.
    next: usize,
    cursor: Option<(usize, usize)>,
}

impl Default for Painter {
    fn default() -> Self {
        Self::new()
    }
}

impl Painter {
    /// A terminal that shows something else. All memory that it will ever need is taken here.
    #[must_use]
    pub fn new() -> Self {
        let cells = vec![Cell::BLANK; MAX_COLUMNS * MAX_ROWS];
        Self { is_on: false, columns: 0, rows: 0, cells, next: 0, cursor: None }
    }

    /// The terminal may show anything now: everything has to be painted again.
    pub fn forget(&mut self) {
        self.is_on = false;
    }

    /// Whether the terminal shows a picture.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.is_on
    }

    /// Sends what makes the terminal show `picture`: the part that fits into `budget` bytes, more or less.
    /// Returns whether that was all of it.
    pub fn paint(&mut self, picture: &Picture, budget: usize, send: &mut dyn FnMut(&[u8])) -> bool {
        let has_place = self.is_on && (self.columns, self.rows) == picture.size();
        let is_same =
            has_place && self.cursor == picture.cursor() && self.first_difference(picture).is_none();
        if is_same {
            return true;
        }
        let mut pen = Pen { send, sent: 0, place: None, look: None };
        pen.text(BEGIN);
        if !has_place {
            self.enter(picture, &mut pen);
        }
        self.scroll(picture, &mut pen);
        let is_complete = self.paint_cells(picture, budget, &mut pen);
        self.place_cursor(picture.cursor(), &mut pen);
        pen.text(END);
        is_complete
    }

    /// An empty picture of the right size.
    fn enter(&mut self, picture: &Picture, pen: &mut Pen) {
        (self.columns, self.rows) = picture.size();
        self.cells.fill(Cell::BLANK);
        self.next = 0;
        pen.text(ENTER);
        // Rows scroll within the picture.
        pen.format(format_args!("\x1b[1;{}r\x1b[?25l", self.rows));
        self.cursor = None;
        self.is_on = true;
    }

    /// Paints cells that differ, from where the last update ended.
    fn paint_cells(&mut self, picture: &Picture, budget: usize, pen: &mut Pen) -> bool {
        let (columns, count) = (self.columns, self.columns * self.rows);
        for step in 0..count {
            let at = (self.next + step) % count;
            let (row, column) = (at / columns, at % columns);
            let cell = picture.row(row)[column];
            if self.cells[at] == cell {
                continue;
            }
            if pen.sent >= budget {
                self.next = at;
                return false;
            }
            self.reach(row, column, pen);
            pen.cell(cell, column + 1 == columns);
            self.cells[at] = cell;
        }
        self.next = 0;
        true
    }

    /// Moves the terminal's cursor: over a few cells by writing them once more, if they look alike.
    fn reach(&self, row: usize, column: usize, pen: &mut Pen) {
        if let Some((_, from)) = pen.place.filter(|(at, from)| *at == row && *from < column) {
            let between = &self.row(row)[from..column];
            let is_short = between.len() <= REWRITTEN;
            if is_short && between.iter().all(|cell| pen.has_look(*cell) && cell.character >= b' ') {
                for cell in between {
                    pen.cell(*cell, false);
                }
            }
        }
        pen.go(row, column);
    }

    fn place_cursor(&mut self, cursor: Option<(usize, usize)>, pen: &mut Pen) {
        if let Some((row, column)) = cursor {
            pen.go(row, column);
        }
        if self.cursor.is_some() != cursor.is_some() {
            pen.text(if cursor.is_some() { "\x1b[?25h" } else { "\x1b[?25l" });
        }
        self.cursor = cursor;
    }

    fn first_difference(&self, picture: &Picture) -> Option<usize> {
        (0..self.rows).find(|row| self.row(*row) != picture.row(*row))
    }

    fn row(&self, row: usize) -> &[Cell] {
        &self.cells[row * self.columns..][..self.columns]
    }

    /// Scrolls if that leaves fewer rows to paint.
    fn scroll(&mut self, picture: &Picture, pen: &mut Pen) {
        let differences = |up: usize| {
            let differs = |row: usize| match row + up {
                from if from < self.rows => self.row(from) != picture.row(row),
                _ => picture.row(row).iter().any(|cell| *cell != Cell::BLANK),
            };
            (0..self.rows).filter(|row| differs(*row)).count()
        };
        let plain = differences(0);
        // A few rows are as quickly painted as compared.
        if plain < 3 {
            return;
        }
        let best = (1..self.rows).map(|up| (differences(up), up)).min();
        let Some((_, up)) = best.filter(|(differences, _)| *differences < plain) else { return };
        pen.look(Cell::BLANK);
        pen.go(self.rows - 1, 0);
        for _ in 0..up {
            pen.text("\n");
        }
        let count = self.columns * self.rows;
        self.cells.copy_within(up * self.columns..count, 0);
        self.cells[count - up * self.columns..count].fill(Cell::BLANK);
        self.next = 0;
    }
}

/// Writes to the terminal.
struct Pen<'a> {
    send: &'a mut dyn FnMut(&[u8]),
    sent: usize,
    /// Row and column of the terminal's cursor, if it is known.
    place: Option<(usize, usize)>,
    /// How it writes, if that is known; the character does not count.
    look: Option<Cell>,
}

impl Pen<'_> {
    fn text(&mut self, text: &str) {
        self.sent += text.len();
        (self.send)(text.as_bytes());
    }

    fn format(&mut self, arguments: fmt::Arguments) {
        // Writing to the terminal can't fail.
        let _ = self.write_fmt(arguments);
    }

    fn go(&mut self, row: usize, column: usize) {
        if self.place != Some((row, column)) {
            self.format(format_args!("\x1b[{};{}H", row + 1, column + 1));
            self.place = Some((row, column));
        }
    }

    /// Whether this cell looks like what was written last.
    fn has_look(&self, cell: Cell) -> bool {
        self.look == Some(Cell { character: 0, ..cell })
    }

    /// Chooses colours, blinking and underlining.
    fn look(&mut self, look: Cell) {
        if self.has_look(look) {
            return;
        }
        self.look = Some(Cell { character: 0, ..look });
        // Bright colours have numbers of their own.
        let number = |base: u8, colour: u8| base + COLOURS[usize::from(colour & 7)] + 60 * (colour >> 3 & 1);
        let underline = if look.underlined { ";4" } else { "" };
        let blink = if look.blinks { ";5" } else { "" };
        let (foreground, background) = (number(30, look.foreground), number(40, look.background));
        self.format(format_args!("\x1b[0{underline}{blink};{foreground};{background}m"));
    }

    fn cell(&mut self, cell: Cell, is_last_of_row: bool) {
        self.look(cell);
        let character = unicode(cell.character);
        self.text(character.encode_utf8(&mut [0; 4]));
        // Terminals disagree about the cursor behind the last column, and about how wide these pictures are.
        let is_certain = !is_last_of_row && cell.character >= b' ';
        self.place = self.place.filter(|_| is_certain).map(|(row, column)| (row, column + 1));
    }
}

impl fmt::Write for Pen<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text);
        Ok(())
    }
}
