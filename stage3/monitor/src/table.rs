//! Text in columns.

use crate::run::Paint;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Display, Write};

/// Colours of a terminal (ECMA-48, "SGR").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    Red = 31,
    Green = 32,
    Yellow = 33,
}

/// What stands in a column, and on which side of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

/// A place of a table.
pub struct Cell {
    text: String,
    colour: Option<Colour>,
}

impl Cell {
    /// Text in a colour.
    pub fn coloured(text: &dyn Display, colour: Option<Colour>) -> Self {
        Self { text: text.to_string(), colour }
    }
}

impl<T: Display> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.to_string(), colour: None }
    }
}

/// Columns that are as wide as what is in them, with two spaces between.
pub struct Table<const COLUMNS: usize> {
    sides: [Side; COLUMNS],
    rows: Vec<[Cell; COLUMNS]>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// With these headings.
    pub fn new(columns: [(&str, Side); COLUMNS]) -> Self {
        let heading = columns.map(|(name, _)| Cell::from(name));
        Self { sides: columns.map(|(_, side)| side), rows: Vec::from([heading]) }
    }

    /// One more row.
    pub fn row(&mut self, cells: [Cell; COLUMNS]) {
        self.rows.push(cells);
    }

    /// Writes all of it, without spaces at the ends of lines.
    pub fn write(&self, out: &mut dyn Write, paint: Paint) -> fmt::Result {
        let mut widths = [0; COLUMNS];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.text.chars().count().max(*width);
            }
        }
        for row in &self.rows {
            let mut gap = 0;
            for ((cell, side), width) in row.iter().zip(self.sides).zip(widths) {
                let rest = width - cell.text.chars().count();
                let (before, after) = if side == Side::Right { (rest, 0) } else { (0, rest) };
                if cell.text.is_empty() {
                    gap += width + 2;
                } else {
                    write!(out, "{:1$}", "", gap + before)?;
                    paint.write(cell.colour, &cell.text, out)?;
                    gap = after + 2;
                }
            }
            out.write_char('\n')?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let mut table = Table::new([("NAME", Side::Left), ("N", Side::Right), ("WHAT", Side::Left)]);
        table.row(["a".into(), 1000.into(), Cell::coloured(&"red", Some(Colour::Red))]);
        table.row(["longer".into(), "".into(), "x".into()]);
        table.row(["b".into(), 5.into(), "".into()]);
        let (mut plain, mut coloured) = (String::new(), String::new());
        table.write(&mut plain, Paint::Plain).unwrap();
        table.write(&mut coloured, Paint::Colours).unwrap();
        let expected = "NAME       N  WHAT\na       1000  red\nlonger        x\nb          5\n";
        assert_eq!(plain, expected);
        assert_eq!(coloured, expected.replace("red", "\x1b[31mred\x1b[0m"));
    }
}
