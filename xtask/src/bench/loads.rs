//! What work within a Linux guest costs, once it runs: guests/bench/loads.sh, in a VM and without pxHV.

use super::figures::Shape;
use super::linux::{self, Guest, Run};
use super::{Figures, Measurement};
use crate::emulator::On;
use crate::initramfs::Archive;
use crate::{image, project};
use anyhow::{ensure, Context as _, Result};
use std::path::PathBuf;

pub const MEASUREMENT: Measurement = Measurement {
    name: "loads",
    what: "instructions of work in the shell of a Linux guest, in a VM and without",
    missing: || None,
    run,
};

/// What the guest does, and what that may cost of what it costs without pxHV.
const LOADS: [(&str, Option<f64>); 5] = [
    ("processor", Some(1.005)),
    ("memory", Some(1.005)),
    ("processes", Some(1.005)),
    ("calls", Some(1.005)),
    ("devices", None),
];

/// Both sides use the same addresses, and pages of one size.
const CMDLINE: &str = "console=ttyS0 quiet nokaslr norandmaps transparent_hugepage=never";
/// pxHV shows its guests neither page tables of five levels nor protection keys, and without keys processes are cheaper.
const CPU: &str = "max,-la57,-pku";

fn run(figures: &mut Figures) -> Result<()> {
    linux::note(figures)?;
    let guest = Guest { cpu: CPU, cmdline: CMDLINE, initrd: initrd()?, end: "^loads: done$", asking: None };
    let (native, ours) = (guest.natively()?, guest.in_vm(On::Qemu)?);
    for (load, limit) in LOADS {
        let [without, within] = [cost(load, &native)?, cost(load, &ours)?];
        figures.reference(format!("{load}, native"), without.all, "instructions");
        figures.count(format!("{load}, in a VM"), within.all, "instructions");
        figures.count(format!("  {load}, of them pxHV's own"), within.own, "instructions");
        figures.count(format!("  {load}, entries to the guest"), within.entries, "");
        let ratio = figures.ratio(format!("{load}, in a VM to native"), within.all, without.all, limit);
        ratio.drawn(Shape::Bar);
    }
    Ok(())
}

/// What a load costs.
struct Cost {
    /// Instructions.
    all: u64,
    /// Of them, outside of the guest.
    own: u64,
    /// Entries to the guest.
    entries: u64,
}

/// From the last byte of the line before it to the first byte of the line behind it.
fn cost(load: &str, run: &Run) -> Result<Cost> {
    let (begin, end) =
        (run.whole(&format!("load {load}: begin"))?, run.first_byte(&format!("load {load}: end"))?);
    ensure!(begin.count < end.count, "{load} ended before it began");
    let all = end.count - begin.count;
    Ok(Cost { all, own: all - (end.guest - begin.guest), entries: end.entries - begin.entries })
}

/// The initramfs of pxhv.toml with another PID 1: of two archives in one file, the kernel unpacks both (its
/// Documentation/driver-api/early-userspace/buffer-format.rst).
fn initrd() -> Result<PathBuf> {
    let script = project::root().join("guests/bench/loads.sh");
    let mut archive = Archive::default();
    archive.program("init", &std::fs::read(&script).with_context(|| script.display().to_string())?);
    let mut bytes = std::fs::read(linux::initrd()?)?;
    bytes.extend(archive.finish()?);
    let path = project::target().join("bench/loads-initrd.gz");
    image::write(&path, &bytes)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::counts::{At, Counts};

    #[test]
    fn a_load_costs_what_lies_between_its_lines() {
        let console = b"load one: begin\r\nload one: end\r\n".to_vec();
        let at = |count, guest, entries| At { count, guest, entries };
        let sent =
            vec![(at(100, 50, 1), 14), (at(200, 90, 2), 15), (at(700, 580, 5), 18), (at(900, 800, 9), 40)];
        let counts = Counts { console, sent, ..Counts::default() };
        let run = Run { start: 0, counts, answers: Vec::new() };
        let Cost { all, own, entries } = cost("one", &run).unwrap();
        assert_eq!((all, own, entries), (500, 10, 3));
        assert!(cost("two", &run).is_err());
    }
}
