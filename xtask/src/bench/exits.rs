//! Round trips of exits, by a guest that takes the time of its own: guests/bench/exits.asm.

use super::figures::Shape;
use super::qemu::{self, Until};
use super::{bochs, tools, Figures, Measurement};
use crate::emulator::On;
use crate::{expect, image, project, size};
use anyhow::{ensure, Context as _, Result};

pub const MEASUREMENT: Measurement = Measurement {
    name: "exits",
    what: "instructions of round trips from the guest to pxHV and back: SVM, in QEMU",
    missing: || None,
    run: |figures| run(On::Qemu, figures),
};

pub const BOCHS: Measurement = Measurement {
    name: "exits-bochs",
    what: "the same, VMX, in Bochs",
    missing: || None,
    run: |figures| run(On::Bochs, figures),
};

pub const BOCHS_SVM: Measurement = Measurement {
    name: "exits-bochs-svm",
    what: "the same, SVM, in Bochs",
    missing: || None,
    run: |figures| run(On::BochsSvm, figures),
};

const GUEST: &str = "guests/bench/exits.asm";
/// In the place of stage 3: the least that an exit can cost.
const BARE: &str = "guests/bench/bare.asm";
/// RAM of the computer below the VM.
const MEMORY: u64 = 256 * size::MIB;
/// What each line of the guest begins with.
const LINE: &str = "bench exits: ";
/// Its last line says this.
const END: &str = "done";

/// What some of the round trips should come down to.
const TARGETS: [(&str, u64); 6] = [
    ("cpuid", 100),
    ("hypercall", 100),
    ("in-pic", 250),
    ("in-elcr", 250),
    ("rdmsr-mtrr", 200),
    ("timer-set-and-interrupt", 1000),
];

fn run(on: On, figures: &mut Figures) -> Result<()> {
    if on != On::Qemu {
        tools::note_bochs(figures);
    }
    let [guest, bare] = [GUEST, BARE].map(|source| project::root().join(source));
    let what = image::What::guest(guest, String::new());
    // Its own guest is in it: what the image has is not started.
    let in_place = image::What { stage3: Some(bare), ..what.clone() };
    for (name, ticks) in measure(on, &in_place)? {
        figures.reference(format!("bare loop: {name}"), ticks, "instructions").drawn(Shape::Bar);
    }
    for (name, ticks) in measure(on, &what)? {
        let target = TARGETS.iter().find(|(wanted, _)| *wanted == name);
        let figure = figures.count(name, ticks, "instructions").drawn(Shape::Bar);
        if let Some((_, target)) = target {
            figure.target(*target);
        }
    }
    Ok(())
}

/// Runs an image whose guest measures.
fn measure(on: On, what: &image::What) -> Result<Vec<(String, u64)>> {
    let disk = project::target().join("bench/exits.img");
    image::build(what, Some(&disk))?;
    let end = expect::pattern(&format!("^{LINE}{END}$"))?;
    println!("measuring exits on {} ...", on.name());
    let console = if on == On::Qemu {
        let mut computer = qemu::computer(&size::show(MEMORY));
        computer.args(["-drive", &format!("file={},format=raw,if=ide,snapshot=on", disk.display())]);
        qemu::count(computer, &Until::Console(end), None)?.console()
    } else {
        bochs::count(on, MEMORY, &disk, &end, None)?.console()
    };
    let found = results(&console)?;
    ensure!(!found.is_empty(), "the guest measured nothing; console:\n{console}");
    Ok(found)
}

/// What the guest measured: names and ticks.
fn results(console: &str) -> Result<Vec<(String, u64)>> {
    let lines = console.lines().filter_map(|line| line.trim_end().strip_prefix(LINE));
    let results = lines.filter(|line| *line != END).map(|line| {
        let (name, ticks) = line.split_once(' ').with_context(|| format!("no result: {line}"))?;
        Ok((name.to_owned(), ticks.parse().with_context(|| format!("no number: {line}"))?))
    });
    results.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guests_lines_are_read() {
        let text = "pxHV: vm exits: starting\r\nbench exits: cpuid 573\r\nbench exits: in-pic 61\r\nbench exits: done\r\n";
        assert_eq!(results(text).unwrap(), [("cpuid".into(), 573), ("in-pic".into(), 61)]);
        assert!(results("bench exits: cpuid\n").is_err());
        assert!(results("bench exits: cpuid x\n").is_err());
    }
}
