//! The pair of 8259A interrupt controllers (Intel datasheet 231468, "8259A Programmable Interrupt
//! Controller"), wired as in the PC/AT: the slave's INT output is the master's IR2. The edge/level
//! registers 4D0h and 4D1h are those of Intel's PIIX chipsets (datasheet 290562).

mod chip;
#[cfg(test)]
mod tests;
mod words;

use chip::Chip;

/// Master input that the slave's INT output is wired to.
const CASCADE: u8 = 2;
/// Interrupt lines of one chip.
const LINES: u8 = 8;
/// What the CPU reads as vector if no chip drives the bus.
const FLOATING: u8 = 0xff;
/// Lines of the master that ISA fixes as edge-triggered: timer, keyboard, cascade.
const MASTER_EDGE_ONLY: u8 = 0b0000_0111;
/// Lines of the slave that ISA fixes as edge-triggered: clock (IRQ 8), FPU error (IRQ 13).
const SLAVE_EDGE_ONLY: u8 = 0b0010_0001;

/// One of the two chips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// IRQ 0 to 7, ports 20h and 21h.
    Master,
    /// IRQ 8 to 15, ports A0h and A1h.
    Slave,
}

/// The two interrupt controllers with their edge/level registers.
#[derive(Clone, Debug)]
pub struct Pic {
    master: Chip,
    slave: Chip,
}

impl Default for Pic {
    fn default() -> Self {
        Self::new()
    }
}

impl Pic {
    /// The controllers at power-on. The datasheet leaves the state before the first ICW1 open; here
    /// every input is masked, so that nothing comes before a guest has set the vectors.
    #[must_use]
    pub const fn new() -> Self {
        Self { master: Chip::new(), slave: Chip::new() }
    }

    /// Whether a chip is in poll mode: the next read from either of its ports is [`Pic::poll`].
    #[must_use]
    pub const fn polls(&self, which: Which) -> bool {
        match which {
            Which::Master => self.master.polls(),
            Which::Slave => self.slave.polls(),
        }
    }

    /// Reads a chip in poll mode: this acknowledges an interrupt, and ends the mode.
    pub fn poll(&mut self, which: Which) -> u8 {
        let value = self.chip(which).poll();
        if which == Which::Slave {
            self.drop_cascade();
        }
        self.cascade();
        value
    }

    /// Reads port A0 = `offset` (0 or 1) of a chip that is not in poll mode.
    #[must_use]
    pub const fn read(&self, which: Which, offset: u16) -> u8 {
        match which {
            Which::Master => self.master.read(offset != 0),
            Which::Slave => self.slave.read(offset != 0),
        }
    }

    /// Writes port A0 = `offset` (0 or 1) of a chip: ICW1 to ICW4, OCW1 to OCW3.
    pub fn write(&mut self, which: Which, offset: u16, value: u8) {
        self.chip(which).write(offset != 0, value);
        self.cascade();
    }

    /// Reads an edge/level register, 4D0h (master) or 4D1h (slave): set bits are level-triggered lines.
    #[must_use]
    pub const fn read_trigger(&self, which: Which) -> u8 {
        match which {
            Which::Master => self.master.level_lines(),
            Which::Slave => self.slave.level_lines(),
        }
    }

    /// Writes an edge/level register. The lines that ISA devices own stay edge-triggered.
    pub fn write_trigger(&mut self, which: Which, value: u8) {
        match which {
            Which::Master => self.master.set_level_lines(value & !MASTER_EDGE_ONLY),
            Which::Slave => self.slave.set_level_lines(value & !SLAVE_EDGE_ONLY),
        }
        self.cascade();
    }

    /// Sets the level of line `irq`, 0 to 15. Line 2 is the cascade and belongs to no device.
    pub fn set_line(&mut self, irq: u8, level: bool) {
        if irq < LINES {
            if irq != CASCADE {
                self.master.set_line(irq, level);
            }
        } else {
            self.slave.set_line(irq - LINES, level);
            self.cascade();
        }
    }

    /// The INTR output to the CPU.
    #[must_use]
    pub fn interrupt_pending(&self) -> bool {
        self.master.int().is_some()
    }

    /// Whether a rising edge on line `irq` could make a difference to the CPU now: the line is not
    /// masked and has no request waiting. If this is false, only a port access or an acknowledge cycle
    /// can change it, so nobody has to wake up for such an edge.
    #[must_use]
    pub fn awaits(&self, irq: u8) -> bool {
        if irq < LINES {
            self.master.awaits(irq)
        } else {
            self.slave.awaits(irq - LINES) && !self.master.masks(CASCADE)
        }
    }

    /// Whether INTR would rise with line `irq`, which is low before or falls before, as line `falling` may do: also a
    /// request that nobody acknowledges gives an edge each time, to those who look at edges of INTR.
    #[must_use]
    pub fn passes_edge(&self, irq: u8, falling: u8) -> bool {
        let mut pic = self.clone();
        pic.set_line(irq, false);
        pic.set_line(falling, false);
        let before = pic.interrupt_pending();
        pic.set_line(irq, true);
        !before && pic.interrupt_pending()
    }

    /// The CPU's interrupt acknowledge cycle: the vector. If the request has gone meanwhile this is the
    /// spurious interrupt, IR7 of the chip that was to answer, with no in-service bit.
    pub fn acknowledge(&mut self) -> u8 {
        let level = self.master.acknowledge();
        let vector = match level {
            Some(CASCADE) if self.master.has_slave(CASCADE) => {
                if self.slave.is_slave_at(CASCADE) {
                    let level = self.slave.acknowledge();
                    self.drop_cascade();
                    self.slave.vector(level)
                } else {
                    FLOATING
                }
            }
            Some(level) if self.master.has_slave(level) => FLOATING,
            level => self.master.vector(level),
        };
        self.cascade();
        vector
    }

    fn chip(&mut self, which: Which) -> &mut Chip {
        match which {
            Which::Master => &mut self.master,
            Which::Slave => &mut self.slave,
        }
    }

    /// INT drops during an acknowledge cycle: if another request waits, the master sees a new edge.
    fn drop_cascade(&mut self) {
        self.master.set_line(CASCADE, false);
    }

    fn cascade(&mut self) {
        let level = self.slave.int().is_some();
        self.master.set_line(CASCADE, level);
    }
}
