//! An 8259A told naively: the priorities are a list that is really rotated, and the registers are lists of
//! eight.

use std::vec::Vec;

/// The chip, in 8086 mode and without slaves.
pub struct Naive {
    /// Levels, highest priority first.
    order: Vec<usize>,
    high: [bool; 8],
    edge: [bool; 8],
    pub level_triggered: [bool; 8],
    serving: [bool; 8],
    masked: [bool; 8],
    auto_eoi: bool,
    rotate_in_auto_eoi: bool,
    special_mask: bool,
    base: u8,
}

fn byte(bits: [bool; 8]) -> u8 {
    (0..8).filter(|level| bits[*level]).map(|level| 1 << level).sum()
}

impl Naive {
    pub fn new(base: u8, auto_eoi: bool) -> Self {
        Self {
            order: (0..8).collect(),
            high: [false; 8],
            edge: [false; 8],
            level_triggered: [false; 8],
            serving: [false; 8],
            masked: [false; 8],
            auto_eoi,
            rotate_in_auto_eoi: false,
            special_mask: false,
            base,
        }
    }

    pub fn set_line(&mut self, level: usize, high: bool) {
        self.edge[level] = if high { self.edge[level] || !self.high[level] } else { false };
        self.high[level] = high;
    }

    fn requested(&self, level: usize) -> bool {
        if self.level_triggered[level] {
            self.high[level]
        } else {
            self.edge[level]
        }
    }

    pub fn requests(&self) -> u8 {
        byte(core::array::from_fn(|level| self.requested(level)))
    }

    pub fn in_service(&self) -> u8 {
        byte(self.serving)
    }

    pub fn mask(&mut self, mask: u8) {
        self.masked = core::array::from_fn(|level| mask >> level & 1 == 1);
    }

    /// From the highest priority down: a request wins, a level in service ends the search.
    pub fn winner(&self) -> Option<usize> {
        for level in self.order.iter().copied() {
            let ignored = self.special_mask && self.masked[level];
            if self.serving[level] && !ignored {
                return None;
            }
            if self.requested(level) && !self.masked[level] {
                return Some(level);
            }
        }
        None
    }

    fn make_lowest(&mut self, level: usize) {
        while self.order.last() != Some(&level) {
            self.order.rotate_left(1);
        }
    }

    pub fn acknowledge(&mut self) -> u8 {
        let Some(level) = self.winner() else { return self.base + 7 };
        self.edge[level] = false;
        if !self.auto_eoi {
            self.serving[level] = true;
        } else if self.rotate_in_auto_eoi {
            self.make_lowest(level);
        }
        self.base + level as u8
    }

    pub fn poll(&mut self) -> u8 {
        if self.winner().is_none() {
            return 0;
        }
        0x80 | (self.acknowledge() - self.base)
    }

    pub fn ocw2(&mut self, command: u8, level: usize) {
        let first = self
            .order
            .iter()
            .copied()
            .find(|level| self.serving[*level] && !(self.special_mask && self.masked[*level]));
        match command {
            0b001 | 0b101 => {
                if let Some(first) = first {
                    self.serving[first] = false;
                    if command == 0b101 {
                        self.make_lowest(first);
                    }
                }
            }
            0b011 => self.serving[level] = false,
            0b111 => {
                self.serving[level] = false;
                self.make_lowest(level);
            }
            0b110 => self.make_lowest(level),
            0b100 => self.rotate_in_auto_eoi = true,
            0b000 => self.rotate_in_auto_eoi = false,
            _ => {}
        }
    }

    pub fn set_special_mask(&mut self, on: bool) {
        self.special_mask = on;
    }
}
