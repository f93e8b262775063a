//! The computer's serial ports: a 16550 each, 115,200 baud, with an interrupt for what comes in.

use uart_16550::backend::PioBackend;
use uart_16550::spec::registers::{FifoTriggerLevel, IER};
use uart_16550::{BaudRate, Config, Uart16550};

/// A serial port.
pub type Serial = Uart16550<PioBackend>;

/// First port of COM1.
pub const COM1: u16 = 0x3f8;
/// First port of COM2.
pub const COM2: u16 = 0x2f8;
/// Bytes that a 16550 takes at once when its transmitter is empty.
const FIFO: usize = 16;

/// Sets the UART up whose first port this is. None if there is none.
///
/// # Safety
/// The ports are a UART's or nobody's, and nobody else uses them.
pub unsafe fn open(port: u16) -> Option<Serial> {
    let config = Config {
        interrupts: IER::DATA_READY,
        fifo_trigger_level: Some(FifoTriggerLevel::One),
        baud_rate: BaudRate::Baud115200,
        ..Config::DEFAULT
    };
    // SAFETY: the caller's promise.
    let mut uart = unsafe { Uart16550::new_port(port) }.ok()?;
    uart.init(config).is_ok().then_some(uart)
}

/// Sends of `bytes` what the UART takes now: a FIFO full at most. Returns how many these are.
pub fn send<'a>(serial: &mut Serial, bytes: impl Iterator<Item = &'a u8>) -> usize {
    let (mut batch, mut length) = ([0; FIFO], 0);
    for (slot, byte) in batch.iter_mut().zip(bytes) {
        *slot = *byte;
        length += 1;
    }
    serial.send_bytes(&batch[..length])
}
