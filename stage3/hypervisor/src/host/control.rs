//! The control line: COM2, at which a program can do what the operator does.
//!
//! Answers wait in a queue for the UART, and the next command waits until they are sent: a program that asks for more than it
//! reads slows down nobody but itself.

use super::console;
use alloc::collections::VecDeque;
use core::fmt;
use heapless::Deque;
use uart_16550::backend::PioBackend;
use uart_16550::spec::registers::{FifoTriggerLevel, IER};
use uart_16550::{BaudRate, Config, Uart16550};

/// First port of COM2.
const COM2: u16 = 0x2f8;
/// Bytes that a 16550 takes at once when its transmitter is empty.
const FIFO: usize = 16;
/// Bytes of commands that wait; more are lost.
const INPUT: usize = 4 << 10;

/// The line.
pub struct Control {
    serial: Option<Uart16550<PioBackend>>,
    commands: Deque<u8, INPUT>,
    answers: VecDeque<u8>,
}

impl Control {
    /// Sets COM2 up, if this computer has one.
    pub fn new() -> Self {
        let config = Config {
            interrupts: IER::DATA_READY,
            fifo_trigger_level: Some(FifoTriggerLevel::One),
            baud_rate: BaudRate::Baud115200,
            ..Config::DEFAULT
        };
        // SAFETY: these ports are COM2's or nobody's, and nobody but this module uses them.
        let uart = unsafe { Uart16550::new_port(COM2) };
        let serial = uart.ok().and_then(|mut uart| uart.init(config).is_ok().then_some(uart));
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
            let mut batch = [0; FIFO];
            let length = self.answers.len().min(FIFO);
            for (slot, byte) in batch.iter_mut().zip(&self.answers) {
                *slot = *byte;
            }
            let sent = serial.send_bytes(&batch[..length]);
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
