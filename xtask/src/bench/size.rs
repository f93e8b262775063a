//! How much there is of pxHV: bytes in the image, memory, lines of code.

mod lines;

use super::asking::Asking;
use super::figures::Shape;
use super::qemu::{self, Until};
use super::{Figures, Measurement};
use crate::control::Answer;
use crate::{expect, image, project};
use anyhow::{bail, ensure, Context as _, Result};

pub const MEASUREMENT: Measurement = Measurement {
    name: "size",
    what: "bytes and lines of pxHV, and the memory it takes",
    missing: || None,
    run,
};

/// Bytes that stages 1 to 3 should come down to.
const STAGES: u64 = 200 << 10;
/// Memory of pxHV with one VM, beyond the VM's RAM, should be no more than that (KiB).
const MEMORY: u64 = 5 << 10;

/// The guest, and what it says when it runs.
const GUEST: &str = "guests/bench/exits.asm";
const RUNS: &str = "bench exits: cpuid ";
/// Rows of the monitor's table: all that is neither free nor a VM's nor files of guests, and what is in use of pxHV's heap.
const OWN: &str = "pxHV";
const HEAP_USED: &str = "in use of it";
/// RAM of the VM, and of the computer.
const VM_MEMORY: &str = "512M";
const HOST_MEMORY: &str = "1G";

fn run(figures: &mut Figures) -> Result<()> {
    stages(figures)?;
    memory(figures)?;
    for (room, count) in lines::of_all(project::root())? {
        figures.reference(format!("lines of {room}"), count, "lines").drawn(Shape::Bar);
    }
    Ok(())
}

fn stages(figures: &mut Figures) -> Result<()> {
    let own = image::own_sizes()?.map(|bytes| bytes as u64);
    for (name, bytes) in ["stage 1", "stage 2", "stage 3"].into_iter().zip(own) {
        figures.count(name, bytes, "bytes").drawn(Shape::Part);
    }
    figures.count("stages 1 to 3", own.iter().sum(), "bytes").target(STAGES);
    Ok(())
}

/// With a VM, and when it is destroyed.
fn memory(figures: &mut Figures) -> Result<()> {
    let directory = project::target().join("bench");
    let (config, disk) = (directory.join("size.toml"), directory.join("size.img"));
    let kernel = project::root().join(GUEST).display().to_string();
    let text =
        format!("[[vm]]\nname = \"size\"\nmemory = {VM_MEMORY:?}\nboot = \"linux\"\nkernel = {kernel:?}\n");
    image::write(&config, text.as_bytes())?;
    image::build(&image::What::of(config), Some(&disk))?;
    println!("running a VM and destroying it ...");
    let mut computer = qemu::computer(HOST_MEMORY);
    computer.args(["-drive", &format!("file={},format=raw,if=ide,snapshot=on", disk.display())]);
    let asking = Asking { at: RUNS, commands: &["memory", "stop 1", "destroy 1", "memory"] };
    let (_, answers) =
        qemu::count_and_ask(computer, &Until::Console(expect::pattern(&format!("^{RUNS}"))?), Some(asking))?;
    let [with, .., without] = answers.as_slice() else { bail!("the monitor was not asked") };
    let is_there = without.lines.iter().any(|line| line.starts_with("vm "));
    ensure!(!is_there, "the VM was not destroyed");
    figures.count("memory, with no VM", row(without, OWN)?, "KiB").drawn(Shape::Bar);
    figures.count("  in use on the heap", row(without, HEAP_USED)?, "KiB").drawn(Shape::Bar);
    let beyond = format!("memory, with a VM of {VM_MEMORY}, beyond these");
    figures.count(beyond, row(with, OWN)?, "KiB").target(MEMORY).drawn(Shape::Bar);
    figures.count("  in use on the heap then", row(with, HEAP_USED)?, "KiB").drawn(Shape::Bar);
    Ok(())
}

/// A row of the table of `memory` that is told in KiB.
fn row(answer: &Answer, name: &str) -> Result<u64> {
    let value = answer.lines.iter().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" KiB"));
    value.and_then(|value| value.parse().ok()).with_context(|| format!("no {name:?} in {:?}", answer.lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_monitors_table_are_read() {
        let lines = ["MEMORY SIZE", "vm size                 512 MiB", "pxHV           4321 KiB"];
        let answer = Answer { lines: lines.map(str::to_owned).into(), error: None };
        assert_eq!(row(&answer, OWN).unwrap(), 4321);
        assert!(row(&answer, "vm size").is_err());
        assert!(row(&answer, HEAP_USED).is_err());
    }
}
