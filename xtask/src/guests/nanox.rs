//! NanoX, the teaching OS in guests/nanox: an image for each of its chapters.
//!
//! Chapters 1 and 2 are one file of assembly language each. From chapter 3 on, a kernel is C and assembly language
//! together: what the chapter's directory holds, and what those before it hold, but for their main.c.

use crate::{assemble, project};
use anyhow::{bail, ensure, Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directories of guests/nanox, in the order of reading.
const CHAPTERS: [&str; 5] = ["1-real-mode", "2-protected-mode", "3-c", "4-interrupts", "5-shell"];
/// The first of [`CHAPTERS`] that is more than one file.
const FIRST_IN_C: usize = 2;
/// A CPU and no operating system: no library, no registers that interrupts would have to save, no tables for debuggers.
const FREESTANDING: [&str; 6] = [
    "-std=c11",
    "-ffreestanding",
    "-fno-pic",
    "-fno-stack-protector",
    "-mgeneral-regs-only",
    "-fno-asynchronous-unwind-tables",
];

/// The image of a chapter, if `path` is that of one: guests/nanox/CHAPTER.bin. Made anew each time, which takes less than
/// a second.
pub fn provide(path: &Path) -> Option<Result<PathBuf>> {
    let directory = project::root().join("guests/nanox");
    if super::products::without_dots(&std::path::absolute(path).ok()?).parent()? != directory {
        return None;
    }
    let name = path.file_name()?.to_str()?.strip_suffix(".bin")?;
    let chapter = CHAPTERS.iter().position(|chapter| *chapter == name)?;
    Some(build(&directory, chapter).with_context(|| format!("can't build {}", path.display())))
}

fn build(directory: &Path, chapter: usize) -> Result<PathBuf> {
    let output = project::target().join("nanox").join(CHAPTERS[chapter]).with_extension("bin");
    let bytes = if chapter < FIRST_IN_C {
        assemble::source(&directory.join(CHAPTERS[chapter]).join("boot.asm"))?
    } else {
        kernel(directory, chapter)?
    };
    crate::image::write(&output, &bytes)?;
    Ok(output)
}

/// Compiles and links a kernel.
fn kernel(directory: &Path, chapter: usize) -> Result<Vec<u8>> {
    // In a directory of its own, so that several builds at once don't meet.
    let place = tempfile::tempdir()?;
    let mut objects = Vec::new();
    let mut compiler = compiler(place.path());
    compiler.include(project::root().join(assemble::INTERFACE));
    for (number, name) in CHAPTERS.iter().enumerate().take(chapter + 1).skip(FIRST_IN_C) {
        let chapter_directory = directory.join(name);
        compiler.include(&chapter_directory);
        for source in sources(&chapter_directory)? {
            match source.extension().and_then(|extension| extension.to_str()) {
                Some("asm") => objects.push(assemble::object(&source, place.path())?),
                Some("c") if number == chapter || !source.ends_with("main.c") => {
                    compiler.file(source);
                }
                _ => {}
            }
        }
    }
    objects.extend(compiler.try_compile_intermediates().context("the C compiler (package gcc) failed")?);
    let (script, output) = (directory.join("3-c/nanox.ld"), place.path().join("kernel.bin"));
    let mut link = Command::new("ld");
    link.args(["-m", "elf_i386", "--no-warn-rwx-segments", "--oformat", "binary", "-T"]).arg(script);
    let status =
        link.arg("-o").arg(&output).args(&objects).status().context("can't start ld (package binutils)")?;
    ensure!(status.success(), "ld ended with {status}");
    Ok(std::fs::read(output)?)
}

/// The host's C compiler, for 32-bit code. CC names another one, such as clang.
fn compiler(output: &Path) -> cc::Build {
    const TARGET: &str = "i686-unknown-linux-gnu";
    let mut build = cc::Build::new();
    // What cargo tells build scripts. A host that equals the target is asked for no cross compiler.
    build.target(TARGET).host(TARGET).opt_level_str("s").debug(false).out_dir(output).cargo_metadata(false);
    build.warnings(true).extra_warnings(true).warnings_into_errors(true).flag("-Wno-main");
    for flag in FREESTANDING {
        build.flag(flag);
    }
    build.flag_if_supported("-fcf-protection=none");
    build
}

/// The files of a directory, sorted: builds are alike everywhere.
fn sources(directory: &Path) -> Result<Vec<PathBuf>> {
    let files =
        std::fs::read_dir(directory).with_context(|| format!("can't read {}", directory.display()))?;
    let mut files = files.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    if files.is_empty() {
        bail!("{} is empty", directory.display());
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_chapter_is_built_and_starts_with_code() {
        let directory = project::root().join("guests/nanox");
        for chapter in CHAPTERS {
            let path = provide(&directory.join(format!("{chapter}.bin"))).unwrap().unwrap();
            let image = std::fs::read(path).unwrap();
            // CLI: no chapter can take an interrupt at its start.
            assert_eq!(image[0], 0xfa, "{chapter}");
        }
    }

    #[test]
    fn other_files_are_none_of_ours() {
        let directory = project::root().join("guests/nanox");
        assert!(provide(&directory.join("6-world.bin")).is_none());
        assert!(provide(&directory.join("3-c/main.c")).is_none());
        assert!(provide(Path::new("/5-shell.bin")).is_none());
    }
}
