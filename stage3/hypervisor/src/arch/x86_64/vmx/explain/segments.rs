//! The rules of VM entry about segment registers (Intel SDM, "Checks on Guest Segment Registers").

use super::super::guest_state::LONG;
use super::{is_canonical, Report, RFLAGS_VM};
use architecture::vmx::controls::Entry;
use architecture::vmx::fields::*;
use core::fmt;
use machine::vcpu::CR0_PE;

/// Access rights: type, bits 3:0.
const TYPE: u32 = 0xf;
/// Access rights: S, a code or data segment.
const CODE_OR_DATA: u32 = 1 << 4;
/// Access rights: P.
const PRESENT: u32 = 1 << 7;
/// Access rights: D/B.
const BIG: u32 = 1 << 14;
/// Access rights: G.
const GRANULAR: u32 = 1 << 15;
/// Access rights: the segment can't be used.
const UNUSABLE: u32 = 1 << 16;
/// Access rights: reserved bits.
const RESERVED: u32 = 0xfffe_0f00;

/// All of them.
pub fn check(report: &mut Report) -> fmt::Result {
    if report.vmcs.read(&GUEST_RFLAGS) & RFLAGS_VM != 0 {
        return virtual_8086(report);
    }
    for segment in [GUEST_CS, GUEST_SS, GUEST_DS, GUEST_ES, GUEST_FS, GUEST_GS, GUEST_LDTR, GUEST_TR] {
        every(report, &segment)?;
    }
    code_and_stack(report)?;
    system(report)
}

/// In virtual-8086 mode, all is fixed.
fn virtual_8086(report: &mut Report) -> fmt::Result {
    for segment in [GUEST_CS, GUEST_SS, GUEST_DS, GUEST_ES, GUEST_FS, GUEST_GS] {
        let vmcs = report.vmcs;
        let (selector, base) = (vmcs.read(&segment.selector), vmcs.read(&segment.base));
        let (limit, rights) = (vmcs.read(&segment.limit), vmcs.read(&segment.access_rights));
        report.rule(base == u64::from(selector) << 4, segment.name, base, "base must be selector * 16")?;
        report.rule(limit == 0xffff, segment.name, limit.into(), "limit must be FFFFh")?;
        report.rule(rights == 0xf3, segment.name, rights.into(), "access rights must be F3h")?;
    }
    Ok(())
}

/// What holds for each register that can be used.
fn every(report: &mut Report, segment: &SegmentFields) -> fmt::Result {
    let vmcs = report.vmcs;
    let rights = vmcs.read(&segment.access_rights);
    let (base, limit) = (vmcs.read(&segment.base), vmcs.read(&segment.limit));
    let is = |name| segment.name == name;
    // Those of FS and GS count in 64-bit mode even if the segment can't be used.
    if is("FS") || is("GS") || is("TR") || (is("LDTR") && rights & UNUSABLE == 0) {
        report.rule(is_canonical(base), segment.name, base, "base must be canonical")?;
    } else if is("CS") || rights & UNUSABLE == 0 {
        report.rule(base >> 32 == 0, segment.name, base, "bits 63:32 of the base must be 0")?;
    }
    if rights & UNUSABLE != 0 && !is("CS") && !is("TR") {
        return Ok(());
    }
    let mut rule = |holds, rule| report.rule(holds, segment.name, rights.into(), rule);
    rule(rights & RESERVED == 0, "reserved bits of the access rights are set")?;
    rule(rights & PRESENT != 0, "the segment must be present")?;
    let small = limit & 0xfff == 0xfff || rights & GRANULAR == 0;
    let large = limit >> 20 == 0 || rights & GRANULAR != 0;
    rule(small && large, "G does not fit the limit")?;
    if is("DS") || is("ES") || is("FS") || is("GS") {
        rule(rights & 1 != 0, "the segment must be accessed")?;
        rule(rights & 8 == 0 || rights & 2 != 0, "a code segment must be readable")?;
    }
    Ok(())
}

fn code_and_stack(report: &mut Report) -> fmt::Result {
    let vmcs = report.vmcs;
    let (cs, ss) = (vmcs.read(&GUEST_CS.access_rights), vmcs.read(&GUEST_SS.access_rights));
    let real = vmcs.read(&GUEST_CR0) & CR0_PE == 0;
    let ia32e = vmcs.read(&VM_ENTRY_CONTROLS) & Entry::IA_32E_MODE_GUEST.bits() != 0;
    let (cs_type, cs_dpl, ss_dpl) = (cs & TYPE, (cs >> 5) & 3, (ss >> 5) & 3);

    let mut rule = |holds, rule| report.rule(holds, "CS", cs.into(), rule);
    rule(matches!(cs_type, 3 | 9 | 11 | 13 | 15), "type must be accessed code, or 3 (data)")?;
    rule(cs & CODE_OR_DATA != 0, "must be a code segment and not a system segment")?;
    rule(cs_type != 3 || cs_dpl == 0, "with type 3, DPL must be 0")?;
    rule(!matches!(cs_type, 9 | 11) || cs_dpl == ss_dpl, "DPL must equal that of SS")?;
    rule(!matches!(cs_type, 13 | 15) || cs_dpl <= ss_dpl, "DPL must not be above that of SS")?;
    rule(!ia32e || cs & LONG == 0 || cs & BIG == 0, "L excludes D")?;

    let mut rule = |holds, rule| report.rule(holds, "SS", ss.into(), rule);
    rule(ss & UNUSABLE != 0 || matches!(ss & TYPE, 3 | 7), "type must be 3 or 7 (accessed, writable data)")?;
    rule(ss & UNUSABLE != 0 || ss & CODE_OR_DATA != 0, "must be a data segment")?;
    rule(!(real || cs_type == 3) || ss_dpl == 0, "DPL must be 0 in real mode, or if the type of CS is 3")
}

fn system(report: &mut Report) -> fmt::Result {
    let vmcs = report.vmcs;
    let ia32e = vmcs.read(&VM_ENTRY_CONTROLS) & Entry::IA_32E_MODE_GUEST.bits() != 0;
    let (tr, ldtr) = (vmcs.read(&GUEST_TR.access_rights), vmcs.read(&GUEST_LDTR.access_rights));
    let (tr_selector, ldtr_selector) = (vmcs.read(&GUEST_TR.selector), vmcs.read(&GUEST_LDTR.selector));

    let mut rule = |holds, rule| report.rule(holds, "TR", tr.into(), rule);
    rule(tr & UNUSABLE == 0, "must be usable")?;
    rule(
        tr & TYPE == 11 || (tr & TYPE == 3 && !ia32e),
        "must be a busy TSS (type 11; type 3 without IA-32e)",
    )?;
    rule(tr & CODE_OR_DATA == 0, "must be a system segment")?;
    rule(tr_selector & 4 == 0, "the selector must be one of the GDT")?;
    if ldtr & UNUSABLE != 0 {
        return Ok(());
    }
    let mut rule = |holds, rule| report.rule(holds, "LDTR", ldtr.into(), rule);
    rule(ldtr & TYPE == 2, "must be an LDT (type 2)")?;
    rule(ldtr & CODE_OR_DATA == 0, "must be a system segment")?;
    rule(ldtr_selector & 4 == 0, "the selector must be one of the GDT")
}
