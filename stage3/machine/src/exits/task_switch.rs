//! Hardware task switches (Intel SDM, volume 3, "Task Switching"; AMD APM, volume 2, "Switching Tasks"). VMX exits at each
//! of them; AMD's processors do them without help.
//!
//! Until the old task's state is saved, a fault leaves the guest as it was. What fails later is a fault of the new
//! task, before its first instruction.

mod descriptor;
mod place;
mod segments;
#[cfg(test)]
mod tests;
mod tss;

use super::control_registers::{is_pae_paging, pdptes};
use super::{Outcome, StopReason};
use crate::cpuid::{CpuVendor, CpuidPolicy};
use crate::linear::{AccessError, Linear, SegmentName};
use crate::memory::GuestMemory;
use crate::vcpu::{
    Access, CpuState, Event, EventKind, Fault, Segment, SelectorFault, TaskSwitch, TaskSwitchCause, Vcpu,
    CR0_PG, CR0_TS, RFLAGS_FIXED, RFLAGS_NT, SEGMENT_BIG,
};
use descriptor::{privilege, Tables};
use place::Place;
use tss::Tss;

/// The defined bits of EFLAGS but the one that is always set.
const RFLAGS_DEFINED: u64 = 0x3f_7fd5;

/// Does the task switch that made `vcpu` exit; `next_rip` is behind the instruction that asked for it, if one did.
pub fn handle<V: Vcpu>(
    switch: &TaskSwitch,
    next_rip: u64,
    vcpu: &mut V,
    cpuid: &CpuidPolicy,
    memory: &dyn GuestMemory,
) -> Outcome {
    let old = vcpu.state();
    let tables =
        Tables { memory, physical_bits: cpuid.physical_address_bits(), external: is_external(switch) };
    let result = leave(switch, next_rip, &old, &tables).and_then(|tss| {
        let mut new = old;
        let result = enter(switch, &tss, &mut new, &tables, |cr3| {
            if cpuid.vendor() == CpuVendor::Intel {
                vcpu.set_pdptes(&pdptes(cr3, tables.physical_bits, memory)?);
            }
            Ok(())
        });
        vcpu.switch_task(&new);
        result
    });
    match result {
        Ok(None) | Err(AccessError::Changed) => Outcome::Resume,
        Ok(Some(trap)) => inject(vcpu, trap),
        Err(AccessError::NotRam(fault)) => Outcome::Stop(StopReason::NotRam(fault)),
        Err(AccessError::Fault(fault)) => match after(switch.cause, fault) {
            Some(fault) => inject(vcpu, fault),
            None => Outcome::Stop(StopReason::TripleFault),
        },
    }
}

fn inject<V: Vcpu>(vcpu: &mut V, fault: Fault) -> Outcome {
    vcpu.inject(Event::Fault(fault));
    Outcome::Resume
}

/// Error codes of faults say so if no instruction asked for the switch.
fn is_external(switch: &TaskSwitch) -> bool {
    matches!(switch.cause, TaskSwitchCause::Gate { kind: EventKind::Interrupt | EventKind::Exception, .. })
}

/// What becomes of `second` if it came while an exception was delivered; `None`: a triple fault (Intel SDM, "Conditions
/// for Generating a Double Fault").
fn after(cause: TaskSwitchCause, second: Fault) -> Option<Fault> {
    const DOUBLE_FAULT: u8 = 8;
    const PAGE_FAULT: u8 = 14;
    let is_contributory = |vector| matches!(vector, 0 | 10..=13);
    let TaskSwitchCause::Gate { vector: first, kind: EventKind::Exception, .. } = cause else {
        return Some(second);
    };
    let becomes_double = match second.vector() {
        PAGE_FAULT => first == PAGE_FAULT,
        vector => is_contributory(vector) && (is_contributory(first) || first == PAGE_FAULT),
    };
    match first {
        DOUBLE_FAULT => None,
        _ if becomes_double => Some(Fault::DoubleFault),
        _ => Some(second),
    }
}

