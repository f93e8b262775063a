//! Guests that are one NASM source: assembled, and put into a virtual machine of their own.

use crate::{assemble, image, project};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// RAM of their virtual machines.
const MEMORY: &str = "64M";

/// Assembles `source`, the guest's kernel or the disk from which its BIOS boots, and writes a configuration for it beside
/// it: the file to build an image from.
///
/// `keys` are those of the `[[vm]]` but for name, memory, kernel and disks; without `boot` it is a bzImage, as most of them
/// are. With floppies, all drives are named by the keys: `floppies = ["kernel"]`. `files` are what the keys name; sources
/// among them are assembled, and have no extension then.
pub fn config(source: &Path, keys: &str, files: &[PathBuf]) -> Result<PathBuf> {
    let table = toml::from_str::<toml::Table>(keys).unwrap_or_default();
    let guest = match table.get("boot").and_then(toml::Value::as_str) {
        None => "boot = \"linux\"\nkernel = \"kernel\"",
        // The keys say in which drive the guest is.
        Some("bios") if table.contains_key("floppies") => "",
        Some("bios") => "disks = [\"kernel\"]",
        Some(_) => "kernel = \"kernel\"",
    };
    let name = source.file_stem().context("a guest has a file name")?.to_string_lossy();
    // One guest can be started in several ways.
    let directory = format!("{name}-{:08x}", bundle::checksum(keys.as_bytes()));
    let directory = project::target().join("guests").join(directory);
    image::write(&directory.join("kernel"), &assemble::source(source)?)?;
    for file in files {
        let is_source = file.extension().is_some_and(|extension| extension == "asm");
        let (name, bytes) = if is_source {
            (file.file_stem(), assemble::source(file)?)
        } else {
            (file.file_name(), std::fs::read(file).with_context(|| file.display().to_string())?)
        };
        image::write(&directory.join(name.context("a file has a name")?), &bytes)?;
    }
    let config = format!("[[vm]]\nname = \"{name}\"\nmemory = \"{MEMORY}\"\n{guest}\n{keys}\n");
    let path = directory.join("pxhv.toml");
    image::write(&path, config.as_bytes())?;
    Ok(path)
}
