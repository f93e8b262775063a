//! FreeDOS from its boot floppy to its prompt, against the same in the same emulator without pxHV.

use super::qemu::{self, Until};
use super::{reasons, tools, Figures, Measurement};
use crate::control::Answer;
use crate::guests::freedos::VARIABLE;
use crate::{expect, image, packages, project};
use anyhow::{Context as _, Result};
use std::path::Path;

pub const MEASUREMENT: Measurement = Measurement {
    name: "boot-freedos",
    what: "instructions from power-on of a PC with FreeDOS's floppy to the prompt on its screen",
    missing: || {
        let is_there = std::env::var_os(VARIABLE).is_some();
        (!is_there).then(|| format!("{VARIABLE} is not set: see docs/performance.md"))
    },
    run,
};

/// RAM of the PC.
const MEMORY: &str = "64M";
/// RAM of the computer below the VM.
const HOST_MEMORY: &str = "1G";
/// The prompt.
const PROMPT: &str = "A:\\>";
/// What a virtual machine may cost: a tenth.
const LIMIT: f64 = 1.10;

fn run(figures: &mut Figures) -> Result<()> {
    let floppy = std::env::var_os(VARIABLE).context("the floppy is missing")?;
    let floppy = std::path::absolute(floppy)?;
    let native = native(&floppy)?;
    let Ours { all, own, entries, answers } = ours(&floppy)?;
    tools::note_bios(figures)?;
    tools::note_file(figures, "floppy", &floppy)?;
    figures.reference("without pxHV", native, "instructions");
    figures.count("in a VM", all, "instructions");
    figures.count("  of them pxHV's own", own, "instructions");
    figures.count("  entries to the guest", entries, "");
    reasons::add(figures, &answers)?;
    figures.ratio("in a VM, to without pxHV", all, native, Some(LIMIT));
    Ok(())
}

/// From reset. The BIOS is the build that VMs have.
fn native(floppy: &Path) -> Result<u64> {
    packages::ensure(&[packages::Purpose::Bios])?;
    println!("booting FreeDOS without pxHV ...");
    let mut computer = qemu::computer(MEMORY);
    computer.args(["-bios", packages::SEABIOS, "-drive", &drive("floppy", floppy)]);
    Ok(qemu::count(computer, &Until::Screen(PROMPT), None)?.screen.count)
}

/// From the first entry to the guest.
struct Ours {
    all: u64,
    /// Of them, outside of the guest.
    own: u64,
    /// Entries to the guest.
    entries: u64,
    /// What pxHV's monitor answered.
    answers: Vec<Answer>,
}

fn ours(floppy: &Path) -> Result<Ours> {
    let directory = project::target().join("bench");
    let config = directory.join("freedos.toml");
    let text = format!(
        "[[vm]]\nname = \"freedos\"\nmemory = {MEMORY:?}\nboot = \"bios\"\nfloppies = [{:?}]\ndisplay = \"text\"\n",
        floppy.display().to_string()
    );
    image::write(&config, text.as_bytes())?;
    let disk = directory.join("freedos.img");
    image::build(&image::What::of(config), Some(&disk))?;
    println!("booting FreeDOS in a VM ...");
    let mut computer = qemu::computer(HOST_MEMORY);
    computer.args(["-drive", &drive("ide", &disk)]);
    let prompt = Until::Console(expect::pattern(r"^A:\\>$")?);
    let (counts, answers) = qemu::count_and_ask(computer, &prompt, Some(reasons::asking(PROMPT)))?;
    let entry = counts.entry.context("no guest was entered")?;
    let all = counts.screen.count - entry;
    Ok(Ours { all, own: all - counts.screen.guest, entries: counts.screen.entries, answers })
}

/// A drive with an image, which stays as it is. A comma in its name is written twice.
fn drive(interface: &str, image: &Path) -> String {
    let image = image.display().to_string().replace(',', ",,");
    format!("file={image},format=raw,if={interface},snapshot=on")
}
