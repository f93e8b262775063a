//! The segment registers of a new task (Intel SDM, volume 3, "Exception Conditions Checked During a Task Switch").

use super::descriptor::{privilege, Tables, IN_LDT, NOT_SYSTEM, RPL, TYPE};
use super::tss::Task;
use crate::linear::AccessError;
use crate::vcpu::SelectorFault::{InvalidTss, SegmentNotPresent, StackSegment};
use crate::vcpu::{CpuState, Segment, RFLAGS_VM, SEGMENT_PRESENT};

/// Type: code.
const CODE: u16 = 1 << 3;
/// Type of code: conforming.
const CONFORMING: u16 = 1 << 2;
/// Type: readable code, writable data.
const ACCESSIBLE: u16 = 1 << 1;
/// Type of a system segment: LDT.
const LDT: u16 = 0x2;
/// Attributes of an accessed, readable code segment.
const READABLE_CODE: u16 = SEGMENT_PRESENT | NOT_SYSTEM | 0xb;
/// Attributes of all segments in virtual-8086 mode: accessed, writable data of DPL 3.
const VIRTUAL_8086: u16 = SEGMENT_PRESENT | NOT_SYSTEM | 3 << 5 | 0x3;

/// The registers have their selectors, and what is behind them is not loaded yet: no segment can be used. The processor
/// runs with such a CS only to deliver a fault; its privilege level is the selector's.
pub fn forget(state: &mut CpuState, task: &Task) {
    let [es, cs, ss, ds, fs, gs] = task.selectors;
    let none = |selector| Segment { selector, ..Segment::default() };
    (state.es, state.ds, state.fs, state.gs) = (none(es), none(ds), none(fs), none(gs));
    state.ldtr = none(task.ldt);
    let level = (cs & RPL) << 5;
    state.cs = Segment { attributes: READABLE_CODE | level, limit: 0xffff, ..none(cs) };
    state.ss = Segment { attributes: level, ..none(ss) };
}

/// Loads LDTR, CS, SS and the data segments, in this order, up to the first that can't be.
pub fn load(state: &mut CpuState, task: &Task, tables: &Tables) -> Result<(), AccessError> {
    if state.rflags & RFLAGS_VM != 0 {
        for segment in
            [&mut state.es, &mut state.cs, &mut state.ss, &mut state.ds, &mut state.fs, &mut state.gs]
        {
            segment.base = u64::from(segment.selector) << 4;
            (segment.limit, segment.attributes) = (0xffff, VIRTUAL_8086);
        }
        return load_ldt(state, task.ldt, tables);
    }
    load_ldt(state, task.ldt, tables)?;
    let [es, cs, ss, ds, fs, gs] = task.selectors;
    state.cs = code(state, cs, tables)?;
    state.ss = stack(state, ss, cs & RPL, tables)?;
    state.ds = data(state, ds, cs & RPL, tables)?;
    state.es = data(state, es, cs & RPL, tables)?;
    state.fs = data(state, fs, cs & RPL, tables)?;
    state.gs = data(state, gs, cs & RPL, tables)?;
    Ok(())
}

const fn is_null(selector: u16) -> bool {
    selector & !RPL == 0
}

fn load_ldt(state: &mut CpuState, selector: u16, tables: &Tables) -> Result<(), AccessError> {
    if is_null(selector) {
        return Ok(());
    }
    if selector & IN_LDT != 0 {
        return Err(tables.fault(InvalidTss, selector));
    }
    let found = tables.descriptor(state, selector, InvalidTss)?.segment;
    if found.attributes & (SEGMENT_PRESENT | NOT_SYSTEM | TYPE) != SEGMENT_PRESENT | LDT {
        return Err(tables.fault(InvalidTss, selector));
    }
    state.ldtr = found;
    Ok(())
}

fn code(state: &CpuState, selector: u16, tables: &Tables) -> Result<Segment, AccessError> {
    segment(state, selector, tables, SegmentNotPresent, |found| {
        let (dpl, rpl) = (u16::from(privilege(found)), selector & RPL);
        let level_fits = if found.attributes & CONFORMING == 0 { dpl == rpl } else { dpl <= rpl };
        found.attributes & CODE != 0 && level_fits
    })
}

fn stack(state: &CpuState, selector: u16, cpl: u16, tables: &Tables) -> Result<Segment, AccessError> {
    segment(state, selector, tables, StackSegment, |found| {
        let is_writable_data = found.attributes & (CODE | ACCESSIBLE) == ACCESSIBLE;
        is_writable_data && u16::from(privilege(found)) == cpl && selector & RPL == cpl
    })
}

fn data(state: &CpuState, selector: u16, cpl: u16, tables: &Tables) -> Result<Segment, AccessError> {
    if is_null(selector) {
        return Ok(Segment { selector, ..Segment::default() });
    }
    segment(state, selector, tables, SegmentNotPresent, |found| {
        let is_readable = found.attributes & (CODE | ACCESSIBLE) != CODE;
        let is_conforming = found.attributes & (CODE | CONFORMING) == CODE | CONFORMING;
        is_readable && (is_conforming || u16::from(privilege(found)) >= cpl.max(selector & RPL))
    })
}

/// The code or data segment of `selector` if it `fits`; `absent` if it is not present.
fn segment(
    state: &CpuState,
    selector: u16,
    tables: &Tables,
    absent: crate::vcpu::SelectorFault,
    fits: impl FnOnce(&Segment) -> bool,
) -> Result<Segment, AccessError> {
    if is_null(selector) {
        return Err(tables.fault(InvalidTss, selector));
    }
    let mut found = tables.descriptor(state, selector, InvalidTss)?;
    if found.segment.attributes & NOT_SYSTEM == 0 || !fits(&found.segment) {
        return Err(tables.fault(InvalidTss, selector));
    }
    if found.segment.attributes & SEGMENT_PRESENT == 0 {
        return Err(tables.fault(absent, selector));
    }
    found.set_accessed(tables)?;
    Ok(found.segment)
}
