//! The NASM stages.
//!
//! nasm is called directly: the crate `nasm-rs` serves build scripts, makes object files for a
//! linker by default and hides the messages, while all that is needed here is one command.

use crate::project;
use anyhow::{bail, ensure, Context, Result};
use bundle::{assembly, image};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use xshell::{cmd, Shell};

/// Headers for guests, in C and NASM: docs/hypercalls.md.
pub const INTERFACE: &str = "guests/include";

/// Stage 1: exactly one sector.
pub fn stage1() -> Result<Vec<u8>> {
    let sector = source(&project::root().join("stage1/boot.asm"))?;
    if sector.len() != image::SECTOR {
        bail!("stage1/boot.asm makes {} bytes; a boot sector has 512", sector.len());
    }
    Ok(sector)
}

/// Stage 2.
pub fn stage2() -> Result<Vec<u8>> {
    let code = source(&project::root().join("stage2/main.asm"))?;
    let room = (image::STAGE2_LIMIT - image::STAGE2_ADDRESS) as usize;
    ensure!(code.len() <= room, "stage2/main.asm makes {} bytes; there is room for {room}", code.len());
    Ok(code)
}

/// Assembles one file to a flat binary. It may include what lies beside it, what guests have in common
/// (tests/guests), how they call pxHV ([`INTERFACE`]), and `layout.inc`, the numbers that it shares with Rust.
pub fn source(path: &Path) -> Result<Vec<u8>> {
    // In a directory of its own, so that several builds at once don't meet.
    let directory = tempfile::tempdir()?;
    let mut layout = String::from("; Written by `cargo xtask image` from stage3/bundle/src/assembly.rs.\n");
    for (name, value) in assembly::SYMBOLS {
        writeln!(layout, "%define {name} {value:#x}")?;
    }
    for (name, bytes) in assembly::TABLES {
        let bytes: Vec<_> = bytes.iter().map(u8::to_string).collect();
        writeln!(layout, "%define {name} {}", bytes.join(", "))?;
    }
    std::fs::write(directory.path().join("layout.inc"), layout)?;
    let output = directory.path().join("out.bin");
    let (own, generated) = (path.parent().unwrap_or(Path::new(".")), directory.path());
    let common = project::root().join("tests/guests");
    let interface = project::root().join(INTERFACE);
    let shell = Shell::new()?;
    // Paths are shown as they are given: relative ones make messages that editors can follow.
    let _root = shell.push_dir(project::root());
    let path = path.strip_prefix(project::root()).unwrap_or(path);
    cmd!(shell, "nasm -f bin -w+all -Werror -I {own}/ -I {common}/ -I {interface}/ -I {generated}/ -o {output} {path}")
        .quiet()
        .run()
        .with_context(|| format!("{} does not assemble", path.display()))?;
    Ok(std::fs::read(output)?)
}

/// Assembles one file to a 32-bit object file in `directory`, for a linker.
pub fn object(path: &Path, directory: &Path) -> Result<PathBuf> {
    let name = path.file_stem().context("a source has a name")?;
    let output = directory.join(name).with_extension("asm.o");
    let shell = Shell::new()?;
    let _root = shell.push_dir(project::root());
    let path = path.strip_prefix(project::root()).unwrap_or(path);
    cmd!(shell, "nasm -f elf32 -w+all -Werror -o {output} {path}")
        .quiet()
        .run()
        .with_context(|| format!("{} does not assemble", path.display()))?;
    Ok(output)
}
