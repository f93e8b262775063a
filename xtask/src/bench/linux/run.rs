//! A Linux guest is booted, in a VM and without pxHV.

use crate::bench::asking::Asking;
use crate::bench::counts::{At, Counts};
use crate::bench::qemu::{self, Until};
use crate::bench::{bochs, tools, Figures};
use crate::control::Answer;
use crate::emulator::On;
use crate::{expect, guests, image, project, size};
use anyhow::{Context as _, Result};
use std::path::PathBuf;

/// RAM of the computer below the VM.
const HOST_MEMORY: u64 = size::GIB;
/// RAM of the guest, as in pxhv.toml.
const MEMORY: &str = "512M";
const KERNEL: &str = "guests/linux/vmlinuz";
const INITRD: &str = "guests/linux/initrd.gz";
/// Where QEMU puts a bzImage, and where that begins.
const KERNEL_START: u64 = 0x10_0000;
/// Where pxHV puts one: the `pref_address` of Debian's kernels.
const PREF_ADDRESS: u64 = 0x100_0000;

/// What is booted.
pub struct Guest {
    /// The processor that it has without pxHV, as QEMU names it.
    pub cpu: &'static str,
    /// The kernel's command line.
    pub cmdline: &'static str,
    /// The initramfs.
    pub initrd: PathBuf,
    /// What is on the console at the end: a regular expression.
    pub end: &'static str,
    /// What pxHV's monitor is asked, in QEMU.
    pub asking: Option<Asking<'static>>,
}

/// A boot.
pub struct Run {
    /// The count at the kernel's first instruction.
    pub start: u64,
    /// What was counted.
    pub counts: Counts,
    /// What pxHV's monitor answered.
    pub answers: Vec<Answer>,
}

impl Guest {
    /// Without pxHV, in QEMU.
    pub fn natively(&self) -> Result<Run> {
        println!("booting Linux without pxHV ...");
        let mut computer = qemu::computer(MEMORY);
        computer.arg("-kernel").arg(file(KERNEL)?).arg("-initrd").arg(&self.initrd);
        // Of two, QEMU takes the last one.
        computer.args(["-append", self.cmdline, "-cpu", self.cpu]);
        let counts = qemu::count(computer, &Until::Console(expect::pattern(self.end)?), Some(KERNEL_START))?;
        let start = counts.start.context("the kernel was not started")?;
        Ok(Run { start, counts, answers: Vec::new() })
    }

    /// In a VM, from power-on.
    pub fn in_vm(&self, on: On) -> Result<Run> {
        let directory = project::target().join("bench");
        let (config, disk) = (directory.join("linux.toml"), directory.join("linux.img"));
        image::write(&config, self.configuration()?.as_bytes())?;
        image::build(&image::What::of(config), Some(&disk))?;
        println!("booting Linux in a VM on {} ...", on.name());
        let end = expect::pattern(self.end)?;
        let (start, counts, answers) = if on == On::Qemu {
            let mut computer = qemu::computer(&size::show(HOST_MEMORY));
            computer.args(["-drive", &format!("file={},format=raw,if=ide,snapshot=on", disk.display())]);
            let (counts, answers) = qemu::count_and_ask(computer, &Until::Console(end), self.asking)?;
            (counts.entry, counts, answers)
        } else {
            let counts = bochs::count(on, HOST_MEMORY, &disk, &end, Some(PREF_ADDRESS))?;
            (counts.start, counts, Vec::new())
        };
        Ok(Run { start: start.context("no guest was entered")?, counts, answers })
    }

    /// Alone, otherwise as in pxhv.toml.
    fn configuration(&self) -> Result<String> {
        let [kernel, initrd] = [&file(KERNEL)?, &self.initrd].map(|file| file.display().to_string());
        let cmdline = self.cmdline;
        Ok(format!(
            "[[vm]]\nname = \"linux\"\nmemory = {MEMORY:?}\nboot = \"linux\"\nkernel = {kernel:?}\n\
             initrd = {initrd:?}\ncmdline = {cmdline:?}\n"
        ))
    }
}

impl Run {
    /// When all of `pattern` was on the console.
    pub fn whole(&self, pattern: &str) -> Result<At> {
        self.counts.whole(&expect::pattern(pattern)?)
    }

    /// When the first byte of `pattern` was there.
    pub fn first_byte(&self, pattern: &str) -> Result<At> {
        self.counts.first_byte(&expect::pattern(pattern)?)
    }
}

/// The initramfs of pxhv.toml.
pub fn initrd() -> Result<PathBuf> {
    file(INITRD)
}

/// Notes what figures of such boots depend on.
pub fn note(figures: &mut Figures) -> Result<()> {
    tools::note_bios(figures)?;
    tools::note_linux(figures, &file(KERNEL)?)
}

/// A file of the guest, made now if it is missing.
fn file(name: &str) -> Result<PathBuf> {
    guests::provide(&project::root().join(name))
}
