//! Disks from which a BIOS boots Debian's kernel: a boot loader of Debian's, and one FAT partition with the kernel and
//! the initramfs of pxhv.toml. No file system is mounted, so nobody needs to be root.

mod fat;
mod grub;
mod partition;
mod syslinux;

use super::{made, product, products};
use crate::progress::Step;
use crate::{image, project};
use anyhow::{Context as _, Result};
use fat::Fat;
use std::path::{Path, PathBuf};

/// Where the images and the boot loaders' configurations are.
const DIRECTORY: &str = "guests/disks";
/// What the boot loaders load.
const FILES: [&str; 2] = ["guests/linux/vmlinuz", "guests/linux/initrd.gz"];
/// Room for a boot loader's own files.
const ROOM: u64 = 1 << 20;

/// A boot loader.
struct Loader {
    name: &'static str,
    /// Makes a disk with this file system start this loader.
    install: fn(&Fat) -> Result<()>,
}

const LOADERS: [Loader; 2] = [
    Loader { name: "syslinux", install: syslinux::install },
    Loader { name: "grub", install: grub::install },
];

/// The image at `path`, if it is one of these disks; made now if it is missing or older than what it is made of.
pub fn provide(path: &Path) -> Option<Result<PathBuf>> {
    let full = products::without_dots(&std::path::absolute(path).ok()?);
    let loader = LOADERS.iter().find(|loader| full == place(loader, "img"))?;
    Some(up_to_date(loader).with_context(|| format!("can't make {}", project::shown(path))))
}

fn place(loader: &Loader, extension: &str) -> PathBuf {
    project::root().join(DIRECTORY).join(loader.name).with_extension(extension)
}

fn up_to_date(loader: &Loader) -> Result<PathBuf> {
    let image = place(loader, "img");
    let mut files = vec![place(loader, "cfg")];
    for file in FILES {
        files.push(made(product(&project::root().join(file)).context("xtask makes no such file")?)?);
    }
    let recipe = project::root().join(file!());
    let changed = |file: &Path| std::fs::metadata(file).and_then(|data| data.modified());
    let made = changed(&image).ok();
    let mut sources = files.iter().chain([&recipe]);
    if !sources.all(|source| changed(source).is_ok_and(|at| made.is_some_and(|made| made >= at))) {
        let step = Step::start(&format!("packing {}", project::shown(&image)));
        image::write(&image, &disk(loader, &files)?)?;
        step.done(&format!("packed {}", project::shown(&image)));
    }
    Ok(image)
}

/// The bytes of a disk with `loader` and `files`.
fn disk(loader: &Loader, files: &[PathBuf]) -> Result<Vec<u8>> {
    let mut bytes = ROOM;
    for file in files {
        bytes += std::fs::metadata(file)?.len();
    }
    let directory = tempfile::tempdir()?;
    let fat = Fat::create(&directory.path().join("disk.img"), bytes)?;
    for file in files {
        fat.copy(file)?;
    }
    (loader.install)(&fat).with_context(|| format!("{} can't be installed", loader.name))?;
    Ok(std::fs::read(fat.disk())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_products_and_the_configurations_are_there() {
        for file in FILES {
            assert!(product(&project::root().join(file)).is_some(), "{file}");
        }
        for loader in &LOADERS {
            assert!(place(loader, "cfg").exists(), "{}", loader.name);
        }
    }

    #[test]
    fn other_images_are_none_of_ours() {
        assert!(provide(&project::root().join("guests/disks/lilo.img")).is_none());
        assert!(provide(Path::new("/guests/disks/grub.img")).is_none());
    }
}
