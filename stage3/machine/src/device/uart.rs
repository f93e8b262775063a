//! The serial port: a 16550A (National Semiconductor datasheet TL/C/8652, "PC16550D Universal
//! Asynchronous Receiver/Transmitter with FIFOs").
//!
//! Bytes leave the moment they are written, so the transmitter is always empty. The line outside is a
//! stream of bytes whose other end always agrees on speed and format; those only show in loopback mode
//! and in the time after which waiting characters are announced. CTS, DSR and DCD are asserted.

mod fifo;
#[cfg(test)]
mod tests;

use crate::time::{Instant, SECOND};
use fifo::{Fifo, Received};

/// Ports of the chip.
pub const PORTS: u16 = 8;
/// Bits a second with a divisor of 1: the PC's 1.8432 MHz crystal, divided by 16.
pub const BASE_BAUD: u64 = 115_200;

/// Offset of RBR, THR and, with DLAB, the low half of the divisor.
const DATA: u16 = 0;
/// Offset of IER and, with DLAB, the high half of the divisor.
const IER: u16 = 1;
/// Offset of IIR (read) and FCR (write).
const IIR_FCR: u16 = 2;
/// Offset of LCR.
const LCR: u16 = 3;
/// Offset of MCR.
const MCR: u16 = 4;
/// Offset of LSR.
const LSR: u16 = 5;
/// Offset of MSR.
const MSR: u16 = 6;

/// IER: received data available, and character time-out.
const IER_RECEIVED: u8 = 1 << 0;
/// IER: transmitter holding register empty.
const IER_THRE: u8 = 1 << 1;
/// IER: receiver line status.
const IER_LINE: u8 = 1 << 2;
/// IER: modem status.
const IER_MODEM: u8 = 1 << 3;
/// IER: bits that exist.
const IER_BITS: u8 = IER_RECEIVED | IER_THRE | IER_LINE | IER_MODEM;

/// IIR bits 7:6: the FIFOs are enabled.
const IIR_FIFO: u8 = 0b11 << 6;

/// FCR: FIFOs enabled; without it the other bits are not taken.
const FCR_ENABLE: u8 = 1 << 0;
/// FCR: clear the receiver FIFO.
const FCR_CLEAR_RECEIVER: u8 = 1 << 1;
/// FCR: the receiver trigger level, shifted down by this.
const FCR_TRIGGER_SHIFT: u8 = 6;
/// Receiver trigger levels in bytes.
const TRIGGER_LEVELS: [u8; 4] = [1, 4, 8, 14];

/// LCR: word length, 5 bits more than this field.
const LCR_WORD: u8 = 0b11;
/// LCR: more than one stop bit.
const LCR_STOP: u8 = 1 << 2;
/// LCR: parity enabled.
const LCR_PARITY: u8 = 1 << 3;
/// LCR: break, the output is held spacing.
const LCR_BREAK: u8 = 1 << 6;
/// LCR: divisor latch access.
const LCR_DLAB: u8 = 1 << 7;

/// MCR: DTR.
const MCR_DTR: u8 = 1 << 0;
/// MCR: RTS.
const MCR_RTS: u8 = 1 << 1;
/// MCR: OUT1.
const MCR_OUT1: u8 = 1 << 2;
/// MCR: OUT2, which connects the interrupt output to the bus in a PC.
const MCR_OUT2: u8 = 1 << 3;
/// MCR: loopback.
const MCR_LOOP: u8 = 1 << 4;
/// MCR: bits that exist.
const MCR_BITS: u8 = 0b1_1111;

/// LSR: data ready.
const LSR_READY: u8 = 1 << 0;
/// LSR: overrun.
const LSR_OVERRUN: u8 = 1 << 1;
/// LSR: framing error.
const LSR_FRAMING: u8 = 1 << 3;
/// LSR: break.
const LSR_BREAK: u8 = 1 << 4;
/// LSR: transmitter holding register empty.
const LSR_THRE: u8 = 1 << 5;
/// LSR: transmitter empty.
const LSR_TEMT: u8 = 1 << 6;
/// LSR: an error in the receiver FIFO.
const LSR_FIFO_ERROR: u8 = 1 << 7;

/// MSR: bits that tell changes are this far below the states.
const MSR_DELTA_SHIFT: u8 = 4;
/// MSR: CTS.
const MSR_CTS: u8 = 1 << 4;
/// MSR: DSR.
const MSR_DSR: u8 = 1 << 5;
/// MSR: ring indicator. Its change bit only tells the end of ringing.
const MSR_RI: u8 = 1 << 6;
/// MSR: carrier detect.
const MSR_DCD: u8 = 1 << 7;
/// State of the modem lines outside.
const CONNECTED: u8 = MSR_CTS | MSR_DSR | MSR_DCD;

/// Character times without traffic after which waiting characters are announced.
const TIMEOUT_CHARACTERS: u64 = 4;

