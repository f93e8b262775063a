//! The Linux guest of pxhv.toml, alone, from power-on to its shell, stage by stage; and from the kernel's start on
//! against the same kernel without pxHV. Once with the kernel's messages on the console, once without.

use super::counts::{At, Counts};
use super::figures::Shape;
use super::qemu::{self, Until};
use super::{tools, Figures, Measurement};
use crate::{expect, guests, image, project};
use anyhow::{Context as _, Result};
use std::path::PathBuf;

pub const MEASUREMENT: Measurement = Measurement {
    name: "boot-linux",
    what: "instructions from power-on to the shell of pxhv.toml's Linux, stage by stage",
    missing: || None,
    run: |figures| Boot { cmdline: "console=ttyS0", ratio: 0.95, entries: 45_000 }.stages(figures),
};

pub const QUIET: Measurement = Measurement {
    name: "boot-linux-quiet",
    what: "instructions from the kernel's start to the shell, with a kernel that prints nothing",
    missing: || None,
    run: |figures| {
        let boot = Boot { cmdline: "console=ttyS0 quiet", ratio: 0.92, entries: 5_000 };
        boot.compare(figures, &boot.natively()?, &boot.in_vm()?)
    },
};

/// RAM of the computer below the VM.
const HOST_MEMORY: &str = "1G";
/// RAM of the guest, as in pxhv.toml.
const MEMORY: &str = "512M";
const KERNEL: &str = "guests/linux/vmlinuz";
const INITRD: &str = "guests/linux/initrd.gz";
/// Where QEMU puts a bzImage, and where that begins.
const KERNEL_START: u64 = 0x10_0000;
/// The kernel's first line on the console.
const FIRST_WORDS: &str = r"\[ +0\.0+\] Linux version";
/// The guest's shell.
const PROMPT: &str = "pxhv-guest:.*# ";

/// The ends of the stages before a guest runs: lines on the console.
const STAGES: [(&str, &str); 5] = [
    ("the BIOS, until stage 1 speaks", "^pxHV stage 1"),
    ("stage 1", "^pxHV stage 2"),
    ("stage 2: A20, memory map, checks", "^Loading stage 3"),
    ("stage 2: loading from the disk", "^Long mode enabled"),
    ("stage 2: virtualization on", "^pxHV: stage 3"),
];

/// A boot on both sides.
struct Boot {
    cmdline: &'static str,
    /// What it may cost, of what it costs without pxHV. In a VM the kernel need not find out the clock's rate.
    ratio: f64,
    /// How many entries to the guest it may take.
    entries: u64,
}

impl Boot {
    /// Also tells the stages.
    fn stages(&self, figures: &mut Figures) -> Result<()> {
        let (native, ours) = (self.natively()?, self.in_vm()?);
        let mut before = 0;
        for (stage, end) in STAGES {
            let at = ours.counts.first_byte(&expect::pattern(end)?)?.count;
            figures.count(stage, at - before, "instructions").drawn(Shape::Part);
            before = at;
        }
        let entered = "stage 3, until the guest is entered";
        figures.count(entered, ours.start - before, "instructions").drawn(Shape::Part);
        let [first, shell] = [ours.first_words()?.count, ours.shell()?.count];
        figures
            .count("guest, to the kernel's first words", first - ours.start, "instructions")
            .drawn(Shape::Part);
        figures.count("guest, from there to the shell", shell - first, "instructions").drawn(Shape::Part);
        let [first, shell] = [native.first_words()?.count, native.shell()?.count];
        figures.reference("native, to the kernel's first words", first - native.start, "instructions");
        figures.reference("native, from there to the shell", shell - first, "instructions");
        figures.count("power-on to shell", ours.shell()?.count, "instructions");
        self.compare(figures, &native, &ours)
    }

    /// From the kernel's start on.
    fn compare(&self, figures: &mut Figures, native: &Run, ours: &Run) -> Result<()> {
        tools::note_bios(figures)?;
        tools::note_linux(figures, &file(KERNEL)?)?;
        let [native_shell, shell] = [native.shell()?, ours.shell()?];
        let [without, within] = [native_shell.count - native.start, shell.count - ours.start];
        figures.reference("native, all of it", without, "instructions");
        figures.count("guest, all of it", within, "instructions");
        figures.count("  of them pxHV's own", within - shell.guest, "instructions");
        figures.count("  entries to the guest", shell.entries, "").limit(self.entries);
        figures.ratio("kernel's start to shell, in a VM to native", within, without, Some(self.ratio));
        Ok(())
    }

    fn natively(&self) -> Result<Run> {
        println!("booting Linux without pxHV ...");
        let mut computer = qemu::computer(MEMORY);
        computer.arg("-kernel").arg(file(KERNEL)?).arg("-initrd").arg(file(INITRD)?);
        computer.args(["-append", self.cmdline]);
        let counts = qemu::count(computer, &shell()?, Some(KERNEL_START))?;
        Ok(Run { start: counts.start.context("the kernel was not started")?, counts })
    }

    fn in_vm(&self) -> Result<Run> {
        let directory = project::target().join("bench");
        let (config, disk) = (directory.join("linux.toml"), directory.join("linux.img"));
        image::write(&config, configuration(self.cmdline)?.as_bytes())?;
        image::build(&image::What::of(config), Some(&disk))?;
        println!("booting Linux in a VM ...");
        let mut computer = qemu::computer(HOST_MEMORY);
        computer.args(["-drive", &format!("file={},format=raw,if=ide,snapshot=on", disk.display())]);
        let counts = qemu::count(computer, &shell()?, None)?;
        Ok(Run { start: counts.entry.context("no guest was entered")?, counts })
    }
}

/// One side's boot.
struct Run {
    /// The count at the kernel's first instruction.
    start: u64,
    counts: Counts,
}

impl Run {
    /// When the kernel began to speak.
    fn first_words(&self) -> Result<At> {
        self.counts.first_byte(&expect::pattern(FIRST_WORDS)?)
    }

    /// When the shell's prompt was there.
    fn shell(&self) -> Result<At> {
        self.counts.whole(&expect::pattern(PROMPT)?)
    }
}

/// What ends a run.
fn shell() -> Result<Until> {
    Ok(Until::Console(expect::pattern(&format!("^{PROMPT}$"))?))
}

/// The guest of pxhv.toml, alone.
fn configuration(cmdline: &str) -> Result<String> {
    let [kernel, initrd] = [file(KERNEL)?, file(INITRD)?].map(|file| file.display().to_string());
    Ok(format!(
        "[[vm]]\nname = \"linux\"\nmemory = {MEMORY:?}\nboot = \"linux\"\nkernel = {kernel:?}\ninitrd = {initrd:?}\n\
         cmdline = {cmdline:?}\n"
    ))
}

/// A file of the guest, made now if it is missing.
fn file(name: &str) -> Result<PathBuf> {
    guests::provide(&project::root().join(name))
}
