//! What tests need: a hypervisor of plain data, and a terminal that is paper.

use crate::console::Terminal;
use crate::front::Front;
use crate::hypervisor::{Hypervisor, NotRam, Refusal};
use crate::lifecycle::{Change, Ending, Event, State, VcpuState};
use crate::ring::Ring;
use crate::view::{Capability, CpuView, Identity, MemoryView, Offer, Times, VcpuView, VmView, Walk};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bundle::manifest::LogLevel;
use core::mem::take;
use machine::exits::StopReason;
use machine::memory::{Gpa, GuestMemory};
use machine::testing::TestRam;
use machine::translation::translate;
use machine::vcpu::{CpuState, Gprs, Segment, TableRegister};

/// Bytes of RAM that each VM really has.
const RAM: usize = 0x2_0000;
/// Where it lies in the computer.
const HOST: u64 = 0x1_0000_0000;
/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

/// A terminal that keeps what is written.
#[derive(Clone, Debug, Default)]
pub struct Paper(Vec<u8>);

impl Paper {
    /// What was written since the last time. What is not ASCII counts as `?`.
    pub fn take(&mut self) -> String {
        take(&mut self.0).into_iter().map(|byte| if byte.is_ascii() { byte.into() } else { '?' }).collect()
    }
}

impl Paper {
    /// Somebody else writes.
    pub fn write(&mut self, text: &str) {
        self.write_bytes(text.as_bytes());
    }
}

impl Terminal for Paper {
    fn write_bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn start_line(&mut self) {
        if self.0.last().is_some_and(|byte| *byte != b'\n') {
            self.write_bytes(b"\r\n");
        }
    }
}

/// A VM of the mock.
#[derive(Debug)]
pub struct MockVm {
    /// Its name.
    pub name: &'static str,
    /// Its state.
    pub state: State,
    /// How it ended.
    pub last_end: Option<Ending>,
    /// What it said.
    pub output: Ring,
    /// What was typed for it.
    pub typed: Vec<u8>,
}

/// A hypervisor with a running, a paused and a stopped VM.
pub struct Mock {
    /// Its VMs.
    pub vms: Vec<MockVm>,
    /// Who has the console.
    pub front: Front,
    /// The log.
    pub log: Ring,
    /// How much goes into it.
    pub level: LogLevel,
    /// It was told to switch off.
    pub is_off: bool,
    /// It refuses what it can, in these words.
    pub refuses: Option<&'static str>,
    /// RAM of every VM.
    pub ram: TestRam,
    /// Registers of every virtual CPU.
    pub state: CpuState,
}

impl Default for Mock {
    fn default() -> Self {
        let vm = |name, state, last_end| MockVm {
            name,
            state,
            last_end,
            output: Ring::new(256),
            typed: Vec::new(),
        };
        let stopped = Ending::Guest(StopReason::PowerOff);
        let cs = Segment { selector: 0x10, attributes: 0xa9b, limit: u32::MAX, base: 0 };
        Self {
            vms: Vec::from([
                vm("linux", State::Running, None),
                vm("dos", State::Paused, None),
                vm("nano", State::Stopped, Some(stopped)),
            ]),
            front: Front::Vm(0),
            log: Ring::new(256),
            level: LogLevel::Info,
            is_off: false,
            refuses: None,
            ram: TestRam::new(RAM),
            state: CpuState {
                gprs: Gprs { rax: 0x1234, ..Gprs::default() },
                rip: 0xffff_ffff_8100_0000,
                rflags: 2,
                cs,
                idtr: TableRegister { base: 0xfe00, limit: 0xfff },
                ..CpuState::default()
            },
        }
    }
}

impl Mock {
    fn refuse(&self) -> Result<(), Refusal> {
        self.refuses.map_or(Ok(()), |words| Err(words.into()))
    }
}

