//! Bits of the 16550A's registers, by the datasheet's "Summary of Registers".

/// Offsets of the registers.
pub(super) mod offset {
    /// RBR, THR and, with DLAB, the low half of the divisor.
    pub const DATA: u16 = 0;
    /// IER and, with DLAB, the high half of the divisor.
    pub const IER: u16 = 1;
    /// IIR (read) and FCR (write).
    pub const IIR_FCR: u16 = 2;
    /// LCR.
    pub const LCR: u16 = 3;
    /// MCR.
    pub const MCR: u16 = 4;
    /// LSR.
    pub const LSR: u16 = 5;
    /// MSR.
    pub const MSR: u16 = 6;
}

/// Interrupt enable register.
pub(super) mod ier {
    /// Received data available, and character time-out.
    pub const RECEIVED: u8 = 1 << 0;
    /// Transmitter holding register empty.
    pub const THRE: u8 = 1 << 1;
    /// Receiver line status.
    pub const LINE: u8 = 1 << 2;
    /// Modem status.
    pub const MODEM: u8 = 1 << 3;
    /// Bits that exist.
    pub const BITS: u8 = RECEIVED | THRE | LINE | MODEM;
}

/// Interrupt identification register.
pub(super) mod iir {
    /// The FIFOs are enabled.
    pub const FIFO: u8 = 0b11 << 6;
    /// There is no source.
    pub const NONE: u8 = 0b0001;

    /// Interrupt sources, highest priority first.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[repr(u8)]
    pub enum Source {
        LineStatus = 0b0110,
        Received = 0b0100,
        Timeout = 0b1100,
        TransmitterEmpty = 0b0010,
        Modem = 0b0000,
    }
}

/// FIFO control register.
pub(super) mod fcr {
    /// FIFOs enabled; without it the other bits are not taken.
    pub const ENABLE: u8 = 1 << 0;
    /// Clear the receiver FIFO.
    pub const CLEAR_RECEIVER: u8 = 1 << 1;
    /// The receiver trigger level, shifted down by this.
    pub const TRIGGER_SHIFT: u8 = 6;
    /// Receiver trigger levels in bytes.
    pub const TRIGGER_LEVELS: [u8; 4] = [1, 4, 8, 14];
}

/// Line control register.
pub(super) mod lcr {
    /// Word length, 5 bits more than this field.
    pub const WORD: u8 = 0b11;
    /// More than one stop bit.
    pub const STOP: u8 = 1 << 2;
    /// Parity enabled.
    pub const PARITY: u8 = 1 << 3;
    /// Break, the output is held spacing.
    pub const BREAK: u8 = 1 << 6;
    /// Divisor latch access.
    pub const DLAB: u8 = 1 << 7;
}

/// Modem control register.
pub(super) mod mcr {
    /// DTR.
    pub const DTR: u8 = 1 << 0;
    /// RTS.
    pub const RTS: u8 = 1 << 1;
    /// OUT1.
    pub const OUT1: u8 = 1 << 2;
    /// OUT2, which connects the interrupt output to the bus in a PC.
    pub const OUT2: u8 = 1 << 3;
    /// Loopback.
    pub const LOOP: u8 = 1 << 4;
    /// Bits that exist.
    pub const BITS: u8 = 0b1_1111;
}

/// Line status register.
pub(super) mod lsr {
    /// Data ready.
    pub const READY: u8 = 1 << 0;
    /// Overrun.
    pub const OVERRUN: u8 = 1 << 1;
    /// Framing error.
    pub const FRAMING: u8 = 1 << 3;
    /// Break.
    pub const BREAK: u8 = 1 << 4;
    /// Transmitter holding register empty.
    pub const THRE: u8 = 1 << 5;
    /// Transmitter empty.
    pub const TEMT: u8 = 1 << 6;
    /// An error in the receiver FIFO.
    pub const FIFO_ERROR: u8 = 1 << 7;
}

/// Modem status register.
pub(super) mod msr {
    /// Bits that tell changes are this far below the states.
    pub const DELTA_SHIFT: u8 = 4;
    /// CTS.
    pub const CTS: u8 = 1 << 4;
    /// DSR.
    pub const DSR: u8 = 1 << 5;
    /// Ring indicator. Its change bit only tells the end of ringing.
    pub const RI: u8 = 1 << 6;
    /// Carrier detect.
    pub const DCD: u8 = 1 << 7;
}
