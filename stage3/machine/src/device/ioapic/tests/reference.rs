//! One input of an I/O APIC told naively: as the story of a wire and the interrupt that it asks for.

/// The input.
#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "each is a wire or a bit on its own")]
pub struct Naive {
    high: bool,
    vector: u8,
    delivery: u32,
    level: bool,
    masked: bool,
    pub waits_for_eoi: bool,
}

impl Default for Naive {
    fn default() -> Self {
        Self { high: false, vector: 0, delivery: 0, level: false, masked: true, waits_for_eoi: false }
    }
}

impl Naive {
    /// The wire changes; the vector that is sent.
    pub fn line(&mut self, high: bool) -> Option<u8> {
        let rises = high && !self.high;
        self.high = high;
        if self.level {
            self.ask()
        } else {
            let exists = ![3, 6].contains(&self.delivery);
            (rises && exists && !self.masked).then_some(self.vector)
        }
    }

    /// Software writes the entry.
    pub fn program(&mut self, entry: u32) -> Option<u8> {
        self.vector = entry as u8;
        self.delivery = entry >> 8 & 7;
        self.level = entry >> 15 & 1 == 1 && self.delivery < 2;
        self.masked = entry >> 16 & 1 == 1;
        if !self.level {
            self.waits_for_eoi = false;
        }
        self.ask()
    }

    /// Software has served `vector`.
    pub fn eoi(&mut self, vector: u8) -> Option<u8> {
        if !self.waits_for_eoi || self.vector != vector {
            return None;
        }
        self.waits_for_eoi = false;
        self.ask()
    }

    fn ask(&mut self) -> Option<u8> {
        if !self.level || !self.high || self.masked || self.waits_for_eoi {
            return None;
        }
        self.waits_for_eoi = true;
        Some(self.vector)
    }
}