impl Hypervisor for Mock {
    fn identity(&self) -> Identity<'_> {
        let processor = "Mock CPU";
        Identity { version: "0.1.0", backend: "AMD SVM", processor, tsc_khz: 2_500_000, up: 3725 * SECOND }
    }

    fn vm_count(&self) -> usize {
        self.vms.len()
    }

    fn vm(&self, vm: usize) -> VmView<'_> {
        let MockVm { name, state, last_end, .. } = self.vms[vm];
        VmView {
            name,
            state,
            in_state: (vm as u64 + 1) * 12_345_000_000,
            memory: 512 << 20 >> vm,
            boot: "linux",
            vcpus: 2 - vm % 2,
            on_exit: "stop",
            weight: 100,
            last_end,
        }
    }

    fn vcpu(&self, vm: usize, vcpu: usize) -> VcpuView {
        match (self.vm(vm).state, vcpu) {
            (State::Running, 0) => VcpuView { state: VcpuState::Running(1), last_exit: Some("ports") },
            (State::Running, _) => VcpuView { state: VcpuState::Waiting, last_exit: Some("HLT") },
            (State::Paused, _) => VcpuView { state: VcpuState::Exited, last_exit: Some("CPUID") },
            _ => VcpuView { state: VcpuState::Stopped, last_exit: None },
        }
    }

    fn change(&mut self, vm: usize, change: Change) -> Result<(), Refusal> {
        self.refuse()?;
        let vm = &mut self.vms[vm];
        let begun =
            vm.state.after(change).map_err(|illegal| Refusal(format!("asked for {illegal:?}").into()))?;
        if change == Change::Stop {
            vm.last_end = Some(Ending::Operator);
        }
        vm.state = begun.learn(Event::Created).learn(Event::Destroyed);
        Ok(())
    }

    fn times(&self, vm: usize) -> Times {
        if vm > 0 {
            return Times::default();
        }
        Times { guest: 7 * SECOND, host: SECOND, waiting: 2 * SECOND, ready: 0, share: 805 }
    }

    fn exits(&self, vm: usize, each: &mut dyn FnMut(&'static str, u64)) {
        if vm == 0 {
            each("ports", 3000);
            each("CPUID", 0);
            each("HLT", 1000);
        }
    }

    fn registers(&mut self, _: usize, _: usize) -> Result<CpuState, Refusal> {
        self.refuse().map(|()| self.state)
    }

    fn read_memory(&mut self, _: usize, gpa: u64, bytes: &mut [u8]) -> Result<(), NotRam> {
        self.ram.read(Gpa(gpa), bytes).map_err(|_| NotRam)
    }

    fn walk(&mut self, _: usize, _: usize, gva: u64) -> Result<Walk, Refusal> {
        self.refuse()?;
        let guest = translate(&self.state, 40, &self.ram, gva);
        let host = guest.gpa().filter(|gpa| gpa.0 < RAM as u64).map(|gpa| HOST + gpa.0);
        Ok(Walk { guest, host })
    }

    fn caps(&self, each: &mut dyn FnMut(Capability<'_>)) {
        each(Capability { name: "nested paging", offer: Offer::Yes, is_used: true });
        each(Capability { name: "AVIC", offer: Offer::No, is_used: false });
        each(Capability { name: "ASIDs", offer: Offer::Detail(&32768), is_used: true });
    }

    fn memory(&self) -> MemoryView {
        MemoryView { total: 1023 << 20, free: 200 << 20, files: 40 << 20, heap: 8 << 20, heap_used: 3 << 19 }
    }

    fn cpu_count(&self) -> usize {
        2
    }

    fn cpu(&self, cpu: usize) -> CpuView {
        match cpu {
            1 => CpuView { apic_id: 2, is_online: true, runs: Some((0, 0)), busy: 805 },
            _ => CpuView { apic_id: 0, is_online: false, runs: None, busy: 0 },
        }
    }

    fn log_level(&self) -> LogLevel {
        self.level
    }

    fn set_log_level(&mut self, level: LogLevel) {
        self.level = level;
    }

    fn log(&mut self, look: &mut dyn FnMut(&mut Ring)) {
        look(&mut self.log);
    }

    fn front(&self) -> Front {
        self.front
    }

    fn attach(&mut self, front: Front) {
        self.front = front;
    }

    fn send(&mut self, vm: usize, bytes: &[u8]) -> Result<(), Refusal> {
        self.refuse()?;
        let vm = &mut self.vms[vm];
        if vm.state == State::Stopped {
            return Err("it is stopped: start it first".into());
        }
        vm.typed.extend_from_slice(bytes);
        Ok(())
    }

    fn output(&mut self, vm: usize, look: &mut dyn FnMut(&mut Ring)) {
        look(&mut self.vms[vm].output);
    }

    fn power_off(&mut self) {
        self.is_off = true;
    }
}
