//! The picture of a guest's screen within the console's stream, as text.
//!
//! pxHV shows the screen of a VM with `display = "text"` on the terminal's alternate screen. A terminal model follows
//! it; after each update, rows that are new become lines of text. Rows that moved up are not new.

use anyhow::Result;
use std::num::NonZeroU16;

/// The largest picture that pxHV shows.
const ROWS: u16 = machine::screen::MAX_ROWS as u16;
const COLUMNS: u16 = machine::screen::MAX_COLUMNS as u16;

/// Control sequences without their introducer: to and from the alternate screen, and the end of an update.
const ENTER: &[u8] = b"?1049h";
const LEAVE: &[u8] = b"?1049l";
const END_OF_UPDATE: &[u8] = b"?2026l";

/// The picture, if the terminal shows one.
#[derive(Default)]
pub struct Picture {
    terminal: Option<vt100::Parser>,
    /// The rows after the last update.
    rows: Vec<String>,
    /// The control sequence that is being read.
    sequence: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Picture {
    /// Whether the terminal shows a picture.
    pub fn is_on(&self) -> bool {
        self.terminal.is_some()
    }

    /// Takes a byte of the stream. Returns the lines that became new with it.
    pub fn feed(&mut self, byte: u8) -> Vec<String> {
        if let Some(terminal) = &mut self.terminal {
            terminal.process(&[byte]);
        }
        match self.sequence_ended(byte).as_deref() {
            Some(ENTER) if !self.is_on() => self.terminal = terminal(),
            Some(LEAVE) => *self = Self::default(),
            Some(END_OF_UPDATE) => return self.new_lines(),
            _ => {}
        }
        Vec::new()
    }

    /// The control sequence that ends with `byte`.
    fn sequence_ended(&mut self, byte: u8) -> Option<Vec<u8>> {
        match (self.sequence.as_slice(), byte) {
            (_, 0x1b) => self.sequence = vec![byte],
            ([0x1b], b'[') | ([0x1b, b'[', ..], 0x20..=0x3f) => self.sequence.push(byte),
            ([0x1b, b'[', rest @ ..], 0x40..=0x7e) => {
                let ended = [rest, &[byte]].concat();
                self.sequence.clear();
                return Some(ended);
            }
            _ => self.sequence.clear(),
        }
        None
    }

    fn new_lines(&mut self) -> Vec<String> {
        let Some(terminal) = &self.terminal else { return Vec::new() };
        let now: Vec<_> = terminal.screen().rows(0, COLUMNS).map(|row| row.trim_end().to_owned()).collect();
        let is_new = |up: usize, at: usize| {
            !now[at].is_empty() && self.rows.get(at + up).is_none_or(|before| *before != now[at])
        };
        let count_new = |up: &usize| (0..now.len()).filter(|at| is_new(*up, *at)).count();
        // The least movement that explains the most.
        let up = (0..now.len()).min_by_key(count_new).unwrap_or(0);
        let lines = (0..now.len()).filter(|at| is_new(up, *at)).map(|at| now[at].clone()).collect();
        self.rows = now;
        lines
    }
}

fn terminal() -> Option<vt100::Parser> {
    Some(vt100::Parser::new(NonZeroU16::new(ROWS)?, NonZeroU16::new(COLUMNS)?, 0))
}

/// Ends the picture on our own terminal, if there is one.
pub fn leave(output: &mut dyn std::io::Write) -> Result<()> {
    output.write_all(machine::screen::LEAVE)?;
    Ok(output.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(picture: &mut Picture, bytes: &str) -> Vec<String> {
        bytes.bytes().flat_map(|byte| picture.feed(byte)).collect()
    }

    #[test]
    fn rows_become_lines_when_an_update_ends() {
        let mut picture = Picture::default();
        assert!(lines(&mut picture, "plain\x1b[?2026l").is_empty() && !picture.is_on());
        let update = "\x1b[?2026h\x1b[?1049h\x1b[1;3r\x1b[2;1H\x1b[0;37;40mA:\\>\x1b[3;5Hé│  ";
        assert!(lines(&mut picture, update).is_empty());
        assert_eq!(lines(&mut picture, "\x1b[?2026l"), ["A:\\>", "    é│"]);
        assert_eq!(lines(&mut picture, "\x1b[2;5Hdir\x1b[?2026l"), ["A:\\>dir"]);
        assert!(lines(&mut picture, "\x1b[1;1H\x1b[?2026l").is_empty());
        assert!(lines(&mut picture, "\x1b[2;1H        \x1b[?2026l").is_empty(), "an erased row says nothing");
        assert!(picture.is_on());
        lines(&mut picture, std::str::from_utf8(machine::screen::LEAVE).unwrap());
        assert!(!picture.is_on());
    }

    #[test]
    fn rows_that_moved_up_are_not_new() {
        let mut picture = Picture::default();
        lines(&mut picture, "\x1b[?1049h\x1b[1;3r\x1b[1;1Hone\x1b[2;1Htwo\x1b[3;1Hthree\x1b[?2026l");
        assert_eq!(lines(&mut picture, "\x1b[3;1H\n\x1b[3;1Hfour\x1b[?2026l"), ["four"]);
        // Painted anew instead of scrolled.
        let painted = "\x1b[1;1Hfour \x1b[2;1Hfive \x1b[3;1Hsix \x1b[?2026l";
        assert_eq!(lines(&mut picture, painted), ["five", "six"]);
    }
}
