//! The console: COM1 and the screen, shared by the hypervisor and the guest.
//!
//! Output goes into a queue that is emptied whenever the UART has room, so that a guest does not wait for
//! 115,200 baud. Only when the queue is full does the writer wait.

use super::screen::Screen;
use super::serial::{self, Serial, COM1};
use bundle::boot_info::{FLAG_SERIAL, FLAG_VGA_TEXT};
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use heapless::Deque;
use machine::screen::{Picture, LEAVE};
use monitor::console::Terminal;
use spin::{Mutex, MutexGuard};
use uart_16550::spec::registers::LSR;

/// Bytes that wait for the UART: all that is kept of what a VM said, and some more.
const QUEUE: usize = 80 << 10;

/// Reads of the line status that the last characters get: more than enough at 115,200 baud.
const PATIENCE: usize = 10_000_000;

/// Its queue is large: all of it starts as zeros, which the image need not hold.
static CONSOLE: Mutex<Console> = Mutex::new(Console {
    serial: Fitted::No,
    queue: Deque::new(),
    screen: Fitted::No,
    is_in_line: false,
    shows_picture: false,
});
/// Whether there may be input: set by an interrupt, cleared before everything is read.
static INPUT: AtomicBool = AtomicBool::new(false);
/// Whether the console needs to be served: something came in, or went into the queue or to the screen.
static BUSY: AtomicBool = AtomicBool::new(false);
/// Whether a time is set at which it will be.
static SCHEDULED: AtomicBool = AtomicBool::new(false);

/// A device that may be missing. As Option, but that "missing" is zero.
#[repr(u8)]
enum Fitted<T> {
    No = 0,
    Yes(T) = 1,
}

/// The console's devices.
pub struct Console {
    serial: Fitted<Serial>,
    queue: Deque<u8, QUEUE>,
    screen: Fitted<Screen>,
    /// The last line is not complete.
    is_in_line: bool,
    /// The terminal at the serial line shows a guest's screen.
    shows_picture: bool,
}

/// Finds the devices that stage 2 saw (`flags` of BootInfo) and sets them up.
pub fn init(flags: u32) {
    let mut console = lock();
    if flags & FLAG_VGA_TEXT != 0 {
        console.screen = Fitted::Yes(Screen::new());
    }
    if flags & FLAG_SERIAL != 0 {
        // SAFETY: stage 2 found a UART at these ports, and nobody but this module uses it.
        if let Some(uart) = unsafe { serial::open(COM1) } {
            console.serial = Fitted::Yes(uart);
        }
    }
}

/// The console. Taken only with interrupts off, and never held across a run of a guest.
pub fn lock() -> MutexGuard<'static, Console> {
    CONSOLE.lock()
}

/// The console for a CPU that is about to stop for good: whoever holds it will not come back.
pub fn emergency() -> MutexGuard<'static, Console> {
    if let Some(console) = CONSOLE.try_lock() {
        return console;
    }
    // SAFETY: only the panic path and the exception path call this, with interrupts off, on the one CPU
    // that runs; the holder of the lock is the code that they interrupted, which never continues.
    unsafe { CONSOLE.force_unlock() };
    CONSOLE.lock()
}

/// An interrupt of a UART or the keyboard: there is input.
pub fn input_interrupt() {
    INPUT.store(true, Ordering::Relaxed);
    BUSY.store(true, Ordering::Relaxed);
}

/// Whether the console needs [`Console::read`], [`Console::send`] or [`Console::paint`] at some time.
pub fn is_busy() -> bool {
    BUSY.load(Ordering::Relaxed)
}

/// Whether it needs them now: there is input, or output that nobody knows of who serves the console.
pub fn is_urgent() -> bool {
    INPUT.load(Ordering::Relaxed) || (BUSY.load(Ordering::Relaxed) && !SCHEDULED.load(Ordering::Relaxed))
}

/// Who called reads all input now: from the console, the keyboard and the control line.
pub fn take_input() {
    INPUT.store(false, Ordering::Relaxed);
}

