//! What the operator's console needs of all VMs, and of the computer.

use super::Machines;
use crate::arch::x86_64::backend::Backend;
use crate::arch::x86_64::{apic, cpu};
use crate::host::{self, clock, memory};
use crate::vm::Vm;
use bundle::manifest::{Boot, LogLevel, OnExit};
use machine::vcpu::CpuState;
use monitor::hypervisor::{NotRam, Refusal};
use monitor::lifecycle::{Change, State, VcpuState};
use monitor::view::{Capability, CpuView, Identity, MemoryView, Offer, Times, VcpuView, VmView, Walk};
use monitor::{Front, Hypervisor, Ring};

/// Why there is nothing to see in a VM.
const NEVER_ON: &str = "it has not run yet: start it first";

impl<'a, B: Backend> Machines<'a, B> {
    /// How many there are, whether they exist or not.
    pub fn count(&self) -> usize {
        self.slots.len()
    }

    /// The VM with this number, if it exists.
    pub fn vm_mut(&mut self, number: usize) -> Option<&mut Vm<'a, B>> {
        self.slots.get_mut(number)?.vm.as_deref_mut()
    }

    /// The VM in front.
    pub fn front_vm(&mut self) -> Option<&mut Vm<'a, B>> {
        match self.front {
            Front::Vm(number) => self.vm_mut(number),
            Front::Monitor | Front::Joined => None,
        }
    }

    /// Gives the console to `front`.
    pub(super) fn give_console(&mut self, front: Front) {
        self.front = front;
        for number in 0..self.count() {
            if let Some(vm) = self.vm_mut(number) {
                vm.set_view(front == Front::Vm(number), front == Front::Joined);
            }
        }
    }

    /// A VM whose registers the processor has: then all of them can be read.
    fn look_into(&mut self, number: usize) -> Result<&mut Vm<'a, B>, Refusal> {
        self.make_live(number);
        let vm = self.vm_mut(number).filter(|vm| vm.was_on());
        vm.ok_or(NEVER_ON.into())
    }
}

impl<B: Backend> Hypervisor for Machines<'_, B> {
    fn identity(&self) -> Identity<'_> {
        let tsc = clock::tsc();
        Identity {
            version: env!("CARGO_PKG_VERSION"),
            backend: self.backend.name(),
            processor: &self.processor,
            tsc_khz: tsc.khz(),
            up: tsc.nanos(cpu::tsc().wrapping_sub(clock::started())),
        }
    }

    fn vm_count(&self) -> usize {
        self.count()
    }

    fn vm(&self, vm: usize) -> VmView<'_> {
        let slot = &self.slots[vm];
        VmView {
            name: &slot.spec.name,
            state: slot.state,
            in_state: clock::tsc().nanos(cpu::tsc().wrapping_sub(slot.since)),
            memory: slot.spec.memory,
            boot: match slot.spec.boot {
                Boot::Linux { .. } => "linux",
                Boot::Multiboot { .. } => "multiboot",
                Boot::Flat { .. } => "flat",
                Boot::Bios { .. } => "bios",
            },
            vcpus: slot.spec.vcpus as usize,
            on_exit: match slot.spec.on_exit {
                OnExit::Stop => "stop",
                OnExit::Restart => "restart",
            },
            weight: slot.spec.weight,
            last_end: slot.last_end,
        }
    }

    fn vcpu(&self, vm: usize, _: usize) -> VcpuView {
        let slot = &self.slots[vm];
        let state = match slot.state {
            State::Running => match self.scheduler.state(vm) {
                scheduler::State::Asleep(_) => VcpuState::Waiting,
                scheduler::State::Ready | scheduler::State::Off => VcpuState::Exited,
            },
            State::Paused => VcpuState::Exited,
            _ => VcpuState::Stopped,
        };
        VcpuView { state, last_exit: slot.vm.as_ref().and_then(|vm| vm.exits().last()) }
    }

    fn change(&mut self, vm: usize, change: Change) -> Result<(), Refusal> {
        self.change_state(vm, change)
    }

    fn times(&self, vm: usize) -> Times {
        let (slot, tsc) = (&self.slots[vm], clock::tsc());
        let (ran, waited, ready) = slot.times.so_far(cpu::tsc());
        let guest = slot.vm.as_ref().map_or(0, |vm| vm.guest_ticks()).min(ran);
        Times {
            guest: tsc.nanos(guest),
            host: tsc.nanos(ran - guest),
            waiting: tsc.nanos(waited),
            ready: tsc.nanos(ready),
            share: slot.times.share,
        }
    }

    fn exits(&self, vm: usize, each: &mut dyn FnMut(&'static str, u64)) {
        if let Some(vm) = &self.slots[vm].vm {
            vm.exits().each(each);
        }
    }

    fn registers(&mut self, vm: usize, _: usize) -> Result<CpuState, Refusal> {
        self.look_into(vm).map(|vm| vm.state())
    }

    fn read_memory(&mut self, vm: usize, gpa: u64, bytes: &mut [u8]) -> Result<(), NotRam> {
        self.vm_mut(vm).ok_or(NotRam)?.read_memory(gpa, bytes).map_err(|_| NotRam)
    }

    fn walk(&mut self, vm: usize, _: usize, gva: u64) -> Result<Walk, Refusal> {
        self.look_into(vm).map(|vm| {
            let (guest, host) = vm.walk(gva);
            Walk { guest, host }
        })
    }

    fn caps(&self, each: &mut dyn FnMut(Capability<'_>)) {
        self.backend.features(&mut |name, is_offered, is_used| {
            let offer = if is_offered { Offer::Yes } else { Offer::No };
            each(Capability { name, offer, is_used });
        });
    }

    fn memory(&self) -> MemoryView {
        let (heap, heap_used) = memory::heap_bytes();
        let total = memory::ram().iter().map(|range| range.end - range.start).sum();
        MemoryView { total, free: memory::free_bytes(), files: self.bundle.bytes(), heap, heap_used }
    }

    /// The others are not started.
    fn cpu_count(&self) -> usize {
        1
    }

    fn cpu(&self, _: usize) -> CpuView {
        let is_on = |vm: &usize| self.slots[*vm].state == State::Running;
        let runs = self.live.filter(is_on).map(|vm| (vm, 0));
        CpuView { apic_id: apic::id(), is_online: true, runs, busy: self.window.busy }
    }

    fn log_level(&self) -> LogLevel {
        host::log::level()
    }

    fn set_log_level(&mut self, level: LogLevel) {
        host::log::set_level(level);
    }

    fn log(&mut self, look: &mut dyn FnMut(&mut Ring)) {
        host::log::look(look);
    }

    fn front(&self) -> Front {
        self.front
    }

    fn attach(&mut self, front: Front) {
        self.give_console(front);
    }

    fn send(&mut self, vm: usize, bytes: &[u8]) -> Result<(), Refusal> {
        if !matches!(self.slots[vm].state, State::Running | State::Paused) {
            return Err("it is not on: start it first".into());
        }
        let vm = self.vm_mut(vm).ok_or("it does not exist: create it first")?;
        let takes_all = bytes.iter().all(|byte| vm.type_byte(*byte));
        if takes_all {
            Ok(())
        } else {
            Err("it does not read what was typed before: some of this is lost".into())
        }
    }

    fn output(&mut self, vm: usize, look: &mut dyn FnMut(&mut Ring)) {
        if let Some(vm) = self.vm_mut(vm) {
            look(vm.said());
        }
    }

    fn power_off(&mut self) {
        self.is_off = true;
    }
}
