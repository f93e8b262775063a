//! Looks into a VM: registers, memory, page tables.

use crate::command::Error;
use crate::hypervisor::Hypervisor;
use crate::run::Paint;
use crate::table::{Side, Table};
use crate::view::Walk;
use alloc::vec::Vec;
use core::fmt::{self, Write};
use machine::translation::{table_name, End};
use machine::vcpu::CpuState;

/// Bytes in a row of `mem`.
const ROW: usize = 16;

/// Registers of a virtual CPU.
pub fn registers(state: &CpuState, out: &mut dyn Write) -> fmt::Result {
    let CpuState { gprs: g, .. } = state;
    let rows: [[(&str, u64); 3]; 8] = [
        [("rip", state.rip), ("rsp", state.rsp), ("rflags", state.rflags)],
        [("rax", g.rax), ("rbx", g.rbx), ("rcx", g.rcx)],
        [("rdx", g.rdx), ("rsi", g.rsi), ("rdi", g.rdi)],
        [("rbp", g.rbp), ("r8", g.r8), ("r9", g.r9)],
        [("r10", g.r10), ("r11", g.r11), ("r12", g.r12)],
        [("r13", g.r13), ("r14", g.r14), ("r15", g.r15)],
        [("cr0", state.cr0), ("cr2", state.cr2), ("cr3", state.cr3)],
        [("cr4", state.cr4), ("efer", state.efer), ("cs+rip", state.cs.base.wrapping_add(state.rip))],
    ];
    for [a, b, c] in rows {
        writeln!(out, "{:<4} {:016x}  {:<4} {:016x}  {:<6} {:016x}", a.0, a.1, b.0, b.1, c.0, c.1)?;
    }
    let mut table = Table::new([
        ("SEGMENT", Side::Left),
        ("SELECTOR", Side::Right),
        ("BASE", Side::Right),
        ("LIMIT", Side::Right),
        ("ATTRIBUTES", Side::Right),
    ]);
    let segments = [
        ("cs", state.cs),
        ("ss", state.ss),
        ("ds", state.ds),
        ("es", state.es),
        ("fs", state.fs),
        ("gs", state.gs),
        ("ldtr", state.ldtr),
        ("tr", state.tr),
    ];
    for (name, segment) in segments {
        table.row([
            name.into(),
            format_args!("{:04x}", segment.selector).into(),
            format_args!("{:x}", segment.base).into(),
            format_args!("{:x}", segment.limit).into(),
            format_args!("{:03x}", segment.attributes).into(),
        ]);
    }
    for (name, register) in [("gdtr", state.gdtr), ("idtr", state.idtr)] {
        let (base, limit) =
            (format_args!("{:x}", register.base).into(), format_args!("{:x}", register.limit).into());
        table.row([name.into(), "".into(), base, limit, "".into()]);
    }
    table.write(out, Paint::Plain)
}

/// Guest-physical memory: address, bytes, the same as ASCII. What is not RAM is shown as `--`.
pub fn memory<'a>(
    vm: usize,
    gpa: u64,
    length: usize,
    hypervisor: &mut dyn Hypervisor,
    out: &mut dyn Write,
) -> Result<(), Error<'a>> {
    let mut bytes: Vec<Option<u8>> = Vec::with_capacity(length);
    for offset in (0..length).step_by(ROW) {
        let row = &mut [0; ROW][..ROW.min(length - offset)];
        if hypervisor.read_memory(vm, gpa + offset as u64, row).is_ok() {
            bytes.extend(row.iter().copied().map(Some));
            continue;
        }
        for index in offset..offset + row.len() {
            let mut byte = [0];
            let read = hypervisor.read_memory(vm, gpa + index as u64, &mut byte);
            bytes.push(read.is_ok().then_some(byte[0]));
        }
    }
    if bytes.iter().all(Option::is_none) {
        return Err(Error::NotRam(gpa));
    }
    for (index, row) in bytes.chunks(ROW).enumerate() {
        write!(out, "{:08x}  ", gpa + (index * ROW) as u64)?;
        for index in 0..ROW {
            match row.get(index) {
                Some(Some(byte)) => write!(out, "{byte:02x} ")?,
                Some(None) => out.write_str("-- ")?,
                None => out.write_str("   ")?,
            }
        }
        out.write_char(' ')?;
        let printable = |byte: &Option<u8>| byte.filter(|byte| (b' '..=b'~').contains(byte)).unwrap_or(b'.');
        row.iter().try_for_each(|byte| out.write_char(printable(byte).into()))?;
        out.write_char('\n')?;
    }
    Ok(())
}

/// The way of an address.
pub fn walk(gva: u64, walk: &Walk, out: &mut dyn Write) -> fmt::Result {
    writeln!(out, "GVA  {gva:#x}")?;
    for entry in walk.guest.entries() {
        writeln!(out, "{:<4} entry at {:#x} = {:#x}", table_name(entry.level), entry.place.0, entry.value)?;
    }
    match walk.guest.end {
        End::Unpaged(gpa) => writeln!(out, "GPA  {:#x}, without paging", gpa.0)?,
        End::Page { gpa, bytes, rights } => {
            let may = |has: bool, word| if has { word } else { "" };
            let (write, execute) = (may(rights.write, ", write"), may(rights.execute, ", execute"));
            let user = may(rights.user, ", user");
            writeln!(out, "GPA  {:#x}, page of {} KiB: read{write}{execute}{user}", gpa.0, bytes >> 10)?;
        }
        End::NotPresent => return writeln!(out, "GPA  none: the entry is not present"),
        End::Reserved => return writeln!(out, "GPA  none: the entry has a reserved bit"),
        End::NotRam { level, place } => {
            return writeln!(
                out,
                "GPA  none: the {} entry would be at {:#x}, which is not RAM",
                table_name(level),
                place.0
            )
        }
        End::NotCanonical => return writeln!(out, "GPA  none: the address is not canonical"),
    }
    match walk.host {
        Some(host) => writeln!(out, "HPA  {host:#x}"),
        None => writeln!(out, "HPA  none: no RAM is mapped there"),
    }
}