/// Interrupt sources as IIR names them, highest priority first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Source {
    LineStatus = 0b0110,
    Received = 0b0100,
    Timeout = 0b1100,
    TransmitterEmpty = 0b0010,
    Modem = 0b0000,
}

/// What IIR gives without a source.
const IIR_NONE: u8 = 0b0001;

/// The chip.
#[derive(Clone, Debug)]
pub struct Uart {
    fifo: Fifo,
    /// A 16-byte receiver FIFO instead of one register, and time-outs.
    fifo_enabled: bool,
    trigger: u8,
    divisor: u16,
    ier: u8,
    lcr: u8,
    mcr: u8,
    /// Errors that LSR shows until it is read.
    line_errors: u8,
    /// Change bits of MSR.
    modem_changes: u8,
    scratch: u8,
    /// The empty transmitter was not reported yet.
    transmitter_event: bool,
    /// Last time a character came in or was read.
    traffic: Instant,
    dropped: bool,
}

impl Default for Uart {
    fn default() -> Self {
        Self::new()
    }
}

impl Uart {
    /// The chip after master reset.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            fifo: Fifo::new(),
            fifo_enabled: false,
            trigger: TRIGGER_LEVELS[0],
            divisor: 0,
            ier: 0,
            lcr: 0,
            mcr: 0,
            line_errors: 0,
            modem_changes: 0,
            scratch: 0,
            transmitter_event: false,
            traffic: Instant(0),
            dropped: false,
        }
    }

    /// Reads the register at `offset`.
    pub fn read(&mut self, now: Instant, offset: u16) -> u8 {
        let [divisor_low, divisor_high] = self.divisor.to_le_bytes();
        match offset {
            DATA if self.dlab() => divisor_low,
            DATA => {
                self.traffic = now;
                let byte = self.fifo.pop();
                self.reveal();
                byte
            }
            IER if self.dlab() => divisor_high,
            IER => self.ier,
            IIR_FCR => self.identify(now),
            LCR => self.lcr,
            MCR => self.mcr,
            LSR => self.take_line_status(),
            MSR => self.modem_lines() | core::mem::take(&mut self.modem_changes),
            _ => self.scratch,
        }
    }

    /// Writes the register at `offset`; gives the byte that leaves the port, if any.
    pub fn write(&mut self, now: Instant, offset: u16, value: u8) -> Option<u8> {
        let [divisor_low, divisor_high] = self.divisor.to_le_bytes();
        match offset {
            DATA if self.dlab() => self.divisor = u16::from_le_bytes([value, divisor_high]),
            DATA => return self.transmit(now, value),
            IER if self.dlab() => self.divisor = u16::from_le_bytes([divisor_low, value]),
            IER => {
                let enabled = value & !self.ier;
                self.ier = value & IER_BITS;
                // Enabling the interrupt while the transmitter is empty raises it.
                self.transmitter_event |= enabled & IER_THRE != 0;
            }
            IIR_FCR => self.control_fifos(value),
            LCR => {
                let begins = value & !self.lcr & LCR_BREAK != 0;
                self.lcr = value;
                if begins && self.loopback() {
                    self.push(now, Received { byte: 0, errors: LSR_BREAK | LSR_FRAMING });
                }
            }
            MCR => self.set_modem_control(value & MCR_BITS),
            // LSR and MSR are for reading; writing them is for factory tests.
            LSR | MSR => {}
            _ => self.scratch = value,
        }
        None
    }

    /// Whether a byte from outside would be taken now, neither lost nor overwriting another.
    #[must_use]
    pub fn ready(&self) -> bool {
        !self.loopback() && self.fifo.len() < self.capacity()
    }

    /// A byte comes in from outside. In loopback mode the input is disconnected and the byte is lost.
    pub fn receive(&mut self, now: Instant, byte: u8) {
        if !self.loopback() {
            self.push(now, Received { byte, errors: 0 });
        }
    }

    /// Level of the interrupt line as the bus sees it: gated by OUT2, which loopback mode disconnects.
    #[must_use]
    pub fn irq(&self, now: Instant) -> bool {
        self.mcr & (MCR_OUT2 | MCR_LOOP) == MCR_OUT2 && self.source(now).is_some()
    }

    /// Whether the interrupt line was low for a moment since the last call: a byte was written while the
    /// transmitter's interrupt was on, which ends that interrupt and raises the next one.
    pub fn take_drop(&mut self) -> bool {
        core::mem::take(&mut self.dropped)
    }

    /// When the interrupt line will rise by itself: at the time-out of waiting characters.
    #[must_use]
    pub fn next_deadline(&self, now: Instant) -> Option<Instant> {
        let deadline = self.timeout()?;
        (!self.irq(now) && self.irq(deadline)).then_some(deadline)
    }

    fn dlab(&self) -> bool {
        self.lcr & LCR_DLAB != 0
    }

    fn loopback(&self) -> bool {
        self.mcr & MCR_LOOP != 0
    }

    fn capacity(&self) -> u8 {
        if self.fifo_enabled {
            fifo::CAPACITY
        } else {
            1
        }
    }

    /// When waiting characters are announced although they are fewer than the trigger level.
    fn timeout(&self) -> Option<Instant> {
        (self.fifo_enabled && self.fifo.len() > 0)
            .then(|| self.traffic + TIMEOUT_CHARACTERS * self.character_nanos())
    }

    /// Time that a character takes on the line in nanoseconds, start, parity and stop bits included. (The
    /// 1.5 stop bits of 5-bit words count as 2.)
    fn character_nanos(&self) -> u64 {
        let word = 5 + u64::from(self.lcr & LCR_WORD);
        let parity = u64::from(self.lcr & LCR_PARITY != 0);
        let stop = 1 + u64::from(self.lcr & LCR_STOP != 0);
        (1 + word + parity + stop) * u64::from(self.divisor.max(1)) * SECOND / BASE_BAUD
    }

    /// The enabled interrupt with the highest priority.
    fn source(&self, now: Instant) -> Option<Source> {
        let received = if self.fifo_enabled { self.trigger } else { 1 };
        if self.ier & IER_LINE != 0 && self.line_errors != 0 {
            Some(Source::LineStatus)
        } else if self.ier & IER_RECEIVED != 0 && self.fifo.len() >= received {
            Some(Source::Received)
        } else if self.ier & IER_RECEIVED != 0 && self.timeout().is_some_and(|due| due <= now) {
            Some(Source::Timeout)
        } else if self.ier & IER_THRE != 0 && self.transmitter_event {
            Some(Source::TransmitterEmpty)
        } else if self.ier & IER_MODEM != 0 && self.modem_changes != 0 {
            Some(Source::Modem)
        } else {
            None
        }
    }

    /// Reads IIR, which ends the transmitter's interrupt if that is what it tells.
    fn identify(&mut self, now: Instant) -> u8 {
        let source = self.source(now);
        if source == Some(Source::TransmitterEmpty) {
            self.transmitter_event = false;
        }
        let fifo = if self.fifo_enabled { IIR_FIFO } else { 0 };
        fifo | source.map_or(IIR_NONE, |source| source as u8)
    }

    fn control_fifos(&mut self, value: u8) {
        let enable = value & FCR_ENABLE != 0;
        // Changing the mode clears the FIFOs.
        if enable != self.fifo_enabled || (enable && value & FCR_CLEAR_RECEIVER != 0) {
            self.fifo = Fifo::new();
        }
        self.fifo_enabled = enable;
        if enable {
            self.trigger = TRIGGER_LEVELS[usize::from(value >> FCR_TRIGGER_SHIFT)];
        }
    }

    fn transmit(&mut self, now: Instant, value: u8) -> Option<u8> {
        self.transmitter_event = false;
        self.dropped |= !self.irq(now);
        self.transmitter_event = true;
        if !self.loopback() {
            return Some(value);
        }
        let word = u8::MAX >> (3 - (self.lcr & LCR_WORD));
        self.push(now, Received { byte: value & word, errors: 0 });
        None
    }

    fn push(&mut self, now: Instant, received: Received) {
        self.traffic = now;
        if self.fifo.len() < self.capacity() {
            self.fifo.push(received);
        } else {
            self.line_errors |= LSR_OVERRUN;
            // With FIFOs the newest character is lost, without them the one that was waiting.
            if !self.fifo_enabled {
                self.fifo = Fifo::new();
                self.fifo.push(received);
            }
        }
        self.reveal();
    }

    /// LSR shows the errors of a character when that becomes the next one to be read.
    fn reveal(&mut self) {
        self.line_errors |= self.fifo.take_errors();
    }

    fn take_line_status(&mut self) -> u8 {
        let ready = if self.fifo.len() > 0 { LSR_READY } else { 0 };
        let errors = core::mem::take(&mut self.line_errors);
        let broken = self.fifo.has_errors() || errors & !LSR_OVERRUN != 0;
        let in_fifo = if self.fifo_enabled && broken { LSR_FIFO_ERROR } else { 0 };
        LSR_THRE | LSR_TEMT | ready | errors | in_fifo
    }

    /// MSR bits 7:4. Loopback connects them to the outputs of MCR.
    fn modem_lines(&self) -> u8 {
        if !self.loopback() {
            return CONNECTED;
        }
        [(MCR_RTS, MSR_CTS), (MCR_DTR, MSR_DSR), (MCR_OUT1, MSR_RI), (MCR_OUT2, MSR_DCD)]
            .into_iter()
            .filter(|(output, _)| self.mcr & output != 0)
            .fold(0, |lines, (_, input)| lines | input)
    }

    fn set_modem_control(&mut self, value: u8) {
        let before = self.modem_lines();
        self.mcr = value;
        let after = self.modem_lines();
        let ringing_began = after & !before & MSR_RI;
        self.modem_changes |= ((before ^ after) & !ringing_began) >> MSR_DELTA_SHIFT;
    }
}
