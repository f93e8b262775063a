//! The computer's keyboard, at its 8042 (IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device
//! Controller"). Its scan codes are kept until somebody asks for them: set 1, into which the controller translates.

use heapless::Deque;
use spin::Mutex;
use x86_64::instructions::port::Port;

const DATA: u16 = 0x60;
/// Status; commands, when written.
const STATUS: u16 = 0x64;

/// Status: there is a byte to read.
const OUTPUT_FULL: u8 = 1 << 0;
/// Status: the controller has not taken the last byte yet.
const INPUT_FULL: u8 = 1 << 1;
/// Status: the byte is the mouse's.
const FROM_MOUSE: u8 = 1 << 5;
/// What a port without a controller reads as.
const NOTHING: u8 = 0xff;

/// Commands: read and write the command byte.
const READ_COMMAND_BYTE: u8 = 0x20;
const WRITE_COMMAND_BYTE: u8 = 0x60;
/// Command byte: keyboard's interrupt.
const INTERRUPT: u8 = 1 << 0;
/// Command byte: the keyboard is off.
const OFF: u8 = 1 << 4;
/// Command byte: scan codes are translated to set 1.
const TRANSLATE: u8 = 1 << 6;

/// Looks at the status before the controller is taken for broken: some 20 ms.
const PATIENCE: usize = 20_000;
/// Scan codes that wait; more are lost.
const CODES: usize = 64;

static SCAN_CODES: Mutex<Deque<u8, CODES>> = Mutex::new(Deque::new());

/// Switches the keyboard on, if there is one, with its interrupt.
pub fn init() {
    if status() == NOTHING {
        return;
    }
    while read().is_some() {}
    if let Some(byte) = ask(READ_COMMAND_BYTE) {
        let byte = (byte & !OFF) | INTERRUPT | TRANSLATE;
        let _ = send(STATUS, WRITE_COMMAND_BYTE).and_then(|()| send(DATA, byte));
    }
}

/// The keyboard's interrupt: takes what it sent.
pub fn interrupt() {
    let mut codes = SCAN_CODES.lock();
    while let Some(code) = read() {
        // Nobody types that much ahead.
        let _ = codes.push_back(code);
    }
}

/// The next scan code.
pub fn scan_code() -> Option<u8> {
    SCAN_CODES.lock().pop_front()
}

fn status() -> u8 {
    // SAFETY: reading the status has no effect.
    unsafe { Port::new(STATUS).read() }
}

/// A byte of the keyboard. The mouse's vanish. No more than a buffer that never empties is read.
fn read() -> Option<u8> {
    for _ in 0..CODES {
        let status = status();
        if status & OUTPUT_FULL == 0 || status == NOTHING {
            return None;
        }
        // SAFETY: the byte is there for whoever reads it, and the keyboard belongs to the hypervisor.
        let byte = unsafe { Port::new(DATA).read() };
        if status & FROM_MOUSE == 0 {
            return Some(byte);
        }
    }
    None
}

/// The answer to a command of the controller.
fn ask(command: u8) -> Option<u8> {
    send(STATUS, command)?;
    (0..PATIENCE).find_map(|_| read())
}

/// Writes a byte when the controller takes it.
fn send(port: u16, byte: u8) -> Option<()> {
    (0..PATIENCE).find(|_| status() & INPUT_FULL == 0)?;
    // SAFETY: commands and their parameters, of which those of this module concern the keyboard only.
    unsafe { Port::new(port).write(byte) };
    Some(())
}
