//! A virtual CPU of plain data.

use super::VirtualCpu;
use crate::cpuid::test_host::TestHost;
use crate::cpuid::CpuVendor;
use crate::msr::MsrState;
use crate::pvclock::{PvClock, WallTime};
use crate::time::TscScale;
use crate::vcpu::{
    ControlRegister, CpuState, Event, Gprs, InterruptWindow, Vcpu, CR0_PG, EFER_LMA, EFER_LME, SEGMENT_LONG,
};

/// What handlers did to it can be looked at.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "most fields are named as the methods of Vcpu that answer with them")]
pub struct MockVcpu {
    pub state: CpuState,
    pub cpl: u8,
    pub pat: u64,
    pub xcr0: u64,
    pub tsc: u64,
    pub injected: Option<Event>,
    pub window: InterruptWindow,
    pub cr8: u8,
    /// What `was_delivering` answers.
    pub delivering: bool,
    /// How often an instruction, or an element of a string that is stepped, was completed.
    pub completed: u32,
    /// DR7.
    pub dr7: u64,
    /// DR0 to DR3.
    pub breakpoints: [u64; 4],
    /// The breakpoints of the trap that the guest takes.
    pub trapped: u64,
    /// The page-directory pointers that were loaded.
    pub pdptes: Option<[u64; 4]>,
}

impl Vcpu for MockVcpu {
    fn gprs(&self) -> &Gprs {
        &self.state.gprs
    }
    fn gprs_mut(&mut self) -> &mut Gprs {
        &mut self.state.gprs
    }
    fn rflags(&self) -> u64 {
        self.state.rflags
    }
    fn set_rflags(&mut self, value: u64) {
        self.state.rflags = value;
    }
    fn set_rsp(&mut self, value: u64) {
        self.state.rsp = value;
    }
    fn was_delivering(&self) -> bool {
        self.delivering
    }
    fn cr4(&self) -> u64 {
        self.state.cr4
    }
    fn cr0(&self) -> u64 {
        self.state.cr0
    }
    fn efer(&self) -> u64 {
        self.state.efer
    }
    fn dr7(&self) -> u64 {
        self.dr7
    }
    fn breakpoint_addresses(&self) -> [u64; 4] {
        self.breakpoints
    }
    fn cpl(&self) -> u8 {
        self.cpl
    }
    fn in_64_bit_code(&self) -> bool {
        self.state.efer & EFER_LMA != 0 && self.state.cs.attributes & SEGMENT_LONG != 0
    }
    fn complete_instruction(&mut self, next_rip: u64) {
        self.state.rip = next_rip;
        self.completed += 1;
    }
    fn trap_breakpoints(&mut self, met: u64) {
        self.trapped = met;
    }
    fn inject(&mut self, event: Event) {
        assert_eq!(self.injected.replace(event), None, "one event a time");
    }
    fn takes_nmi(&self) -> bool {
        self.injected == Some(Event::Nmi)
    }
    fn interruptible(&self) -> bool {
        self.injected.is_none()
    }
    fn request_interrupt_window(&mut self, window: InterruptWindow) {
        self.window = window;
    }
    fn cr8(&self) -> u8 {
        self.cr8
    }
    fn set_cr8(&mut self, value: u8) {
        self.cr8 = value;
    }
    fn set_control_register(&mut self, register: ControlRegister, value: u64) {
        match register {
            ControlRegister::Cr0 => self.state.cr0 = value,
            ControlRegister::Cr4 => self.state.cr4 = value,
        }
        let active = self.state.cr0 & CR0_PG != 0 && self.state.efer & EFER_LME != 0;
        self.state.efer = self.state.efer & !EFER_LMA | if active { EFER_LMA } else { 0 };
    }
    fn set_pdptes(&mut self, pdptes: &[u64; 4]) {
        self.pdptes = Some(*pdptes);
    }
    fn set_efer(&mut self, value: u64) {
        self.state.efer = value;
    }
    fn pat(&self) -> u64 {
        self.pat
    }
    fn set_pat(&mut self, value: u64) {
        self.pat = value;
    }
    fn xcr0(&self) -> u64 {
        self.xcr0
    }
    fn set_xcr0(&mut self, value: u64) {
        self.xcr0 = value;
    }
    fn tsc(&self) -> u64 {
        self.tsc
    }
    fn set_tsc(&mut self, value: u64) {
        self.tsc = value;
    }
    fn switch_task(&mut self, state: &CpuState) {
        self.state = *state;
    }
    fn state(&self) -> CpuState {
        self.state
    }
    fn load(&mut self, state: &CpuState) {
        self.state = *state;
    }
}

/// The policies on a host that has everything, with a TSC of 1 GHz.
#[must_use]
pub fn virtual_cpu(vendor: CpuVendor) -> VirtualCpu {
    let cpuid = TestHost::new(vendor).policy();
    let clock = PvClock::new(TscScale::from_khz(1_000_000), WallTime { seconds: 1_700_000_000, nanos: 5 });
    let msr = MsrState::after_firmware(&cpuid, clock);
    VirtualCpu { cpuid, msr }
}
