//! An 8254 counter that ticks: each mode as the datasheet's text tells it, one clock at a time.

/// The chip.
#[allow(clippy::struct_excessive_bools, reason = "they are flip-flops of the chip, each on its own")]
pub struct Ticking {
    mode: u8,
    bcd: bool,
    gate: bool,
    pub out: bool,
    pub rose: bool,
    pub half_written: bool,
    pub low_byte: u8,
    pub null_count: bool,
    /// Count register, as the number that it means.
    register: Option<u32>,
    load: bool,
    trigger: bool,
    loaded: bool,
    /// The counting element.
    element: u32,
    /// Ticks that remain of a half of the square wave.
    half_left: u32,
    armed: bool,
    told: bool,
}

impl Ticking {
    pub fn new() -> Self {
        Self {
            mode: 3,
            bcd: false,
            gate: true,
            out: true,
            rose: false,
            half_written: false,
            low_byte: 0,
            null_count: true,
            register: None,
            load: false,
            trigger: false,
            loaded: false,
            element: 0,
            half_left: 0,
            armed: false,
            told: false,
        }
    }

    fn range(&self) -> u32 {
        if self.bcd {
            10_000
        } else {
            65_536
        }
    }

    pub fn program(&mut self, mode: u8, bcd: bool) {
        let mode = if mode > 5 { mode - 4 } else { mode };
        let (gate, told, before) = (self.gate, self.told, self.out());
        *self = Self { mode, bcd, gate, told, out: mode != 0, ..Self::new() };
        self.note(before);
    }

    pub fn half(&mut self) {
        let before = self.out();
        self.half_written = true;
        if self.mode == 0 {
            self.out = false;
        }
        self.note(before);
    }

    pub fn write(&mut self, register: u16) {
        let before = self.out();
        let number = if self.bcd {
            std::format!("{register:x}").parse().expect("decimal digits")
        } else {
            u32::from(register)
        };
        self.register = Some(if number == 0 { self.range() } else { number });
        self.null_count = true;
        self.half_written = false;
        match self.mode {
            0 => {
                self.out = false;
                self.load = true;
            }
            4 => self.load = true,
            2 | 3 if !self.loaded => self.load = true,
            _ => {}
        }
        self.note(before);
    }

    pub fn set_gate(&mut self, level: bool) {
        let before = self.out();
        if level && !self.gate && self.register.is_some() {
            self.trigger = true;
        }
        self.gate = level;
        self.note(before);
    }

    /// One clock pulse.
    pub fn tick(&mut self) {
        let before = self.out();
        let triggered = core::mem::take(&mut self.trigger);
        let load = core::mem::take(&mut self.load);
        match self.mode {
            0 => {
                if load {
                    self.load();
                } else if self.gate && !self.half_written && self.loaded {
                    self.decrement();
                    self.out |= self.element == 0;
                }
            }
            1 => {
                if triggered {
                    self.load();
                    self.out = false;
                } else if self.loaded {
                    self.decrement();
                    self.out |= self.element == 0;
                }
            }
            2 => {
                if load || triggered {
                    self.load();
                    self.out = true;
                } else if self.gate && self.loaded {
                    self.decrement();
                    self.out = self.element != 1;
                    if self.element == 0 {
                        self.load();
                    }
                }
            }
            3 => self.tick_square_wave(load || triggered),
            _ => {
                let counts = if self.mode == 4 { self.gate } else { true };
                if (load && self.mode == 4) || (triggered && self.mode == 5) {
                    self.load();
                    self.out = true;
                    self.armed = true;
                } else if counts && self.loaded {
                    self.decrement();
                    self.out = !(self.armed && self.element == 0);
                    self.armed &= self.out;
                }
            }
        }
        self.note(before);
    }

    fn tick_square_wave(&mut self, restart: bool) {
        if restart {
            self.out = true;
            self.start_half();
        } else if self.gate && self.loaded {
            self.half_left -= 1;
            self.element = self.element.saturating_sub(2);
            if self.half_left == 0 {
                self.out = !self.out;
                self.start_half();
            }
        }
    }

    fn start_half(&mut self) {
        self.load();
        let count = self.element;
        self.half_left = if self.out { count.div_ceil(2) } else { count / 2 };
        self.element -= count % 2;
    }

    fn load(&mut self) {
        self.element = self.register.expect("only counts are loaded");
        self.loaded = true;
        self.null_count = false;
    }

    fn decrement(&mut self) {
        self.element = (self.element % self.range() + self.range() - 1) % self.range();
    }

    fn note(&mut self, before: bool) {
        self.rose = !before && self.out();
        self.told |= self.rose;
    }

    pub fn out(&self) -> bool {
        self.out || (matches!(self.mode, 2 | 3) && !self.gate)
    }

    /// Whether OUT rose since the last call.
    pub fn take_rise(&mut self) -> bool {
        core::mem::take(&mut self.told)
    }

    /// The counting element as the CPU reads it, once there was a count.
    pub fn value(&self) -> Option<u16> {
        let value = self.element % self.range();
        let value = if self.bcd {
            u32::from_str_radix(&std::format!("{value}"), 16).expect("decimal digits")
        } else {
            value
        };
        self.loaded.then_some(value as u16)
    }
}