/// Saves the state of the old task, and returns the TSS of the new one, whose descriptor is busy from now on.
fn leave(
    switch: &TaskSwitch,
    next_rip: u64,
    old: &CpuState,
    tables: &Tables,
) -> Result<(Segment, Tss), AccessError> {
    let returns = switch.cause == TaskSwitchCause::Iret;
    let nests = matches!(switch.cause, TaskSwitchCause::Call | TaskSwitchCause::Gate { .. });
    let mut target = tables.task(old, switch.selector, returns)?;
    let old_tss = Tss::of(&old.tr);
    let mut new_tss = Tss::of(&target.segment);
    if new_tss.is_beyond(target.segment.limit) {
        return Err(tables.fault(SelectorFault::InvalidTss, switch.selector));
    }
    if old_tss.saved_is_beyond(old.tr.limit) {
        return Err(tables.fault(SelectorFault::InvalidTss, old.tr.selector));
    }
    // All that is written is found first.
    let mut source =
        (!nests).then(|| tables.descriptor(old, old.tr.selector, SelectorFault::InvalidTss)).transpose()?;
    let save = old_tss.saved_part(old, tables, Access::Write)?;
    new_tss.read(old, tables)?;
    let link = nests.then(|| new_tss.back_link(old, tables)).transpose()?;

    if let Some(source) = &mut source {
        source.set_busy(false, tables)?;
    }
    let is_instruction = !is_external(switch);
    let rip = if is_instruction { next_rip } else { old.rip };
    let flags = if returns { old.rflags & !RFLAGS_NT } else { old.rflags };
    old_tss.save(&CpuState { rip, rflags: flags, ..*old }, &save, tables)?;
    if let Some(link) = link {
        link.write(tables.memory, &old.tr.selector.to_le_bytes())?;
    }
    if !returns {
        target.set_busy(true, tables)?;
    }
    Ok((target.busy(), new_tss))
}

/// Loads the state of the new task into `state`, which is still that of the old one. Returns the trap that it begins
/// with, if any.
fn enter(
    switch: &TaskSwitch,
    (tr, tss): &(Segment, Tss),
    state: &mut CpuState,
    tables: &Tables,
    load_pdptes: impl FnOnce(u64) -> Result<(), Fault>,
) -> Result<Option<Fault>, AccessError> {
    let nests = matches!(switch.cause, TaskSwitchCause::Call | TaskSwitchCause::Gate { .. });
    let task = tss.task();
    state.tr = *tr;
    state.cr0 |= CR0_TS;
    state.gprs = task.gprs;
    (state.rsp, state.rip) = (task.esp, task.eip);
    state.rflags = task.eflags & RFLAGS_DEFINED | RFLAGS_FIXED | if nests { RFLAGS_NT } else { 0 };
    segments::forget(state, &task);
    if let Some(cr3) = task.cr3.filter(|_| state.cr0 & CR0_PG != 0) {
        state.cr3 = cr3;
        if is_pae_paging(state) {
            load_pdptes(cr3).map_err(AccessError::Fault)?;
        }
    }
    segments::load(state, &task, tables)?;
    if let TaskSwitchCause::Gate { error_code: Some(error_code), .. } = switch.cause {
        push(error_code, tss, state, tables)?;
    }
    if state.rip > u64::from(state.cs.limit) {
        return Err(AccessError::Fault(Fault::GeneralProtection));
    }
    Ok(task.traps.then_some(Fault::TaskSwitchTrap))
}

/// Pushes the error code of an exception onto the new task's stack.
fn push(error_code: u32, tss: &Tss, state: &mut CpuState, tables: &Tables) -> Result<(), AccessError> {
    let mask = if state.ss.attributes & SEGMENT_BIG != 0 { 0xffff_ffff } else { 0xffff };
    let bytes = error_code.to_le_bytes();
    let bytes = bytes.get(..tss.width()).unwrap_or(&bytes);
    let offset = state.rsp.wrapping_sub(bytes.len() as u64) & mask;
    let mut linear = Linear::new(state, privilege(&state.ss), tables.physical_bits, tables.memory);
    let stack = (SegmentName::Ss, &state.ss);
    let place = Place::find(&mut linear, stack, offset, bytes.len(), Access::Write, tables.memory)?;
    place.write(tables.memory, bytes)?;
    state.rsp = state.rsp & !mask | offset;
    Ok(())
}
