//! The monitor for programs: commands and answers as lines, on the second serial port.
//!
//! A command ends with LF; CR does not count. The answer is any number of lines that begin with `| `, and then one that
//! is `ok` or begins with `error: `. All lines of an answer end with LF. Nothing else is ever sent.

use crate::hypervisor::Hypervisor;
use crate::run::{execute, Paint};
use core::fmt::{self, Write};

/// Bytes of the longest line.
pub const LINE: usize = 256;

/// What is wrong with a line before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    TooLong,
    NotText,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "line too long: {LINE} bytes are the most"),
            Self::NotText => f.write_str("not text: printable ASCII only"),
        }
    }
}

/// The hypervisor's side of the line.
#[derive(Clone, Debug)]
pub struct Protocol {
    line: [u8; LINE],
    length: usize,
    fault: Option<Fault>,
}

impl Default for Protocol {
    fn default() -> Self {
        Self::new()
    }
}

impl Protocol {
    /// At the start of a line.
    #[must_use]
    pub const fn new() -> Self {
        Self { line: [0; LINE], length: 0, fault: None }
    }

    /// `byte` came in: at the end of a line its command is done and answered on `out`.
    ///
    /// # Errors
    /// `out` takes no more. The next line is read as if nothing had happened.
    pub fn byte(&mut self, byte: u8, hypervisor: &mut dyn Hypervisor, out: &mut dyn Write) -> fmt::Result {
        match byte {
            b'\n' => {
                let (length, fault) = (self.length, self.fault);
                (self.length, self.fault) = (0, None);
                return match fault {
                    Some(fault) => writeln!(out, "error: {fault}"),
                    None => answer(&self.line[..length], hypervisor, out),
                };
            }
            b'\r' => {}
            b' '..=b'~' => match self.line.get_mut(self.length) {
                Some(place) => {
                    *place = byte;
                    self.length += 1;
                }
                None => self.fault = self.fault.or(Some(Fault::TooLong)),
            },
            _ => self.fault = self.fault.or(Some(Fault::NotText)),
        }
        Ok(())
    }
}

fn answer(line: &[u8], hypervisor: &mut dyn Hypervisor, out: &mut dyn Write) -> fmt::Result {
    // It is ASCII.
    let line = core::str::from_utf8(line).unwrap_or_default();
    let mut text = Text { out, at_line_start: true };
    let result = execute(line, hypervisor, &mut text, Paint::Plain);
    text.end_line()?;
    match result {
        Ok(()) => out.write_str("ok\n"),
        Err(error) => writeln!(out, "error: {error}"),
    }
}

/// Lines of an answer.
struct Text<'a> {
    out: &'a mut dyn Write,
    at_line_start: bool,
}

impl Text<'_> {
    fn end_line(&mut self) -> fmt::Result {
        if core::mem::replace(&mut self.at_line_start, true) {
            return Ok(());
        }
        self.out.write_char('\n')
    }
}

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive('\n') {
            if self.at_line_start {
                self.out.write_str("| ")?;
            }
            self.out.write_str(part)?;
            self.at_line_start = part.ends_with('\n');
        }
        Ok(())
    }
}
