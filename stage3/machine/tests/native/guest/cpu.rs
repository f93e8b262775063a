//! A virtual CPU of plain data.

use machine::vcpu::*;

pub struct Cpu(pub CpuState);

#[rustfmt::skip]
impl Vcpu for Cpu {
    fn gprs(&self) -> &Gprs { &self.0.gprs }
    fn gprs_mut(&mut self) -> &mut Gprs { &mut self.0.gprs }
    fn rflags(&self) -> u64 { self.0.rflags }
    fn set_rflags(&mut self, value: u64) { self.0.rflags = value; }
    fn set_rsp(&mut self, value: u64) { self.0.rsp = value; }
    fn cr4(&self) -> u64 { self.0.cr4 }
    fn cr0(&self) -> u64 { self.0.cr0 }
    fn efer(&self) -> u64 { self.0.efer }
    fn dr7(&self) -> u64 { 0 }
    fn breakpoint_addresses(&self) -> [u64; 4] { [0; 4] }
    fn cpl(&self) -> u8 { 0 }
    fn in_64_bit_code(&self) -> bool { self.0.efer & EFER_LMA != 0 && self.0.cs.attributes & SEGMENT_LONG != 0 }
    fn complete_instruction(&mut self, next_rip: u64) { self.0.rip = next_rip; }
    fn trap_breakpoints(&mut self, _: u64) {}
    fn was_delivering(&self) -> bool { false }
    fn inject(&mut self, event: Event) { panic!("{event:?}, but the processor executes it") }
    fn takes_nmi(&self) -> bool { false }
    fn interruptible(&self) -> bool { true }
    fn request_interrupt_window(&mut self, _: machine::vcpu::InterruptWindow) {}
    fn cr8(&self) -> u8 {
        0
    }
    fn set_cr8(&mut self, _: u8) {}
    fn set_control_register(&mut self, _: ControlRegister, _: u64) {}
    fn set_pdptes(&mut self, _: &[u64; 4]) {}
    fn set_efer(&mut self, _: u64) {}
    fn pat(&self) -> u64 { 0 }
    fn set_pat(&mut self, _: u64) {}
    fn xcr0(&self) -> u64 { 0 }
    fn set_xcr0(&mut self, _: u64) {}
    fn tsc(&self) -> u64 { 0 }
    fn set_tsc(&mut self, _: u64) {}
    fn switch_task(&mut self, state: &CpuState) { self.0 = *state; }
    fn state(&self) -> CpuState { self.0 }
    fn load(&mut self, state: &CpuState) { self.0 = *state; }
}
