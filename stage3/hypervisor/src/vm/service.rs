//! The console's service while a VM runs: input to the guest, output to the UART and the screen.

use super::display::Display;
use super::Vm;
use crate::arch::x86_64::backend::Backend;
use crate::host::console;
use machine::time::Instant;

/// How long the console's output, input and screen may wait while a guest runs: 2 ms of a 16-byte FIFO at 115,200
/// baud are 1.4 ms.
const PERIOD: u64 = 2_000_000;
/// How often the screen is painted at most: 20 times a second.
const PAINT_PERIOD: u64 = 50_000_000;

/// When the console is served next.
pub(super) struct ConsoleService {
    due: Option<Instant>,
    painted: Instant,
    /// There is input that the guest does not take.
    is_blocked: bool,
}

impl ConsoleService {
    /// For a VM that is about to run.
    pub(super) const fn new() -> Self {
        Self { due: None, painted: Instant(0), is_blocked: false }
    }

    /// When it has something to do, whatever the guest does.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The guest ran.
    pub(super) fn guest_ran<B: Backend>(&mut self, vm: &mut Vm<'_, B>) {
        if let Some(display) = vm.display.as_mut().filter(|display| !display.is_stale()) {
            display.guest_ran();
            self.due = self.due.into_iter().chain(display.next_deadline()).min();
        }
    }

    /// Serves it, if it is time to. Input does not wait.
    pub(super) fn run<B: Backend>(&mut self, vm: &mut Vm<'_, B>, now: Instant) {
        let has_news = console::has_input() && !self.is_blocked;
        let waiting = self.due.is_some_and(|due| now < due);
        if !has_news && (waiting || (self.due.is_none() && !console::is_busy())) {
            return;
        }
        let mut console = console::lock();
        if let Some(display) = &mut vm.display {
            display.type_on(now, &mut vm.pc, &mut console);
            display.show(now, &vm.pc, &vm.ram, &mut console);
        } else {
            while vm.pc.can_receive() {
                let Some(byte) = console.read() else { break };
                vm.pc.receive(now, byte);
            }
        }
        console.send();
        if now - self.painted >= PAINT_PERIOD {
            console.paint();
            self.painted = now;
        }
        self.is_blocked = console::has_input();
        let is_typing = vm.display.as_deref().is_some_and(Display::is_typing);
        let soon = (self.is_blocked || is_typing || console.is_sending()).then(|| now + PERIOD);
        let paint = console.is_stale().then(|| self.painted + PAINT_PERIOD);
        let display = vm.display.as_deref().and_then(Display::next_deadline);
        // What waits for the UART is overdue.
        self.due = soon.into_iter().chain(paint).chain(display).min().map(|due| due.max(now + PERIOD));
        console::set_busy(self.due.is_some());
    }
}
