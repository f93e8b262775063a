//! Does commands and writes their answers.

mod host;
mod look;
mod vms;

use crate::command::{spec, Command, Error};
use crate::escaped;
use crate::front::Front;
use crate::hypervisor::Hypervisor;
use crate::table::Colour;
use core::fmt::{self, Write};

/// Whether an answer has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// For programs.
    Plain,
    /// For people.
    Colours,
}

impl Paint {
    /// Writes `text` in its colour.
    pub(crate) fn write(self, colour: Option<Colour>, text: &str, out: &mut dyn Write) -> fmt::Result {
        match colour.filter(|_| self == Self::Colours) {
            Some(colour) => write!(out, "\x1b[{}m{text}\x1b[0m", colour as u8),
            None => out.write_str(text),
        }
    }
}

/// Does what `line` says. An empty line says nothing.
///
/// # Errors
/// Why it was not done.
pub fn execute<'a>(
    line: &'a str,
    hypervisor: &mut dyn Hypervisor,
    out: &mut dyn Write,
    paint: Paint,
) -> Result<(), Error<'a>> {
    match Command::parse(line)? {
        Some(command) => run(command, hypervisor, out, paint),
        None => Ok(()),
    }
}

/// Does a command.
///
/// # Errors
/// Why it was not done.
pub fn run<'a>(
    command: Command<'a>,
    hypervisor: &mut dyn Hypervisor,
    out: &mut dyn Write,
    paint: Paint,
) -> Result<(), Error<'a>> {
    match command {
        Command::Vms => vms::list(hypervisor, out, paint)?,
        Command::Show(name) => vms::show(find(hypervisor, name)?, hypervisor, out, paint)?,
        Command::Change(change, name) => {
            let vm = find(hypervisor, name)?;
            hypervisor.vm(vm).state.after(change)?;
            hypervisor.change(vm, change)?;
        }
        Command::Attach(name) => {
            let vm = find(hypervisor, name)?;
            hypervisor.attach(Front::Vm(vm));
        }
        Command::Joined => hypervisor.attach(Front::Joined),
        Command::Output(name) => {
            let (vm, mut result) = (find(hypervisor, name)?, Ok(()));
            hypervisor.output(vm, &mut |ring| result = escaped::write(ring.all(), out));
            result?;
        }
        Command::Send { vm, text } => {
            let vm = existing(hypervisor, vm)?;
            hypervisor.send(vm, text.as_bytes())?;
            hypervisor.send(vm, b"\r")?;
        }
        Command::Stats(None) => vms::all_stats(hypervisor, out)?,
        Command::Stats(Some(name)) => vms::stats(find(hypervisor, name)?, hypervisor, out)?,
        Command::Regs { vm, vcpu } => {
            let vm = existing(hypervisor, vm)?;
            check_vcpu(hypervisor, vm, vcpu)?;
            look::registers(&hypervisor.registers(vm, vcpu)?, out)?;
        }
        Command::Mem { vm, gpa, length } => {
            look::memory(existing(hypervisor, vm)?, gpa, length, hypervisor, out)?;
        }
        Command::Walk { vm, gva, vcpu } => {
            let vm = existing(hypervisor, vm)?;
            check_vcpu(hypervisor, vm, vcpu)?;
            look::walk(gva, &hypervisor.walk(vm, vcpu, gva)?, out)?;
        }
        Command::Log(None) => log(hypervisor, out)?,
        Command::Log(Some(level)) => hypervisor.set_log_level(level),
        Command::Caps => host::caps(hypervisor, out, paint)?,
        Command::Memory => host::memory(hypervisor, out)?,
        Command::Cpus => host::cpus(hypervisor, out, paint)?,
        Command::Version => host::version(hypervisor, out)?,
        Command::PowerOff => hypervisor.power_off(),
        Command::Help(None) => list_commands(out)?,
        Command::Help(Some(spec)) => {
            writeln!(out, "{spec}: {}", spec.summary)?;
            spec.details.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        }
    }
    Ok(())
}

/// The VM of a name, or of a number as `vms` shows it.
fn find<'a>(hypervisor: &dyn Hypervisor, name: &'a str) -> Result<usize, Error<'a>> {
    let count = hypervisor.vm_count();
    let named = (0..count).find(|vm| hypervisor.vm(*vm).name == name);
    let numbered = || name.parse::<usize>().ok()?.checked_sub(1).filter(|vm| *vm < count);
    named.or_else(numbered).ok_or(Error::NoVm(name))
}

/// The same of one that has memory and registers.
fn existing<'a>(hypervisor: &dyn Hypervisor, name: &'a str) -> Result<usize, Error<'a>> {
    let vm = find(hypervisor, name)?;
    hypervisor.vm(vm).state.exists().then_some(vm).ok_or(Error::NotThere)
}

fn check_vcpu<'a>(hypervisor: &dyn Hypervisor, vm: usize, vcpu: usize) -> Result<(), Error<'a>> {
    let vcpus = hypervisor.vm(vm).vcpus;
    if vcpu < vcpus {
        Ok(())
    } else {
        Err(Error::NoVcpu { vcpu, vcpus })
    }
}

fn log(hypervisor: &mut dyn Hypervisor, out: &mut dyn Write) -> fmt::Result {
    let level = hypervisor.log_level();
    let mut result = Ok(());
    hypervisor.log(&mut |ring| result = escaped::write(ring.all(), out));
    result?;
    let name = spec::LEVELS.iter().find(|(_, one)| *one == level).map_or("", |(name, _)| name);
    writeln!(out, "(level {name})")
}

fn list_commands(out: &mut dyn Write) -> fmt::Result {
    for spec in &spec::SPECS {
        writeln!(out, "{:<24} {}", alloc::format!("{spec}"), spec.summary)?;
    }
    Ok(())
}
