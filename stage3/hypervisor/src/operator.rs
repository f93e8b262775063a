//! The operator: what comes in and goes out on the console while VMs run.

use crate::arch::x86_64::backend::Backend;
use crate::arch::x86_64::cpu;
use crate::host::{clock, console, keyboard};
use crate::machines::Machines;
use crate::vm::Vm;
use machine::device::i8042::Decoder;

/// How long the console's output, input and screen may wait while a guest runs (nanoseconds): 2 ms of a 16-byte FIFO at
/// 115,200 baud are 1.4 ms.
pub const PERIOD: u64 = 2_000_000;
/// How often the screen is painted at most: 20 times a second.
const PAINT_PERIOD: u64 = 50_000_000;

/// The person at the console.
pub struct Operator {
    /// The VM that has the console.
    front: usize,
    /// Of this computer's keyboard.
    decoder: Decoder,
    /// When the console is served next, if it is known (host TSC).
    due: Option<u64>,
    painted: u64,
}

impl Operator {
    /// Nobody has typed anything yet.
    pub fn new() -> Self {
        Self { front: 0, decoder: Decoder::default(), due: None, painted: 0 }
    }

    /// Gives the console to the VM `number`.
    pub fn attach<B: Backend>(&mut self, machines: &mut Machines<'_, B>, number: usize) {
        self.front = number;
        for other in 0..machines.count() {
            if let Some(vm) = machines.vm(other) {
                vm.set_front(other == number);
            }
        }
    }

    /// Serves the console, if it is time to; input does not wait. Returns the host's TSC when it wants to be served again.
    pub fn serve<B: Backend>(&mut self, machines: &mut Machines<'_, B>) -> u64 {
        let now = cpu::tsc();
        let due = self.due.or_else(|| machines.vm(self.front)?.display_deadline());
        let is_due = due.is_some_and(|due| now >= due);
        if is_due || console::is_urgent() || (self.due.is_none() && console::is_busy()) {
            self.read(machines);
            self.write(machines, now);
            self.due = self.next_due(machines, now);
            console::set_busy(self.due.is_some());
            return self.due.unwrap_or(u64::MAX);
        }
        due.unwrap_or(u64::MAX)
    }

    /// Hands on what was typed.
    fn read<B: Backend>(&mut self, machines: &mut Machines<'_, B>) {
        let front = self.front;
        loop {
            let byte = console::lock().read();
            let (Some(byte), Some(vm)) = (byte, machines.vm(front)) else { break };
            vm.type_byte(byte);
        }
        while let Some(code) = keyboard::scan_code() {
            let Some((key, down)) = self.decoder.next(code) else { continue };
            if let Some(vm) = machines.vm(front) {
                vm.press(key, down);
            }
        }
        for number in 0..machines.count() {
            let took = machines.vm(number).is_some_and(Vm::serve_input);
            if took {
                machines.wake(number);
            }
        }
    }

    /// Lets out what was said.
    fn write<B: Backend>(&mut self, machines: &mut Machines<'_, B>, now: u64) {
        if let Some(vm) = machines.vm(self.front) {
            vm.serve_display();
        }
        let mut console = console::lock();
        console.send();
        if now.wrapping_sub(self.painted) >= clock::tsc().ticks(PAINT_PERIOD) {
            console.paint();
            self.painted = now;
        }
    }

    /// When there is something to do again, if nobody types.
    fn next_due<B: Backend>(&self, machines: &mut Machines<'_, B>, now: u64) -> Option<u64> {
        let soon = now.saturating_add(clock::tsc().ticks(PERIOD));
        let has_input =
            (0..machines.count()).any(|number| machines.vm(number).is_some_and(|vm| vm.has_input()));
        let display = machines.vm(self.front).and_then(|vm| vm.display_deadline());
        let console = console::lock();
        let waiting = (has_input || console.is_sending()).then_some(soon);
        let paint = console.is_stale().then(|| self.painted.saturating_add(clock::tsc().ticks(PAINT_PERIOD)));
        // What waits for the UART is overdue.
        waiting.into_iter().chain(paint).chain(display).min().map(|due| due.max(soon))
    }
}
