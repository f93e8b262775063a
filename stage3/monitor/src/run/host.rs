//! Answers about the computer.

use super::Paint;
use crate::hypervisor::Hypervisor;
use crate::table::{Cell, Colour, Side, Table};
use crate::units::{Kib, Mib, PerMille, Time};
use crate::view::Offer;
use core::fmt::{self, Write};

/// What the processor's virtualization offers.
pub fn caps(hypervisor: &dyn Hypervisor, out: &mut dyn Write, paint: Paint) -> fmt::Result {
    let identity = hypervisor.identity();
    writeln!(out, "{} on {}", identity.backend, identity.processor)?;
    let mut table = Table::new([("FEATURE", Side::Left), ("USED", Side::Left), ("OFFERED", Side::Left)]);
    hypervisor.caps(&mut |capability| {
        let offer = match capability.offer {
            Offer::Yes => Cell::coloured(&"yes", Some(Colour::Green)),
            Offer::No => "no".into(),
            Offer::Detail(detail) => Cell::from(detail),
        };
        table.row([capability.name.into(), if capability.is_used { "yes" } else { "-" }.into(), offer]);
    });
    table.write(out, paint)
}

/// The computer's memory.
pub fn memory(hypervisor: &dyn Hypervisor, out: &mut dyn Write) -> fmt::Result {
    let memory = hypervisor.memory();
    let mut table = Table::new([("MEMORY", Side::Left), ("SIZE", Side::Right)]);
    table.row(["of the computer".into(), Mib(memory.total).into()]);
    let mut vms = 0_u64;
    for vm in 0..hypervisor.vm_count() {
        let view = hypervisor.vm(vm);
        if view.state.takes_memory() {
            table.row([format_args!("vm {}", view.name).into(), Mib(view.memory).into()]);
            vms = vms.saturating_add(view.memory);
        }
    }
    table.row(["files of guests".into(), Kib(memory.files).into()]);
    let taken = memory.total.saturating_sub(memory.free);
    table.row(["pxHV".into(), Kib(taken.saturating_sub(vms).saturating_sub(memory.files)).into()]);
    table.row(["free".into(), Mib(memory.free).into()]);
    table.row(["heap of pxHV".into(), Kib(memory.heap).into()]);
    table.row(["in use of it".into(), Kib(memory.heap_used).into()]);
    table.write(out, Paint::Plain)
}

/// The computer's CPUs.
pub fn cpus(hypervisor: &dyn Hypervisor, out: &mut dyn Write, paint: Paint) -> fmt::Result {
    let mut table = Table::new([
        ("CPU", Side::Right),
        ("APIC ID", Side::Right),
        ("STATE", Side::Left),
        ("BUSY", Side::Right),
        ("RUNS", Side::Left),
    ]);
    for number in 0..hypervisor.cpu_count() {
        let cpu = hypervisor.cpu(number);
        let state =
            if cpu.is_online { Cell::coloured(&"online", Some(Colour::Green)) } else { "offline".into() };
        let runs = match cpu.runs {
            Some((vm, vcpu)) => format_args!("{}, VCPU {vcpu}", hypervisor.vm(vm).name).into(),
            None => "".into(),
        };
        table.row([number.into(), cpu.apic_id.into(), state, PerMille(cpu.busy.into()).into(), runs]);
    }
    table.write(out, paint)
}

/// Which pxHV on what.
pub fn version(hypervisor: &dyn Hypervisor, out: &mut dyn Write) -> fmt::Result {
    let identity = hypervisor.identity();
    writeln!(out, "pxHV {}", identity.version)?;
    writeln!(out, "backend    {}", identity.backend)?;
    writeln!(out, "processor  {}, TSC {} kHz", identity.processor, identity.tsc_khz)?;
    writeln!(out, "up         {}", Time(identity.up))
}
