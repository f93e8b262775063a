//! The control line: COM2, at which a program can do what the operator does.
//!
//! Answers wait in a queue for the UART, and the next command waits until they are sent: a program that asks for more than it
//! reads slows down nobody but itself.

use super::console;
use super::serial::{self, Serial, COM2};
use alloc::collections::VecDeque;
use core::fmt;
use heapless::Deque;

/// Bytes of commands that wait; more are lost.
const INPUT: usize = 4 << 10;

/// The line.
pub struct Control {
    serial: Option<Serial>,
    commands: Deque<u8, INPUT>,
    answers: VecDeque<u8>,
}

impl Control {
    /// Sets COM2 up, if this computer has one.
    pub fn new() -> Self {
        // SAFETY: these ports are COM2's or nobody's, and nobody but this module uses them.
        let serial = unsafe { serial::open(COM2) };
        Self { serial, commands: Deque::new(), answers: VecDeque::new() }
    }

    /// Takes what came in.
    pub fn receive(&mut self) {
        let Some(serial) = &mut self.serial else { return };
        while let Ok(byte) = serial.try_receive_byte() {
            // A program that sends so much ahead of the answers breaks the protocol.
            let _ = self.commands.push_back(byte);
        }
    }

    /// The next byte of a command, unless answers still wait.
    pub fn read(&mut self) -> Option<u8> {
        if self.answers.is_empty() {
            self.commands.pop_front()
        } else {
            None
        }
    }

    /// Sends what the UART takes now.
    pub fn send(&mut self) {
        let Some(serial) = &mut self.serial else { return };
        while !self.answers.is_empty() {
            let sent = serial::send(serial, self.answers.iter());
            if sent == 0 {
                console::needs_service();
                return;
            }
            self.answers.drain(..sent);
        }
    }

    /// Whether there is something to do when time has passed.
    pub fn is_busy(&self) -> bool {
        !self.answers.is_empty() || !self.commands.is_empty()
    }
}

impl fmt::Write for Control {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.serial.is_some() {
            self.answers.extend(text.as_bytes());
        }
        Ok(())
    }
}
