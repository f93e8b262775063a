//! The operator's terminal: raw mode and colours.

use anyhow::Result;
use rustix::termios::{tcgetattr, tcsetattr, OptionalActions, Termios};
use std::io::{IsTerminal as _, Write};
use std::sync::Mutex;

/// The settings to go back to, for whoever ends the program.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

/// The terminal passes every key on as it is while this lives.
#[derive(Debug)]
pub struct RawMode(());

impl RawMode {
    /// Raw mode; None if standard input is no terminal.
    pub fn enter() -> Result<Option<Self>> {
        let input = std::io::stdin();
        if !input.is_terminal() {
            return Ok(None);
        }
        let settings = tcgetattr(&input)?;
        let mut raw = settings.clone();
        raw.make_raw();
        *SAVED.lock().expect("nothing panics with the lock") = Some(settings);
        // A panic does not run destructors here (`panic = "abort"`).
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore();
            previous(info);
        }));
        tcsetattr(&input, OptionalActions::Drain, &raw)?;
        Ok(Some(Self(())))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        restore();
    }
}

fn restore() {
    let Ok(mut saved) = SAVED.try_lock() else { return };
    if let Some(settings) = saved.take() {
        _ = tcsetattr(std::io::stdin(), OptionalActions::Drain, &settings);
    }
}

/// Starts of lines that pxHV itself prints, and their colours; what is longer comes first.
const COLOURS: [(&str, &str); 5] = [
    ("pxHV can't start", "\x1b[31m"),
    ("pxHV warning", "\x1b[33m"),
    ("pxHV panic", "\x1b[31m"),
    ("pxHV error", "\x1b[31m"),
    ("pxHV", "\x1b[36m"),
];
const PLAIN: &[u8] = b"\x1b[0m";

/// Writes the console to the screen and colours pxHV's own lines.
#[derive(Debug)]
pub struct Screen<W> {
    output: W,
    has_colours: bool,
    line: Line,
}

/// The line that is being written.
#[derive(Debug)]
enum Line {
    /// Its start, held back until it is clear whose it is.
    Start(Vec<u8>),
    Guest,
    Own,
}

impl Screen<std::io::Stdout> {
    /// Standard output.
    pub fn stdout() -> Self {
        let output = std::io::stdout();
        let has_colours =
            output.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { output, has_colours, line: Line::Start(Vec::new()) }
    }
}

impl<W: Write> Screen<W> {
    /// Writes bytes as they come.
    pub fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if !self.has_colours {
            self.output.write_all(bytes)?;
            return self.output.flush();
        }
        let mut out = Vec::new();
        for byte in bytes {
            self.paint(*byte, &mut out);
        }
        self.output.write_all(&out)?;
        self.output.flush()
    }

    /// Nothing more will come.
    pub fn finish(&mut self) -> std::io::Result<()> {
        if matches!(self.line, Line::Own) {
            self.output.write_all(PLAIN)?;
        }
        self.settle()
    }

    /// Nothing came for a moment: what was held back is shown.
    pub fn settle(&mut self) -> std::io::Result<()> {
        if let Line::Start(held) = &mut self.line {
            if !held.is_empty() {
                self.output.write_all(held)?;
                self.line = Line::Guest;
            }
        }
        self.output.flush()
    }

    fn paint(&mut self, byte: u8, out: &mut Vec<u8>) {
        if let Line::Start(held) = &mut self.line {
            held.push(byte);
            let undecided = |start: &str| start.len() > held.len() && start.as_bytes().starts_with(held);
            if COLOURS.iter().any(|(start, _)| undecided(start)) {
                return;
            }
            let colour = COLOURS.iter().find(|(start, _)| held.starts_with(start.as_bytes()));
            out.extend(colour.map_or("", |(_, colour)| colour).bytes());
            let ends = held.last() == Some(&b'\n');
            out.append(held);
            self.line = match (ends, colour) {
                (true, _) => {
                    if colour.is_some() {
                        out.extend(PLAIN);
                    }
                    Line::Start(Vec::new())
                }
                (false, Some(_)) => Line::Own,
                (false, None) => Line::Guest,
            };
            return;
        }
        if matches!(self.line, Line::Own) && matches!(byte, b'\r' | b'\n') {
            out.extend(PLAIN);
            self.line = Line::Guest;
        }
        out.push(byte);
        if byte == b'\n' {
            self.line = Line::Start(Vec::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(text: &str) -> String {
        let mut screen = Screen { output: Vec::new(), has_colours: true, line: Line::Start(Vec::new()) };
        text.bytes().for_each(|byte| screen.write(&[byte]).unwrap());
        screen.settle().unwrap();
        String::from_utf8(screen.output).unwrap()
    }

    #[test]
    fn own_lines_are_coloured() {
        assert_eq!(painted("pxHV: hi\r\nguest\r\n"), "\x1b[36mpxHV: hi\x1b[0m\r\nguest\r\n");
        assert_eq!(painted("pxHV panic: no\n"), "\x1b[31mpxHV panic: no\x1b[0m\n");
        assert_eq!(painted("pxHV warning: w\n"), "\x1b[33mpxHV warning: w\x1b[0m\n");
        assert_eq!(painted("pxHV can't start: x\n"), "\x1b[31mpxHV can't start: x\x1b[0m\n");
    }

    #[test]
    fn guest_bytes_pass_unchanged() {
        for text in ["# echo pxHV\r\n", "px", "\x1b[1mbold\x1b[0m\n", "pxH", "\r\n\n", " pxHV\n"] {
            assert_eq!(painted(text), text);
        }
    }

    #[test]
    fn without_colours_nothing_is_held_back() {
        let mut screen = Screen { output: Vec::new(), has_colours: false, line: Line::Start(Vec::new()) };
        screen.write(b"pxH").unwrap();
        assert_eq!(screen.output, b"pxH");
    }
}
