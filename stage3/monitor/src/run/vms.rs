//! Answers about VMs.

use super::Paint;
use crate::hypervisor::Hypervisor;
use crate::lifecycle::State;
use crate::table::{Cell, Colour, Side, Table};
use crate::units::{Mib, PerMille, Time};
use crate::view::Times;
use alloc::string::{String, ToString};
use core::fmt::{self, Write};

const fn colour(state: State) -> Option<Colour> {
    match state {
        State::Running => Some(Colour::Green),
        State::Creating | State::Paused | State::Destroying => Some(Colour::Yellow),
        State::Absent | State::Stopped => None,
    }
}

fn per_mille(share: u32) -> String {
    PerMille(share.into()).to_string()
}

/// The table of all VMs.
pub fn list(hypervisor: &dyn Hypervisor, out: &mut dyn Write, paint: Paint) -> fmt::Result {
    let mut table = Table::new([
        ("VM", Side::Right),
        ("NAME", Side::Left),
        ("STATE", Side::Left),
        ("FOR", Side::Right),
        ("MIB", Side::Right),
        ("CPUS", Side::Right),
        ("BOOT", Side::Left),
    ]);
    for vm in 0..hypervisor.vm_count() {
        let view = hypervisor.vm(vm);
        table.row([
            (vm + 1).into(),
            view.name.into(),
            Cell::coloured(&view.state.name(), colour(view.state)),
            Time(view.in_state).into(),
            (view.memory >> 20).into(),
            view.vcpus.into(),
            view.boot.into(),
        ]);
    }
    table.write(out, paint)
}

/// All about one.
pub fn show(vm: usize, hypervisor: &mut dyn Hypervisor, out: &mut dyn Write, paint: Paint) -> fmt::Result {
    let (mut kept, mut unseen) = (0, 0);
    hypervisor.output(vm, &mut |ring| {
        kept = ring.len();
        unseen = ring.unseen().concat().len();
    });
    let view = hypervisor.vm(vm);
    writeln!(out, "VM {}, {}", vm + 1, view.name)?;
    write!(out, "state      ")?;
    paint.write(colour(view.state), view.state.name(), out)?;
    writeln!(out, " for {}", Time(view.in_state))?;
    writeln!(out, "memory     {}", Mib(view.memory))?;
    writeln!(out, "boot       {}", view.boot)?;
    writeln!(out, "on exit    {}", view.on_exit)?;
    writeln!(out, "weight     {}", view.weight)?;
    writeln!(out, "output     {kept} bytes kept, {unseen} not seen")?;
    write!(out, "last end   ")?;
    match view.last_end {
        Some(end) => paint.write(end.is_failure().then_some(Colour::Red), &end.to_string(), out)?,
        None => write!(out, "none")?,
    }
    writeln!(out)?;
    for vcpu in 0..view.vcpus {
        let cpu = hypervisor.vcpu(vm, vcpu);
        write!(out, "VCPU {vcpu:<5} {}", cpu.state)?;
        match cpu.last_exit {
            Some(reason) => writeln!(out, "; last exit: {reason}")?,
            None => writeln!(out, "; no exit yet")?,
        }
    }
    Ok(())
}

/// How all VMs spend their time.
pub fn all_stats(hypervisor: &dyn Hypervisor, out: &mut dyn Write) -> fmt::Result {
    let mut table = Table::new([
        ("NAME", Side::Left),
        ("EXITS", Side::Right),
        ("GUEST", Side::Right),
        ("PXHV", Side::Right),
        ("WAITING", Side::Right),
        ("SHARE", Side::Right),
    ]);
    for vm in 0..hypervisor.vm_count() {
        let Times { guest, host, waiting, share, .. } = hypervisor.times(vm);
        table.row([
            hypervisor.vm(vm).name.into(),
            exits(vm, hypervisor).into(),
            Time(guest).into(),
            Time(host).into(),
            Time(waiting).into(),
            per_mille(share).into(),
        ]);
    }
    table.write(out, Paint::Plain)
}

fn exits(vm: usize, hypervisor: &dyn Hypervisor) -> u64 {
    let mut sum = 0_u64;
    hypervisor.exits(vm, &mut |_, count| sum = sum.saturating_add(count));
    sum
}

/// How one spends its time, and why it left its guest.
pub fn stats(vm: usize, hypervisor: &dyn Hypervisor, out: &mut dyn Write) -> fmt::Result {
    let Times { guest, host, waiting, ready, share } = hypervisor.times(vm);
    let all = [guest, host, waiting, ready].into_iter().fold(0, u64::saturating_add);
    let mut table = Table::new([("TIME", Side::Left), ("FOR", Side::Right), ("OF ALL", Side::Right)]);
    let parts =
        [("in the guest", guest), ("in pxHV", host), ("waiting for interrupts", waiting), ("ready", ready)];
    for (name, time) in parts {
        table.row([name.into(), Time(time).into(), PerMille::of(time, all).into()]);
    }
    table.write(out, Paint::Plain)?;
    writeln!(out, "share of the computer lately: {}", per_mille(share))?;
    let all = exits(vm, hypervisor);
    let mut table = Table::new([("EXITS", Side::Left), ("COUNT", Side::Right), ("OF ALL", Side::Right)]);
    hypervisor.exits(vm, &mut |reason, count| {
        if count > 0 {
            table.row([reason.into(), count.into(), PerMille::of(count, all).into()]);
        }
    });
    table.row(["all".into(), all.into(), PerMille::of(all, all).into()]);
    table.write(out, Paint::Plain)
}
