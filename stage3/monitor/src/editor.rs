//! The line that the operator types: editing, history, completion.
//!
//! embedded-cli edits the line, keeps the history and shows both on the terminal. Completion is ours, since it knows
//! names of commands only and no arguments; and so is the division into words, since a line may have text in it that
//! belongs to a guest. Both need the line as it stands. It has no function for that, but it redraws the line when its
//! prompt is set: what it sends then is caught and not shown.

mod keys;
#[cfg(test)]
mod tests;

use crate::complete::complete;
use crate::hypervisor::Hypervisor;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt::{self, Write};
use embedded_cli::buffer::Buffer;
use embedded_cli::cli::{Cli, CliBuilder, CliHandle};
use embedded_cli::command::RawCommand;
use embedded_cli::service::{CommandProcessor, ProcessError};
use keys::{Key, Keys};
use spin::Mutex;

/// What the operator sees in front of the line.
pub const PROMPT: &str = "pxHV> ";
/// Bytes of the longest line.
pub const LINE: usize = 256;
/// Bytes of the lines that are remembered.
const HISTORY: usize = 4096;
/// More bytes than embedded-cli sends for a key: six for each character that is taken away.
const ECHO: usize = 10 * LINE;

/// Moves the cursor.
const RIGHT: &[u8] = b"\x1b[C";
const LEFT: &[u8] = b"\x1b[D";
const BACKSPACE: u8 = 0x08;

/// Where embedded-cli writes to. It keeps its writer for itself, and so the bytes are shared.
#[derive(Clone)]
struct Echo(Arc<Mutex<Vec<u8>>>);

impl Echo {
    /// Shows what came and forgets it. Whether there was something.
    fn show(&self, out: &mut dyn Write) -> Result<bool, fmt::Error> {
        let mut bytes = self.0.lock();
        // It is ASCII, as all that goes in.
        out.write_str(core::str::from_utf8(&bytes).unwrap_or_default())?;
        let was_there = !bytes.is_empty();
        bytes.clear();
        Ok(was_there)
    }

    fn clear(&self) {
        self.0.lock().clear();
    }
}

impl embedded_io::ErrorType for Echo {
    type Error = Infallible;
}

impl embedded_io::Write for Echo {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Bytes on the heap: embedded-cli moves what it has been given with each key.
struct Room(Box<[u8]>);

impl Room {
    fn new(bytes: usize) -> Self {
        Self(vec![0; bytes].into())
    }
}

impl Buffer for Room {
    fn as_slice(&self) -> &[u8] {
        &self.0
    }

    fn as_slice_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

/// Does nothing with a line that embedded-cli has taken apart: [`Editor::byte`] returns it as it was.
struct Nothing;

impl CommandProcessor<Echo, Infallible> for Nothing {
    fn process<'a>(
        &mut self,
        _: &mut CliHandle<'_, Echo, Infallible>,
        _: RawCommand<'a>,
    ) -> Result<(), ProcessError<'a, Infallible>> {
        Ok(())
    }
}

/// The line editor.
pub struct Editor {
    keys: Keys,
    cli: Cli<Echo, Infallible, Room, Room>,
    echo: Echo,
}

impl Default for Editor {
    fn default() -> Self {
        Self::new()
    }
}

impl Editor {
    /// An empty line.
    #[must_use]
    pub fn new() -> Self {
        let echo = Echo(Arc::new(Mutex::new(Vec::with_capacity(ECHO))));
        let builder = CliBuilder::default().writer(echo.clone()).prompt(PROMPT);
        let Ok(cli) = builder.command_buffer(Room::new(LINE)).history_buffer(Room::new(HISTORY)).build();
        echo.clear();
        Self { keys: Keys::new(), cli, echo }
    }

    /// `byte` was typed: shows what becomes of the line on `out`, and returns it when it is complete. Then
    /// [`Editor::prompt`] is to be called.
    ///
    /// # Errors
    /// `out` takes no more.
    pub fn byte(
        &mut self,
        byte: u8,
        hypervisor: &dyn Hypervisor,
        out: &mut dyn Write,
    ) -> Result<Option<String>, fmt::Error> {
        let Some(key) = self.keys.byte(byte) else { return Ok(None) };
        match key {
            Key::Character(character) => self.feed(&[character]),
            Key::Backspace => self.feed(&[BACKSPACE]),
            Key::Up => self.feed(b"\x1b[A"),
            Key::Down => self.feed(b"\x1b[B"),
            Key::Right => self.feed(RIGHT),
            Key::Left => self.feed(LEFT),
            Key::Home => self.repeat(LEFT),
            Key::End => self.repeat(RIGHT),
            Key::Delete => {
                // At the end of the line there is nothing to the right.
                self.feed(RIGHT);
                if self.echo.show(out)? {
                    self.feed(&[BACKSPACE]);
                }
            }
            Key::Discard => {
                self.repeat(RIGHT);
                self.repeat(&[BACKSPACE]);
            }
            Key::Tab => self.complete(hypervisor, out)?,
            Key::Enter => {
                let line = self.line();
                self.feed(b"\r");
                self.echo.clear();
                out.write_char('\n')?;
                return Ok(Some(line));
            }
        }
        self.echo.show(out)?;
        Ok(None)
    }

    /// Shows the prompt of an empty line.
    ///
    /// # Errors
    /// `out` takes no more.
    pub fn prompt(&self, out: &mut dyn Write) -> fmt::Result {
        out.write_str(PROMPT)
    }

    /// Shows the line once more, after something else was.
    ///
    /// # Errors
    /// `out` takes no more.
    pub fn redraw(&mut self, out: &mut dyn Write) -> fmt::Result {
        self.repeat(RIGHT);
        self.echo.clear();
        let Ok(()) = self.cli.set_prompt(PROMPT);
        self.echo.show(out).map(|_| ())
    }

    /// Gives embedded-cli the bytes of a key.
    fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let Ok(()) = self.cli.process_byte::<RawCommand, _>(*byte, &mut Nothing);
        }
    }

    /// The same so often that it has done all that it can.
    fn repeat(&mut self, bytes: &[u8]) {
        for _ in 0..self.line().len() {
            self.feed(bytes);
        }
    }

    /// The line as it stands.
    fn line(&mut self) -> String {
        let shown = self.echo.0.lock().len();
        let Ok(()) = self.cli.set_prompt(PROMPT);
        let mut bytes = self.echo.0.lock();
        let drawn = core::str::from_utf8(&bytes[shown..]).unwrap_or_default();
        let line = drawn.split_once(PROMPT).map_or("", |(_, line)| line).into();
        bytes.truncate(shown);
        line
    }

    /// Completes the line, or shows how it may go on.
    fn complete(&mut self, hypervisor: &dyn Hypervisor, out: &mut dyn Write) -> fmt::Result {
        self.repeat(RIGHT);
        let completion = complete(&self.line(), hypervisor);
        self.feed(completion.common.as_bytes());
        match completion.candidates.as_slice() {
            [_] => self.feed(b" "),
            [_, _, ..] if completion.common.is_empty() => {
                self.echo.show(out)?;
                writeln!(out, "\n{}", completion.candidates.join("  "))?;
                self.redraw(out)?;
            }
            _ => {}
        }
        Ok(())
    }
}
