//! The operator: what comes in and goes out on the console, and on the control line, while VMs run.

use crate::arch::x86_64::backend::Backend;
use crate::arch::x86_64::cpu;
use crate::host::control::Control;
use crate::host::{clock, console, keyboard, log};
use crate::machines::Machines;
use crate::vm::Vm;
use machine::device::i8042::{Decoder, Key};
use machine::typing::Keyboard;
use monitor::{Console, Front, Hypervisor, Protocol};

/// How long output, input and screen may wait while a guest runs (nanoseconds): 2 ms of a 16-byte FIFO at 115,200 baud
/// are 1.4 ms.
pub const PERIOD: u64 = 2_000_000;
/// How often the screen is painted at most: 20 times a second.
const PAINT_PERIOD: u64 = 50_000_000;

/// The person at the console, and the program at the control line.
pub struct Operator {
    console: Console,
    /// Of this computer's keyboard.
    decoder: Decoder,
    keyboard: Keyboard,
    control: Control,
    protocol: Protocol,
    /// When they are served next, if it is known (host TSC).
    due: Option<u64>,
    painted: u64,
}

impl Operator {
    /// Nobody has typed anything yet. `prefix` is the key before those for the hypervisor.
    pub fn new(prefix: u8, vms: usize) -> Self {
        Self {
            console: Console::new(prefix, vms),
            decoder: Decoder::default(),
            keyboard: Keyboard::default(),
            control: Control::new(),
            protocol: Protocol::new(),
            due: None,
            painted: 0,
        }
    }

    /// Serves both, if it is time to; input does not wait. Returns the host's TSC when they want to be served again.
    pub fn serve<B: Backend>(&mut self, machines: &mut Machines<'_, B>) -> u64 {
        let now = cpu::tsc();
        let due = self.due.or_else(|| machines.front_vm()?.display_deadline());
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

    /// The last VM has ended, or the computer is to be switched off: what waits is sent.
    pub fn finish<B: Backend>(&mut self, machines: &mut Machines<'_, B>) {
        self.write(machines, cpu::tsc());
        while self.control.is_busy() {
            self.control.send();
        }
        console::lock().flush();
    }

    /// Hands on what was typed, and does what was said.
    fn read<B: Backend>(&mut self, machines: &mut Machines<'_, B>) {
        console::take_input();
        loop {
            let byte = console::lock().read();
            let Some(byte) = byte else { break };
            self.console.input(byte, machines, &mut console::Shared);
        }
        while let Some(code) = keyboard::scan_code() {
            if let Some((key, down)) = self.decoder.next(code) {
                self.press(key, down, machines);
            }
        }
        self.control.receive();
        while let Some(byte) = self.control.read() {
            // The queue for answers takes everything.
            let _ = self.protocol.byte(byte, machines, &mut self.control);
            self.control.send();
        }
        for number in 0..machines.count() {
            let took = machines.vm_mut(number).is_some_and(Vm::serve_input);
            if took {
                machines.wake(number);
            }
        }
    }

    /// A key of this computer's keyboard: for a VM with a keyboard the key itself, for all others what a terminal would send.
    fn press<B: Backend>(&mut self, key: Key, down: bool, machines: &mut Machines<'_, B>) {
        let sent = self.keyboard.key(key, down);
        let is_ours = sent.as_slice().iter().any(|byte| self.console.takes(*byte));
        if !is_ours && machines.front_vm().is_some_and(|vm| vm.press(key, down)) {
            return;
        }
        for byte in sent.as_slice() {
            self.console.input(*byte, machines, &mut console::Shared);
        }
    }

    /// Lets out what was said.
    fn write<B: Backend>(&mut self, machines: &mut Machines<'_, B>, now: u64) {
        if let Some(vm) = machines.front_vm() {
            vm.serve_display();
        }
        self.console.follow(machines, &mut console::Shared);
        if machines.front() == Front::Joined {
            self.join(machines, now);
        }
        if log::take_news() {
            self.console.message_was_shown(&mut console::Shared);
        }
        let mut console = console::lock();
        console.send();
        self.control.send();
        if now.wrapping_sub(self.painted) >= clock::tsc().ticks(PAINT_PERIOD) {
            console.paint();
            self.painted = now;
        }
    }

    /// Shows what all VMs said, a line at a time.
    fn join<B: Backend>(&mut self, machines: &mut Machines<'_, B>, now: u64) {
        let now = clock::tsc().nanos(now);
        for number in 0..machines.count() {
            let Some(vm) = machines.vm_mut(number) else { continue };
            let (name, said) = (&vm.spec().name, vm.said());
            for part in said.unseen() {
                self.console.output(number, name, part, now, &mut console::Shared);
            }
            said.mark_seen();
        }
        self.console.pause(now, machines, &mut console::Shared);
    }

    /// When there is something to do again, if nobody types.
    fn next_due<B: Backend>(&self, machines: &mut Machines<'_, B>, now: u64) -> Option<u64> {
        let tsc = clock::tsc();
        let soon = now.saturating_add(tsc.ticks(PERIOD));
        let has_input =
            (0..machines.count()).any(|number| machines.vm_mut(number).is_some_and(|vm| vm.has_input()));
        let display = machines.front_vm().and_then(|vm| vm.display_deadline());
        let lines = self.console.due().map(|nanos| tsc.ticks(nanos));
        let console = console::lock();
        let waiting = (has_input || console.is_sending() || self.control.is_busy()).then_some(soon);
        let paint = console.is_stale().then(|| self.painted.saturating_add(tsc.ticks(PAINT_PERIOD)));
        // What waits for a UART is overdue.
        waiting.into_iter().chain(paint).chain(display).chain(lines).min().map(|due| due.max(soon))
    }
}
