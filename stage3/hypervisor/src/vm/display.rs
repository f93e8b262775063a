//! A VM's text screen and keyboard, for its operator: the picture goes to the terminal at the serial line and to this
//! computer's screen; what is typed at the terminal, and at this computer's keyboard, becomes strokes of the VM's keys.

use super::ram::GuestRam;
use crate::host::console::Console;
use heapless::{Deque, Vec};
use machine::device::i8042::Key;
use machine::pc::Pc;
use machine::screen::{Painter, Picture};
use machine::time::Instant;
use machine::typing::{Stroke, Translator, Typed};

/// How often the VM's screen is looked at: 25 times a second.
const LOOK_PERIOD: u64 = 40_000_000;
/// Bytes that an update of the terminal has, about: what 115,200 baud take in two periods. The next one waits until
/// this one is sent.
const UPDATE: usize = 1000;
/// Between two strokes: a BIOS has room for 15 of them.
const STROKE_PERIOD: u64 = 10_000_000;
/// Strokes that wait for the VM's keyboard.
const STROKES: usize = 64;
/// Events of a stroke: three modifiers and the key go down and up.
const EVENTS: usize = 8;
/// Keys of this computer that wait for the VM's keyboard; they go down and up.
const PRESSED: usize = 64;
/// Bytes of a line of the VM's serial port.
const LINE: usize = 160;

/// The operator's view of a VM.
pub struct Display {
    picture: Picture,
    painter: Painter,
    translator: Translator,
    strokes: Deque<Stroke, STROKES>,
    events: Deque<(Key, bool), EVENTS>,
    pressed: Deque<(Key, bool), PRESSED>,
    typed: Instant,
    looked: Instant,
    is_stale: bool,
    /// The line that the VM's serial port is at.
    line: Vec<u8, LINE>,
}

impl Display {
    /// The view of a VM that is about to start. No memory is taken later.
    pub fn new() -> Self {
        Self {
            picture: Picture::new(),
            painter: Painter::new(),
            translator: Translator::new(),
            strokes: Deque::new(),
            events: Deque::new(),
            pressed: Deque::new(),
            typed: Instant(0),
            looked: Instant(0),
            is_stale: false,
            line: Vec::new(),
        }
    }

    /// The VM is switched on: nothing that was typed before is for it.
    pub fn power_on(&mut self) {
        self.translator = Translator::new();
        self.strokes.clear();
        self.events.clear();
        self.pressed.clear();
        (self.typed, self.looked) = (Instant(0), Instant(0));
    }

    /// The guest ran: its screen may have changed.
    pub fn guest_ran(&mut self) {
        self.is_stale = true;
    }

    /// A key of this computer's keyboard goes down or up.
    pub fn press(&mut self, key: Key, down: bool) {
        // Nobody types that much ahead.
        let _ = self.pressed.push_back((key, down));
    }

    /// Moves what was typed on to the keyboard. Returns whether a key moved.
    pub fn type_on<const N: usize>(&mut self, now: Instant, pc: &mut Pc, typed: &mut Deque<u8, N>) -> bool {
        let paused = self.translator.pause(now);
        self.take(paused);
        while !self.strokes.is_full() {
            let Some(byte) = typed.pop_front() else { break };
            let typed = self.translator.byte(now, byte);
            self.take(typed);
        }
        if self.events.is_empty() && now - self.typed >= STROKE_PERIOD {
            if let Some(stroke) = self.strokes.pop_front() {
                self.typed = now;
                for event in stroke.events() {
                    // There is room for every stroke.
                    let _ = self.events.push_back(event);
                }
            }
        }
        if pc.can_type() {
            if let Some((key, down)) = self.pressed.pop_front().or_else(|| self.events.pop_front()) {
                pc.key(now, key, down);
                return true;
            }
        }
        false
    }

    fn take(&mut self, typed: Option<Typed>) {
        match typed {
            // There is room: `type_on` reads nothing else.
            Some(Typed::Stroke(stroke)) => _ = self.strokes.push_back(stroke),
            Some(Typed::Redraw) => self.redraw(),
            None => {}
        }
    }

    /// Sends the whole screen to the terminal the next time.
    pub fn redraw(&mut self) {
        self.painter.forget();
        self.is_stale = true;
    }

    /// Shows the VM's screen if it is time to. An update waits for the one before to be sent.
    pub fn show(&mut self, now: Instant, pc: &Pc, ram: &GuestRam, console: &mut Console) {
        if self.is_stale && !console.is_sending() && now - self.looked >= LOOK_PERIOD {
            self.looked = now;
            self.update(pc, ram, console, UPDATE);
        }
    }

    /// The VM stops: shows all that it has to say.
    pub fn finish(&mut self, pc: &Pc, ram: &GuestRam, console: &mut Console) {
        self.end_line(console);
        self.update(pc, ram, console, usize::MAX);
    }

    fn update(&mut self, pc: &Pc, ram: &GuestRam, console: &mut Console, budget: usize) {
        let Some(vga) = pc.vga() else { return };
        self.picture.look(vga, ram);
        if !console.shows_picture() {
            self.painter.forget();
            // What is on the terminal stays until there is something else to see.
            if self.picture.is_blank() {
                self.is_stale = false;
                return;
            }
        }
        console.show_on_screen(&self.picture);
        self.is_stale = !self.painter.paint(&self.picture, budget, &mut |bytes| console.send_picture(bytes));
        console.send();
    }

    /// When there is something to do again, if nobody types and the guest does not run.
    pub fn next_deadline(&self) -> Option<Instant> {
        let look = self.is_stale.then(|| self.looked + LOOK_PERIOD);
        look.into_iter().chain(self.translator.next_deadline()).min()
    }

    /// Whether keys wait for the VM's keyboard.
    pub fn is_typing(&self) -> bool {
        !self.strokes.is_empty() || !self.events.is_empty() || !self.pressed.is_empty()
    }

    /// What the VM's serial port says goes around the picture, a line at a time.
    pub fn print(&mut self, bytes: &[u8], console: &mut Console) {
        for byte in bytes {
            // A full line was ended.
            let _ = self.line.push(*byte);
            if *byte == b'\n' || self.line.is_full() {
                self.end_line(console);
            }
        }
    }

    fn end_line(&mut self, console: &mut Console) {
        if !self.line.is_empty() {
            console.write(&self.line);
            self.line.clear();
        }
    }
}
