//! The Linux guest of pxhv.toml, alone, from power-on to its shell, stage by stage; and from the kernel's start on
//! against the same kernel without pxHV. Once with the kernel's messages on the console, once without.

mod run;

pub use run::{initrd, note, Guest, Run};

use super::figures::Shape;
use super::{reasons, tools, Figures, Measurement};
use crate::emulator::On;
use anyhow::Result;

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
        let guest = boot.guest()?;
        boot.compare(figures, &guest.natively()?, &guest.in_vm(On::Qemu)?)
    },
};

pub const BOCHS: Measurement = Measurement {
    name: "boot-linux-bochs",
    what: "ticks of the same stages: VMX, in Bochs",
    missing: || None,
    run: |figures| ticks(On::Bochs, figures),
};

pub const BOCHS_SVM: Measurement = Measurement {
    name: "boot-linux-bochs-svm",
    what: "ticks of the same stages: SVM, in Bochs",
    missing: || None,
    run: |figures| ticks(On::BochsSvm, figures),
};

/// The kernel's first line on the console.
const FIRST_WORDS: &str = r"\[ +0\.0+\] Linux version";
/// The guest's shell.
const PROMPT: &str = "pxhv-guest:.*# ";
/// All of it, as it is on the console first.
const PROMPT_TEXT: &str = "pxhv-guest:/root# ";
/// What ends a run.
const SHELL: &str = "^pxhv-guest:.*# $";

/// The ends of the stages before a guest runs: lines on the console.
const STAGES: [(&str, &str); 5] = [
    ("the BIOS, until stage 1 speaks", "^pxHV stage 1"),
    ("stage 1", "^pxHV stage 2"),
    ("stage 2: A20, memory map, checks", "^Loading stage 3"),
    ("stage 2: loading from the disk", "^Long mode enabled"),
    ("stage 2: unpacking stage 3, virtualization on", "^pxHV: stage 3"),
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
    fn guest(&self) -> Result<Guest> {
        let asking = Some(reasons::asking(PROMPT_TEXT));
        Ok(Guest { cpu: "max", cmdline: self.cmdline, initrd: initrd()?, end: SHELL, asking })
    }

    /// Also tells the stages.
    fn stages(&self, figures: &mut Figures) -> Result<()> {
        let guest = self.guest()?;
        let (native, ours) = (guest.natively()?, guest.in_vm(On::Qemu)?);
        stages(figures, &ours, "instructions")?;
        let [first, shell] = [native.first_byte(FIRST_WORDS)?.count, native.whole(PROMPT)?.count];
        figures.reference("native, to the kernel's first words", first - native.start, "instructions");
        figures.reference("native, from there to the shell", shell - first, "instructions");
        self.compare(figures, &native, &ours)
    }

    /// From the kernel's start on.
    fn compare(&self, figures: &mut Figures, native: &Run, ours: &Run) -> Result<()> {
        note(figures)?;
        let [native_shell, shell] = [native.whole(PROMPT)?, ours.whole(PROMPT)?];
        let [without, within] = [native_shell.count - native.start, shell.count - ours.start];
        figures.reference("native, all of it", without, "instructions");
        figures.count("guest, all of it", within, "instructions");
        figures.count("  of them pxHV's own", within - shell.guest, "instructions");
        figures.count("  entries to the guest", shell.entries, "").limit(self.entries);
        reasons::add(figures, &ours.answers)?;
        figures.ratio("kernel's start to shell, in a VM to native", within, without, Some(self.ratio));
        Ok(())
    }
}

/// The stages in Bochs. Its serial port takes its time for each byte: the kernel says only what it finds remarkable.
fn ticks(on: On, figures: &mut Figures) -> Result<()> {
    note(figures)?;
    tools::note_bochs(figures);
    let guest = Guest {
        cpu: "max",
        cmdline: "console=ttyS0 loglevel=6",
        initrd: initrd()?,
        end: SHELL,
        asking: None,
    };
    stages(figures, &guest.in_vm(on)?, "ticks")
}

/// From power-on to the shell.
fn stages(figures: &mut Figures, run: &Run, unit: &'static str) -> Result<()> {
    let mut before = 0;
    let mut stage = |name: &str, end: u64| {
        figures.count(name, end - before, unit).drawn(Shape::Part);
        before = end;
    };
    for (name, end) in STAGES {
        stage(name, run.first_byte(end)?.count);
    }
    stage("stage 3, until the guest is entered", run.start);
    stage("guest, to the kernel's first words", run.first_byte(FIRST_WORDS)?.count);
    let shell = run.whole(PROMPT)?.count;
    stage("guest, from there to the shell", shell);
    figures.count("power-on to shell", shell, unit);
    figures.reference("seconds here, with the emulator's start", run.counts.elapsed.as_secs(), "s");
    Ok(())
}
