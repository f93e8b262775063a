//! AMD SVM (AMD APM volume 2, "Secure Virtual Machine").
//!
//! * [`vmcb`]: the structure that CPU and hypervisor share, by the manual's names
//! * `entry`: the world switch
//! * `vcpu`: a virtual CPU, `run`: its runs, `events` and `nmi`: interrupts into it
//! * `exits`: what each exit code means, `control_registers`: writes to CR0, CR4 and CR8
//! * `asids`: whose cached translations are whose; `code`: where the guest's code is
//! * `guest_state`: the registers in the VMCB as a whole
//! * `permissions`: which ports and MSRs exit; `npt`: the encoding of nested page tables
//! * `explain`: why the CPU refused to run a guest

mod asids;
mod code;
mod control_registers;
mod entry;
mod events;
mod exits;
mod explain;
mod guest_state;
mod nmi;
mod npt;
mod permissions;
mod run;
mod vcpu;
mod vmcb;

use super::backend::{Backend, GuestLimits, OptionalInstructions, SetupError};
use super::page::{Hpa, Page};
use super::{cpu, msr};
use alloc::rc::Rc;
use alloc::string::ToString;
use asids::Asids;
use bundle::boot_info::BootInfo;
use core::arch::asm;
use machine::cpuid::HostCpuid;

pub use npt::Npt;
pub use vcpu::SvmVcpu;

/// MSR VM_HSAVE_PA: where VMRUN keeps the host's state.
const VM_HSAVE_PA: u32 = 0xc001_0117;
/// CPUID leaf of the SVM revision and features.
const SVM_FEATURES: u32 = 0x8000_000a;
/// CPUID 8000_000Ah EDX: nested paging.
const NESTED_PAGING: u32 = 1 << 0;
/// CPUID 8000_000Ah EDX: the VMCB holds the next instruction's address after an exit.
const NEXT_RIP: u32 = 1 << 3;
/// The bits of CPUID 8000_000Ah EDX (AMD APM volume 3, "Function 8000_000Ah").
const FEATURES: [(u32, &str); 22] = [
    (0, "nested paging"),
    (1, "LBR virtualization"),
    (2, "SVM lock"),
    (3, "next RIP saved"),
    (4, "TSC rate by MSR"),
    (5, "VMCB clean bits"),
    (6, "flush by ASID"),
    (7, "decode assists"),
    (10, "pause filter"),
    (12, "pause filter threshold"),
    (13, "AVIC"),
    (15, "virtual VMSAVE and VMLOAD"),
    (16, "virtual GIF"),
    (17, "guest mode execute trap"),
    (18, "AVIC with x2APIC"),
    (19, "supervisor shadow stack check"),
    (20, "SPEC_CTRL virtualization"),
    (21, "read-only guest page tables"),
    (23, "host machine check override"),
    (24, "INVLPGB and TLBSYNC control"),
    (25, "virtual NMI"),
    (26, "IBS virtualization"),
];

/// SVM on this CPU.
pub struct Svm {
    host: Rc<HostState>,
    has_next_rip: bool,
}

/// Where the CPU keeps the host's side while a guest runs.
pub struct HostState {
    /// Written and read by VMRUN and #VMEXIT.
    _hsave: Page,
    /// FS, GS, TR, LDTR and the SYSCALL and SYSENTER MSRs of the host, for VMLOAD.
    vmcb: Page,
    asids: Asids,
}

impl Backend for Svm {
    type Vcpu = SvmVcpu;
    type Format = Npt;

    fn new(_: &BootInfo) -> Result<Self, SetupError> {
        let features = cpu::Cpuid.leaf(SVM_FEATURES, 0);
        if features.edx & NESTED_PAGING == 0 {
            return Err(SetupError("this CPU's SVM has no nested paging".to_string()));
        }
        let (hsave, vmcb) = (Page::zeroed(), Page::zeroed());
        // SAFETY: stage 2 set EFER.SVME, so the MSR and the instruction exist; both pages are ours and live as long
        // as this structure, which every virtual CPU keeps alive.
        unsafe {
            msr::write(VM_HSAVE_PA, hsave.hpa().0);
            asm!("vmsave rax", in("rax") vmcb.hpa().0, options(nostack));
        }
        let host = Rc::new(HostState { _hsave: hsave, vmcb, asids: Asids::new(features.ebx) });
        Ok(Self { host, has_next_rip: features.edx & NEXT_RIP != 0 })
    }

    fn name(&self) -> &'static str {
        "AMD SVM"
    }

    fn features(&self, each: &mut dyn FnMut(&str, bool, bool)) {
        let has = cpu::Cpuid.leaf(SVM_FEATURES, 0).edx;
        for (bit, name) in FEATURES {
            let is_used = (1_u32 << bit) & (NESTED_PAGING | NEXT_RIP) & has != 0;
            each(name, has >> bit & 1 != 0, is_used);
        }
    }

    fn optional_instructions(&self) -> OptionalInstructions {
        // Neither is intercepted, so a guest has them where the CPU has them.
        OptionalInstructions { rdtscp: true, invpcid: true }
    }

    fn create_vcpu(&self, nested_root: Hpa, limits: &GuestLimits) -> Result<SvmVcpu, SetupError> {
        Ok(SvmVcpu::new(self.host.clone(), nested_root, self.has_next_rip, limits))
    }
}
