//! The recipe of guests/linux: Debian's cloud kernel, and an initramfs with busybox.
//!
//! The packages are fetched once with `apt-get download`, which needs no root and installs nothing,
//! and are kept in target/guests. As long as guests/linux/.recipe matches, nothing is done at all.

mod fetch;

use crate::initramfs::Archive;
use crate::progress::Step;
use crate::{image, project};
use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;

/// To be raised when this file changes what it makes.
const VERSION: u32 = 1;
/// A package that always depends on the newest kernel.
const KERNEL_META: &str = "linux-image-cloud-amd64";
const BUSYBOX: &str = "busybox-static";

/// The file to read in place of `path`: `path` itself, made now if it is a product of this recipe
/// that is missing or outdated; or the kernel that the variable PXHV_KERNEL names in place of the
/// recipe's.
pub fn provide(path: &Path) -> Result<PathBuf> {
    let (Ok(full), directory) = (std::path::absolute(path), directory()) else { return Ok(path.into()) };
    if full == directory.join("vmlinuz") {
        if let Some(own) = std::env::var_os("PXHV_KERNEL") {
            return Ok(own.into());
        }
        if !path.exists() {
            let kernel =
                kernel().context("can't fetch the guest's kernel; set PXHV_KERNEL to one that you have")?;
            image::write(path, &kernel)?;
        }
    } else if full == directory.join("initrd.gz") {
        let (recipe, stamp) = (recipe(&directory)?, directory.join(".recipe"));
        if !path.exists() || std::fs::read_to_string(&stamp).ok().as_deref() != Some(&recipe) {
            image::write(path, &initrd(&directory).context("can't make the guest's initrd")?)?;
            image::write(&stamp, recipe.as_bytes())?;
        }
    }
    Ok(path.into())
}

fn directory() -> PathBuf {
    project::root().join("guests/linux")
}

/// What the initrd is made of, short.
fn recipe(directory: &Path) -> Result<String> {
    let init = std::fs::read(directory.join("init"))?;
    Ok(format!("{VERSION} {}\n", fetch::hexadecimal(&Sha256::digest(init))))
}

fn kernel() -> Result<Vec<u8>> {
    let package = fetch::dependency(KERNEL_META)?;
    let boot = fetch::unpacked(&package)?.join("boot");
    let mut files: Vec<_> = std::fs::read_dir(&boot)?.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("vmlinuz-")));
    let file = files.first().with_context(|| format!("{package} has no boot/vmlinuz-*"))?;
    Ok(std::fs::read(file)?)
}

fn initrd(directory: &Path) -> Result<Vec<u8>> {
    let busybox = fetch::unpacked(BUSYBOX)?.join("bin/busybox");
    let step = Step::start("packing guests/linux/initrd.gz");
    let list = Command::new(&busybox).arg("--list").output().context("busybox does not run here")?;
    let mut applets: Vec<_> = String::from_utf8(list.stdout)?.lines().map(str::to_owned).collect();
    applets.retain(|applet| applet != "busybox" && applet != "init");
    applets.sort();

    let mut archive = Archive::default();
    for directory in ["bin", "dev", "etc", "proc", "root", "run", "sys", "tmp", "var"] {
        archive.directory(directory);
    }
    archive.device("dev/console", (5, 1));
    archive.program("init", &std::fs::read(directory.join("init"))?);
    archive.program("bin/busybox", &std::fs::read(&busybox)?);
    for applet in applets {
        archive.link(&format!("bin/{applet}"), "busybox");
    }
    let bytes = archive.finish()?;
    step.done("packed guests/linux/initrd.gz");
    Ok(bytes)
}
