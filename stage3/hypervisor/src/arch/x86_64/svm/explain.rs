//! Why VMRUN refused a guest: the rules of the manual, one by one (AMD APM volume 2, "Canonicalization and Consistency
//! Checks").

use architecture::svm::vmcb::{intercept, Vmcb};
use core::fmt;
use machine::vcpu::{
    CR0_CD, CR0_NW, CR0_PE, CR0_PG, CR4_PAE, EFER_LMA, EFER_LME, EFER_SVME, SEGMENT_BIG, SEGMENT_LONG,
};

/// A rule: its words, and whether the guest breaks it.
type Rule = (&'static str, fn(&Vmcb) -> bool);

/// Bits of EFER that no processor defines.
const EFER_RESERVED: u64 = !0x0020_fd01;

const RULES: [Rule; 13] = [
    ("EFER.SVME is zero", |vmcb| vmcb.efer & EFER_SVME == 0),
    ("CR0.CD is zero and CR0.NW is set", |vmcb| vmcb.cr0 & CR0_CD == 0 && vmcb.cr0 & CR0_NW != 0),
    ("CR0[63:32] are not zero", |vmcb| vmcb.cr0 >> 32 != 0),
    ("CR3 has bits above the physical address set", |vmcb| vmcb.cr3 >> 52 != 0),
    ("CR4[63:32] are not zero", |vmcb| vmcb.cr4 >> 32 != 0),
    ("DR6[63:32] are not zero", |vmcb| vmcb.dr6 >> 32 != 0),
    ("DR7[63:32] are not zero", |vmcb| vmcb.dr7 >> 32 != 0),
    ("EFER has reserved bits set", |vmcb| vmcb.efer & EFER_RESERVED != 0),
    ("EFER.LME and CR0.PG are set and CR4.PAE is zero", |vmcb| is_long(vmcb) && vmcb.cr4 & CR4_PAE == 0),
    ("EFER.LME and CR0.PG are set and CR0.PE is zero", |vmcb| is_long(vmcb) && vmcb.cr0 & CR0_PE == 0),
    ("EFER.LME, CR0.PG, CR4.PAE, CS.L and CS.D are all set", |vmcb| {
        let both = SEGMENT_LONG | SEGMENT_BIG;
        is_long(vmcb) && vmcb.cr4 & CR4_PAE != 0 && vmcb.cs.attributes & both == both
    }),
    ("the VMRUN intercept is zero", |vmcb| vmcb.intercept_4 & intercept::VMRUN == 0),
    ("the ASID is zero", |vmcb| vmcb.asid == 0),
];

fn is_long(vmcb: &Vmcb) -> bool {
    vmcb.efer & EFER_LME != 0 && vmcb.cr0 & CR0_PG != 0
}

/// Writes the exit's numbers and the rules that are broken.
pub fn explain(vmcb: &Vmcb, out: &mut dyn fmt::Write) -> fmt::Result {
    write!(out, "exit code {:#x}, info {:#x} {:#x}", vmcb.exit_code, vmcb.exit_info_1, vmcb.exit_info_2)?;
    let mut broken = RULES.iter().filter(|(_, is_broken)| is_broken(vmcb)).peekable();
    if broken.peek().is_none() && vmcb.exit_code as u32 == u32::MAX {
        let lma = vmcb.efer & EFER_LMA != 0;
        return write!(
            out,
            "; no known rule is broken: cr0 {:#x}, cr3 {:#x}, cr4 {:#x}, LMA {lma}; perhaps a bit that this CPU reserves",
            vmcb.cr0, vmcb.cr3, vmcb.cr4
        );
    }
    for (rule, _) in broken {
        write!(out, "; {rule}")?;
    }
    Ok(())
}
