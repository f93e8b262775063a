//! The Linux guest of pxhv.toml, alone, from power-on to its shell, stage by stage; and from the kernel's start on
//! against the same kernel without pxHV.

use super::qemu::{self, At, Counts, Until};
use super::{Figures, Measurement};
use crate::{expect, guests, image, project};
use anyhow::{Context as _, Result};
use regex::Regex;
use std::path::PathBuf;

pub const MEASUREMENT: Measurement = Measurement {
    name: "boot-linux",
    what: "instructions from power-on to the shell of pxhv.toml's Linux, stage by stage",
    missing: || None,
    run,
};

/// RAM of the computer below the VM.
const HOST_MEMORY: &str = "1G";
/// RAM of the guest, as in pxhv.toml.
const MEMORY: &str = "512M";
const KERNEL: &str = "guests/linux/vmlinuz";
const INITRD: &str = "guests/linux/initrd.gz";
const CMDLINE: &str = "console=ttyS0";
/// Where QEMU puts a bzImage, and where that begins.
const KERNEL_START: u64 = 0x10_0000;

/// The ends of the stages before a guest runs: lines on the console.
const STAGES: [(&str, &str); 5] = [
    ("the BIOS, until stage 1 speaks", "^pxHV stage 1"),
    ("stage 1", "^pxHV stage 2"),
    ("stage 2: A20, memory map, checks", "^Loading stage 3"),
    ("stage 2: loading from the disk", "^Long mode enabled"),
    ("stage 2: virtualization on", "^pxHV: stage 3"),
];

fn run(figures: &mut Figures) -> Result<()> {
    let shell = || -> Result<Until> { Ok(Until::Console(expect::pattern("^pxhv-guest:.*# $")?)) };
    println!("booting Linux without pxHV ...");
    let mut computer = qemu::computer(MEMORY);
    computer.arg("-kernel").arg(file(KERNEL)?).arg("-initrd").arg(file(INITRD)?).args(["-append", CMDLINE]);
    let native = qemu::count(computer, &shell()?, Some(KERNEL_START))?;
    let native_start = native.start.context("the kernel was not started")?;

    let directory = project::target().join("bench");
    let (config, disk) = (directory.join("linux.toml"), directory.join("linux.img"));
    image::write(&config, configuration()?.as_bytes())?;
    image::build(&image::What::of(config), Some(&disk))?;
    println!("booting Linux in a VM ...");
    let mut computer = qemu::computer(HOST_MEMORY);
    computer.args(["-drive", &format!("file={},format=raw,if=ide,snapshot=on", disk.display())]);
    let ours = qemu::count(computer, &shell()?, None)?;
    let entry = ours.entry.context("no guest was entered")?;

    let mut before = 0;
    for (stage, end) in STAGES {
        let at = ours.first_byte(&expect::pattern(end)?)?.count;
        figures.count(stage, at - before, "instructions");
        before = at;
    }
    figures.count("stage 3, until the guest is entered", entry - before, "instructions");
    let [first, prompt] = milestones(&ours)?;
    figures.count("guest, to the kernel's first words", first.count - entry, "instructions");
    figures.count("guest, from there to the shell", prompt.count - first.count, "instructions");
    figures.count("power-on to shell", prompt.count, "instructions");
    let in_vm = prompt.count - entry;
    figures.count("guest, all of it", in_vm, "instructions");
    figures.count("  of them pxHV's own", in_vm - prompt.guest, "instructions");
    figures.count("  entries to the guest", prompt.entries, "");

    let [first, prompt] = milestones(&native)?;
    let native = prompt.count - native_start;
    figures.count("native, to the kernel's first words", first.count - native_start, "instructions");
    figures.count("native, from there to the shell", prompt.count - first.count, "instructions");
    figures.count("native, all of it", native, "instructions");
    figures.ratio("kernel's start to shell, in a VM to native", in_vm, native, None);
    Ok(())
}

/// The kernel's first byte on the console, and the shell's prompt.
fn milestones(counts: &Counts) -> Result<[At; 2]> {
    let pattern = |text: &str| -> Result<Regex> { Ok(expect::pattern(text)?) };
    Ok([
        counts.first_byte(&pattern(r"\[ +0\.0+\] Linux version")?)?,
        counts.whole(&pattern("pxhv-guest:.*# ")?)?,
    ])
}

/// The guest of pxhv.toml, alone.
fn configuration() -> Result<String> {
    let [kernel, initrd] = [file(KERNEL)?, file(INITRD)?].map(|file| file.display().to_string());
    Ok(format!(
        "[[vm]]\nname = \"linux\"\nmemory = {MEMORY:?}\nboot = \"linux\"\nkernel = {kernel:?}\ninitrd = {initrd:?}\n\
         cmdline = {CMDLINE:?}\n"
    ))
}

/// A file of the guest, made now if it is missing.
fn file(name: &str) -> Result<PathBuf> {
    guests::provide(&project::root().join(name))
}
