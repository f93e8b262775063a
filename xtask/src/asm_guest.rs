//! Guests that are one NASM source: assembled, and put into a virtual machine of their own.

use crate::{assemble, image, project};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// RAM of their virtual machines.
const MEMORY: &str = "64M";

/// Assembles the kernel `source` and writes a configuration for it beside it: the file to build an image from.
///
/// `keys` are those of the `[[vm]]` but for name, memory and kernel; without `boot` it is a bzImage, as most of them
/// are. `files` are what the keys name.
pub fn config(source: &Path, keys: &str, files: &[PathBuf]) -> Result<PathBuf> {
    let says_boot = toml::from_str::<toml::Table>(keys).is_ok_and(|keys| keys.contains_key("boot"));
    let boot = if says_boot { "" } else { "boot = \"linux\"\n" };
    let name = source.file_stem().context("a guest has a file name")?.to_string_lossy();
    // One guest can be started in several ways.
    let directory = format!("{name}-{:08x}", bundle::checksum(keys.as_bytes()));
    let directory = project::target().join("guests").join(directory);
    image::write(&directory.join("kernel"), &assemble::source(source)?)?;
    for file in files {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        image::write(&directory.join(file.file_name().context("a file has a name")?), &bytes)?;
    }
    let config =
        format!("[[vm]]\nname = \"{name}\"\nmemory = \"{MEMORY}\"\nkernel = \"kernel\"\n{boot}{keys}\n");
    let path = directory.join("pxhv.toml");
    image::write(&path, config.as_bytes())?;
    Ok(path)
}
