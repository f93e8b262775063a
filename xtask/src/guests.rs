//! The guests that can be made: NanoX and others that are one NASM source, FreeDOS from its own site, the rest from
//! Debian's packages: kernels, initramfs with busybox, memtest86+.
//!
//! The packages are fetched once with `apt-get download`, which needs no root and installs nothing. What is made of
//! them stays in guests/; as long as it is there (and an initramfs has the init of the checkout), apt is not asked.

mod apt;
mod assembled;
mod disks;
mod fetch;
pub mod freedos;
mod nanox;
mod products;
mod zip;

use crate::initramfs::Archive;
use crate::packages::{self, Purpose};
use crate::progress::Step;
use crate::{assemble, image, project};
use anyhow::{ensure, Context, Result};
use apt::Architecture;
use fetch::Package;
use products::{product, Product, What};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;

/// To be raised when this file changes what it makes.
const VERSION: u32 = 1;

/// The file to read in place of `path`: `path` itself, made now if it is one of [`products`] that is missing or
/// outdated; what was built of NanoX, or assembled of one NASM source; a disk with a boot loader and Linux; the image of
/// FreeDOS; or the kernel that the variable PXHV_KERNEL names in place of pxhv.toml's.
pub fn provide(path: &Path) -> Result<PathBuf> {
    if [packages::SEABIOS, packages::VGA_BIOS].contains(&&*path.to_string_lossy()) {
        packages::ensure(&[Purpose::Bios])?;
    }
    if let Some(built) = nanox::provide(path) {
        return built;
    }
    if let Some(binary) = assembled::provide(path) {
        return binary;
    }
    if let Some(image) = freedos::provide(path) {
        return image;
    }
    if let Some(disk) = disks::provide(path) {
        return disk;
    }
    let Some(product) = product(path) else { return Ok(path.into()) };
    if !product.may_be_replaced() {
        return made(product);
    }
    match std::env::var_os("PXHV_KERNEL") {
        Some(own) => Ok(own.into()),
        None => made(product)
            .with_context(|| format!("no {}; set PXHV_KERNEL to one that you have", product.file)),
    }
}

/// The file of a product, made now if it is missing or outdated.
fn made(product: &Product) -> Result<PathBuf> {
    let (path, shown) = (product.path(), product.file);
    if let What::Initrd = product.what {
        let (recipe, stamp) = (recipe()?, path.with_extension("recipe"));
        if !path.exists() || std::fs::read_to_string(&stamp).ok().as_deref() != Some(&recipe) {
            let bytes = initrd(product).with_context(|| format!("can't make {shown}"))?;
            image::write(&path, &bytes)?;
            image::write(&stamp, recipe.as_bytes())?;
        }
        return Ok(path);
    }
    if !path.exists() {
        let bytes = file(product).with_context(|| format!("can't fetch {shown}"))?;
        image::write(&path, &bytes)?;
    }
    Ok(path)
}

/// PID 1 of the initramfs.
fn init() -> Result<Vec<u8>> {
    Ok(std::fs::read(project::root().join("guests/linux/init"))?)
}

/// The source of bin/clock-rate in the initramfs, a 32-bit program that every kernel here runs.
fn clock_rate() -> PathBuf {
    project::root().join("guests/linux/clock-rate.asm")
}

/// What an initramfs is made of, short.
fn recipe() -> Result<String> {
    let sources = [init()?, std::fs::read(clock_rate())?].concat();
    Ok(format!("{VERSION} {}\n", fetch::hexadecimal(&Sha256::digest(sources))))
}

/// The kernel of the package that a meta-package depends on, or a file of the package itself.
fn file(product: &Product) -> Result<Vec<u8>> {
    let &Product { package, architecture, what, .. } = product;
    let boot = |name: &str| fetch::unpacked(Package { name, architecture }, "boot");
    let file = match what {
        What::File(file) => boot(package)?.join(file),
        _ => kernel_in(&boot(&fetch::dependency(Package { name: package, architecture })?)?)?,
    };
    std::fs::read(&file).with_context(|| format!("can't read {}", file.display()))
}

fn kernel_in(directory: &Path) -> Result<PathBuf> {
    let files = std::fs::read_dir(directory.join("boot"))?.flatten().map(|entry| entry.path());
    let is_kernel =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("vmlinuz-"));
    files
        .into_iter()
        .find(is_kernel)
        .with_context(|| format!("{} has no boot/vmlinuz-*", directory.display()))
}

fn initrd(product: &Product) -> Result<Vec<u8>> {
    let busybox = |architecture| -> Result<PathBuf> {
        Ok(fetch::unpacked(Package { name: product.package, architecture }, "bin")?.join("bin/busybox"))
    };
    let program = busybox(product.architecture)?;
    // A host's kernel may be without 32-bit programs. Then Debian's other busybox, which is built of the same source
    // and configuration, is asked.
    let applets = applets(&program).or_else(|_| applets(&busybox(Architecture::Amd64)?))?;

    let step = Step::start(&format!("packing {}", product.file));
    let mut archive = Archive::default();
    for directory in ["bin", "dev", "etc", "proc", "root", "run", "sys", "tmp", "var"] {
        archive.directory(directory);
    }
    archive.device("dev/console", (5, 1));
    archive.program("init", &init()?);
    archive.program("bin/busybox", &std::fs::read(&program)?);
    archive.program("bin/clock-rate", &assemble::source(&clock_rate())?);
    for applet in applets {
        archive.link(&format!("bin/{applet}"), "busybox");
    }
    let bytes = archive.finish()?;
    step.done(&format!("packed {}", product.file));
    Ok(bytes)
}

/// What a busybox can do.
fn applets(busybox: &Path) -> Result<Vec<String>> {
    let list = Command::new(busybox).arg("--list").output().context("busybox does not run here")?;
    ensure!(list.status.success(), "busybox --list ended with {}", list.status);
    let mut applets: Vec<_> = String::from_utf8(list.stdout)?.lines().map(str::to_owned).collect();
    applets.retain(|applet| applet != "busybox" && applet != "init");
    applets.sort();
    Ok(applets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_products_are_taken_as_they_are() {
        let own = project::root().join("guests/linux/init");
        assert_eq!(provide(&own).unwrap(), own);
        assert_eq!(provide(Path::new("/nowhere/vmlinuz")).unwrap(), Path::new("/nowhere/vmlinuz"));
    }

    #[test]
    fn the_kernel_of_a_package_is_found_among_its_files() {
        let directory = tempfile::tempdir().unwrap();
        let boot = directory.path().join("boot");
        std::fs::create_dir(&boot).unwrap();
        std::fs::write(boot.join("config-6.1"), "").unwrap();
        assert!(kernel_in(directory.path()).is_err());
        std::fs::write(boot.join("vmlinuz-6.1"), "").unwrap();
        assert_eq!(kernel_in(directory.path()).unwrap(), boot.join("vmlinuz-6.1"));
    }

    #[test]
    fn a_program_that_does_not_run_has_no_applets() {
        assert!(applets(Path::new("/nowhere/busybox")).is_err());
        assert!(applets(Path::new("/bin/false")).is_err());
    }
}
