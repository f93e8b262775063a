//! A VM's terminal: what it says to its operator, and what its operator types.

use super::{Display, Vm};
use crate::arch::x86_64::backend::Backend;
use crate::host::console;
use alloc::boxed::Box;
use heapless::Deque;
use machine::device::i8042::Key;
use monitor::Ring;

/// Bytes that may wait until the VM reads them: more than anybody types, and a good deal of pasted text.
const INPUT: usize = 4 << 10;
/// Bytes of what it said that are kept: some twenty screens.
const KEPT: usize = 64 << 10;

/// Words in both directions. No memory is taken after it is made.
pub struct Terminal {
    /// It is the one that the operator sees.
    is_front: bool,
    /// He sees it line by line, with all others.
    is_joined: bool,
    said: Ring,
    typed: Box<Deque<u8, INPUT>>,
}

impl Terminal {
    /// One that nobody sees, with nothing said or typed.
    pub fn new() -> Self {
        Self { is_front: false, is_joined: false, said: Ring::new(KEPT), typed: Box::new(Deque::new()) }
    }

    /// Nothing that was typed before is for the VM.
    pub fn power_on(&mut self) {
        self.typed.clear();
    }
}

impl<B: Backend> Vm<'_, B> {
    /// Prints what the guest's serial port and debug console say.
    pub(super) fn print(&mut self, output: &[u8]) {
        if output.is_empty() {
            return;
        }
        self.terminal.said.push(output);
        if self.terminal.is_joined {
            console::needs_service();
        }
        if !self.terminal.is_front {
            return;
        }
        self.terminal.said.mark_seen();
        match &mut self.display {
            Some(display) => display.print(output, &mut console::lock()),
            None => console::lock().write(output),
        }
    }

    /// What the VM said last.
    pub fn said(&mut self) -> &mut Ring {
        &mut self.terminal.said
    }

    /// The operator looks at this VM, or at all of them, or away.
    pub fn set_view(&mut self, is_front: bool, is_joined: bool) {
        (self.terminal.is_front, self.terminal.is_joined) = (is_front, is_joined);
        if let Some(display) = self.display.as_mut().filter(|_| is_front) {
            display.redraw();
        }
    }

    /// The operator types. Gives false if nothing more can wait: the byte is lost.
    pub fn type_byte(&mut self, byte: u8) -> bool {
        let can_wait = self.terminal.typed.push_back(byte).is_ok();
        console::needs_service();
        can_wait
    }

    /// The operator presses a key of this computer's keyboard (`down`), or lets it go. Gives false if this VM has no
    /// keyboard that the operator sees.
    pub fn press(&mut self, key: Key, down: bool) -> bool {
        let Some(display) = &mut self.display else { return false };
        display.press(key, down);
        true
    }

    /// Hands what was typed on to the guest, as far as it takes it now. Returns whether it took anything. While the VM is
    /// paused no time passes for its devices, and they take nothing.
    pub fn serve_input(&mut self) -> bool {
        if self.paused.is_some() {
            return false;
        }
        let now = self.now();
        let typed = &mut self.terminal.typed;
        let mut took = false;
        if let Some(display) = &mut self.display {
            return display.type_on(now, &mut self.pc, typed);
        }
        while self.pc.can_receive() {
            let Some(byte) = typed.pop_front() else { break };
            self.pc.receive(now, byte);
            took = true;
        }
        took
    }

    /// Shows the VM's screen if it has one, the operator looks at it, and it is time to.
    pub fn serve_display(&mut self) {
        let now = self.now();
        if let Some(display) = self.display.as_mut().filter(|_| self.terminal.is_front) {
            display.show(now, &self.pc, &self.ram, &mut console::lock());
        }
    }

    /// Whether something was typed that the guest has not taken yet, and could.
    pub fn has_input(&self) -> bool {
        self.paused.is_none() && self.has_typed()
    }

    fn has_typed(&self) -> bool {
        self.display.as_deref().is_some_and(Display::is_typing) || !self.terminal.typed.is_empty()
    }

    /// When the display has something to do (host TSC).
    pub fn display_deadline(&self) -> Option<u64> {
        let display = self.display.as_deref().filter(|_| self.terminal.is_front)?;
        display.next_deadline().map(|due| self.tsc_at(due))
    }

    /// The guest is about to run: its screen may change.
    pub fn screen_changes(&mut self) {
        if let Some(display) = self.display.as_mut().filter(|_| self.terminal.is_front) {
            display.guest_ran();
        }
    }

    /// Shows the guest's last words on its screen.
    pub(super) fn show_end(&mut self) {
        if let Some(display) = self.display.as_mut().filter(|_| self.terminal.is_front) {
            display.finish(&self.pc, &self.ram, &mut console::lock());
        }
    }
}