/// Somebody wants the console to be served.
pub fn needs_service() {
    BUSY.store(true, Ordering::Relaxed);
}

/// Says whether the console will be served at a known time.
pub fn set_busy(busy: bool) {
    BUSY.store(busy, Ordering::Relaxed);
    SCHEDULED.store(busy, Ordering::Relaxed);
}

impl Console {
    /// Queues `bytes` and sends what the UART takes.
    pub fn write(&mut self, bytes: &[u8]) {
        if core::mem::take(&mut self.shows_picture) {
            self.enqueue(LEAVE);
        }
        for &byte in bytes {
            self.is_in_line = byte != b'\n' && (byte != b'\r' || self.is_in_line);
            if let Fitted::Yes(screen) = &mut self.screen {
                screen.write(byte);
            }
        }
        self.enqueue(bytes);
        self.send();
        BUSY.store(true, Ordering::Relaxed);
    }

    /// Puts `bytes` into the queue. Waits if it is full.
    fn enqueue(&mut self, bytes: &[u8]) {
        if matches!(self.serial, Fitted::No) {
            return;
        }
        for &byte in bytes {
            while self.queue.push_back(byte).is_err() {
                self.send();
            }
        }
    }

    /// Whether the terminal still shows the guest's screen that was sent last.
    pub fn shows_picture(&self) -> bool {
        self.shows_picture
    }

    /// Queues a part of a guest's screen for the terminal.
    pub fn send_picture(&mut self, bytes: &[u8]) {
        self.shows_picture = true;
        self.enqueue(bytes);
    }

    /// Shows a guest's screen on this computer's own.
    pub fn show_on_screen(&mut self, picture: &Picture) {
        if let Fitted::Yes(screen) = &mut self.screen {
            screen.show(picture);
        }
    }

    /// Starts a new line unless one has just started: the guest may be in the middle of one. A message of the
    /// hypervisor follows: it is to be seen.
    pub fn start_line(&mut self) {
        if let Fitted::Yes(screen) = &mut self.screen {
            screen.come_forward();
        }
        if self.is_in_line {
            self.write(b"\r\n");
        }
    }

    /// Takes a byte that came in.
    pub fn read(&mut self) -> Option<u8> {
        match &mut self.serial {
            Fitted::Yes(serial) => serial.try_receive_byte().ok(),
            Fitted::No => None,
        }
    }

    /// Sends what the UART takes now.
    pub fn send(&mut self) {
        let Fitted::Yes(serial) = &mut self.serial else { return };
        while !self.queue.is_empty() {
            let sent = serial::send(serial, self.queue.iter());
            if sent == 0 {
                return;
            }
            for _ in 0..sent {
                self.queue.pop_front();
            }
        }
    }

    /// Whether output still waits for the UART.
    pub fn is_sending(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Whether the screen does not show the latest output yet.
    pub fn is_stale(&self) -> bool {
        matches!(&self.screen, Fitted::Yes(screen) if screen.is_stale())
    }

    /// Shows what was written since the last time on the screen.
    pub fn paint(&mut self) {
        if let Fitted::Yes(screen) = &mut self.screen {
            screen.paint();
        }
    }

    /// Waits until all output is on its way down the line, and on the screen.
    pub fn flush(&mut self) {
        while self.is_sending() {
            self.send();
        }
        if let Fitted::Yes(serial) = &mut self.serial {
            // Sixteen characters at most are left in the UART; a UART that never sends them is not waited for.
            let _ = (0..PATIENCE).find(|_| serial.lsr().contains(LSR::TRANSMITTER_EMPTY));
        }
        self.paint();
    }
}

/// The console for those who do what may itself write to it, messages for instance: nobody holds it longer than for one
/// piece of text.
pub struct Shared;

impl Terminal for Shared {
    fn write_bytes(&mut self, bytes: &[u8]) {
        lock().write(bytes);
    }

    fn start_line(&mut self) {
        lock().start_line();
    }
}

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.write(text.as_bytes());
        Ok(())
    }
}
