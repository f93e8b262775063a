//! What the operator reads when a VM stops.

use super::ram::GuestRam;
use alloc::string::String;
use core::fmt;
use machine::emulate::disassemble;
use machine::translation::{translate, End};
use machine::vcpu::{CpuState, Segment, Vcpu};

/// Prints the registers of a virtual CPU.
pub fn registers(vm: &str, state: &CpuState) {
    let CpuState { gprs: g, .. } = state;
    let rows: [[(&str, u64); 4]; 6] = [
        [("rip", state.rip), ("rsp", state.rsp), ("flg", state.rflags), ("efr", state.efer)],
        [("rax", g.rax), ("rcx", g.rcx), ("rdx", g.rdx), ("rbx", g.rbx)],
        [("rbp", g.rbp), ("rsi", g.rsi), ("rdi", g.rdi), ("r8 ", g.r8)],
        [("r9 ", g.r9), ("r10", g.r10), ("r11", g.r11), ("r12", g.r12)],
        [("r13", g.r13), ("r14", g.r14), ("r15", g.r15), ("cr0", state.cr0)],
        [("cr2", state.cr2), ("cr3", state.cr3), ("cr4", state.cr4), ("idt", state.idtr.base)],
    ];
    for [a, b, c, d] in rows {
        log::warn!(
            "vm {vm}: {} {:016x} {} {:016x} {} {:016x} {} {:016x}",
            a.0,
            a.1,
            b.0,
            b.1,
            c.0,
            c.1,
            d.0,
            d.1
        );
    }
    let segment = |Segment { selector, base, limit, attributes }: Segment| {
        alloc::format!("{selector:04x} base {base:x} limit {limit:x} attributes {attributes:03x}")
    };
    log::warn!("vm {vm}: cs {}; ss {}", segment(state.cs), segment(state.ss));
}

/// Prints the instruction at CS:RIP of a virtual CPU.
pub fn instruction(vm: &str, vcpu: &impl Vcpu, ram: &GuestRam, physical_bits: u32) {
    log::warn!("vm {vm}: instruction at cs:rip: {}", disassemble(vcpu, ram, physical_bits));
}

/// Prints how the addresses of the instruction and of the last page fault are translated, if paging is on.
pub fn page_walks(vm: &str, state: &CpuState, ram: &GuestRam, physical_bits: u32) {
    let instruction = state.cs.base.wrapping_add(state.rip);
    for (what, address) in [("cs:rip", instruction), ("cr2", state.cr2)] {
        let walk = translate(state, physical_bits, ram, address);
        if !matches!(walk.end, End::Unpaged(_)) {
            log::warn!("vm {vm}: page walk of {what} {walk}");
        }
    }
}

/// Prints what the processor has to say.
pub fn processor(vm: &str, explain: impl FnOnce(&mut dyn fmt::Write) -> fmt::Result) {
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = explain(&mut text);
    log::warn!("vm {vm}: {text}");
}
