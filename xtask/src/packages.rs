//! The programs that the commands need, and how to get them on Debian.

use crate::toolchain::{self, Toolchain};
use anyhow::{bail, Context, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What something is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Building images.
    Image,
    /// Images with a BIOS for a guest.
    Bios,
    /// Running in QEMU.
    Qemu,
    /// Running in Bochs.
    Bochs,
    /// Debugging.
    Gdb,
    /// `cargo xtask test`.
    Test,
    /// `cargo xtask fuzz`: libFuzzer is C++.
    Fuzz,
}

/// Everything.
pub const ALL: &[Purpose] =
    &[Purpose::Image, Purpose::Bios, Purpose::Qemu, Purpose::Bochs, Purpose::Gdb, Purpose::Test];

/// The BIOS of their display adapter: the build for one without PCI.
pub const VGA_BIOS: &str = "/usr/share/seabios/vgabios-isavga.bin";
/// The BIOS for guests: the build of SeaBIOS that fits into 128 KiB.
pub const SEABIOS: &str = "/usr/share/seabios/bios.bin";

/// Purpose, package, and a file of it: a program on the PATH, or an absolute path.
const PACKAGES: &[(Purpose, &str, &str)] = &[
    (Purpose::Image, "nasm", "nasm"),
    (Purpose::Bios, "seabios", SEABIOS),
    (Purpose::Qemu, "qemu-system-x86", "qemu-system-x86_64"),
    (Purpose::Bochs, "bochs", "bochs-bin"),
    (Purpose::Bochs, "bochs-term", "/usr/lib/x86_64-linux-gnu/bochs/plugins/libbx_term_gui.so"),
    (Purpose::Bochs, "bochsbios", "/usr/share/bochs/BIOS-bochs-latest"),
    (Purpose::Bochs, "vgabios", "/usr/share/bochs/VGABIOS-lgpl-latest"),
    (Purpose::Gdb, "gdb", "gdb"),
    (Purpose::Test, "acpica-tools", "iasl"),
    (Purpose::Fuzz, "g++", "c++"),
];

/// Debian's packages of the tools that check the source, and their programs.
const CHECKERS: &[(&str, &str)] = &[("rustfmt-web", "fmt"), ("rust-web-clippy", "clippy")];

/// Installs what is missing for `purposes`, or says what to install. Silent when nothing is.
pub fn ensure(purposes: &[Purpose]) -> Result<()> {
    ensure_all(&|| missing(purposes))
}

/// The same for programs on the PATH that come with `package`.
pub fn ensure_programs(programs: &[String], package: &str) -> Result<()> {
    let are_there = || programs.iter().all(|program| has_program(program));
    ensure_all(&|| if are_there() { vec![] } else { vec![package] })
}

/// Installs what is missing, and looks again.
fn ensure_all<'a>(find_missing: &dyn Fn() -> Vec<&'a str>) -> Result<()> {
    let missing = find_missing();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !has_program("apt-get") {
        bail!("missing here: {list} (names of Debian packages); install them and try again");
    }
    println!("missing packages: {list}");
    install(&missing)?;
    let still = find_missing();
    if !still.is_empty() {
        bail!("these packages are installed, but something of them is still not found: {}", still.join(" "));
    }
    Ok(())
}

fn missing(purposes: &[Purpose]) -> Vec<&'static str> {
    let needed = PACKAGES.iter().filter(|(purpose, _, _)| purposes.contains(purpose));
    let mut missing: Vec<_> =
        needed.filter(|(_, _, file)| !is_there(file)).map(|(_, package, _)| *package).collect();
    if purposes.contains(&Purpose::Image) && Toolchain::find().is_none() {
        missing.extend(toolchain::DEBIAN);
    }
    if purposes.contains(&Purpose::Test) {
        let needed = CHECKERS.iter().filter(|(_, tool)| Toolchain::with(tool, *tool == "clippy").is_none());
        missing.extend(needed.map(|(package, _)| *package));
    }
    missing
}

fn is_there(file: &str) -> bool {
    if file.starts_with('/') {
        Path::new(file).exists()
    } else {
        has_program(file)
    }
}

/// Whether a program is on the PATH.
pub fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory: PathBuf| directory.join(name).is_file())
}

/// Installs packages as root.
fn install(packages: &[&str]) -> Result<()> {
    let command = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    let Some(prefix) = root_prefix() else {
        bail!("no right to install packages (neither root nor sudo); have this run:\n    {command}");
    };
    // Lists that are missing or old name packages that are not there any more.
    apt_get(prefix, &["update"])?;
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(packages);
    apt_get(prefix, &arguments).with_context(|| format!("could not install; try it by hand:\n    {command}"))
}

/// Refreshes apt's lists, if that is allowed.
pub fn refresh_lists() -> Result<()> {
    let prefix =
        root_prefix().context("apt's lists are missing or old; have `apt-get update` run as root")?;
    apt_get(prefix, &["update"])
}

/// What to put in front of a command that needs root: nothing, or sudo; None without the right.
fn root_prefix() -> Option<&'static [&'static str]> {
    if rustix::process::geteuid().is_root() {
        Some(&[])
    } else if has_program("sudo") {
        Some(&["sudo"])
    } else {
        None
    }
}

fn apt_get(prefix: &[&str], arguments: &[&str]) -> Result<()> {
    let mut words = prefix.to_vec();
    words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]);
    words.extend(arguments);
    println!("+ {}", words.join(" "));
    let status = Command::new(words[0]).args(&words[1..]).stdin(Stdio::null()).status()?;
    anyhow::ensure!(status.success(), "apt-get ended with {status}");
    Ok(())
}
