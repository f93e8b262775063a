//! Which files are made, and of what.

use super::apt::Architecture::{self, Amd64, I386};
use crate::project;
use std::path::{Component, Path, PathBuf};

/// A file that is made when a configuration names it.
#[derive(Debug)]
pub struct Product {
    /// Relative to the checkout.
    pub file: &'static str,
    /// Debian's package that it comes from.
    pub package: &'static str,
    /// The package's architecture.
    pub architecture: Architecture,
    /// What is done with the package.
    pub what: What,
}

/// What is done with a package.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// It is a meta-package, which always depends on the newest kernel: that kernel is taken.
    Kernel,
    /// This file of it is taken.
    File(&'static str),
    /// Its busybox is packed into an initramfs, with guests/linux/init.
    Initrd,
}

/// The kernel of pxhv.toml.
const USUAL_KERNEL: &str = "guests/linux/vmlinuz";

const PRODUCTS: &[Product] = &[
    kernel(USUAL_KERNEL, "linux-image-cloud-amd64", Amd64),
    kernel("guests/linux/vmlinuz-amd64", "linux-image-amd64", Amd64),
    kernel("guests/linux/vmlinuz-rt", "linux-image-rt-amd64", Amd64),
    kernel("guests/linux/vmlinuz-686-pae", "linux-image-686-pae", I386),
    initrd("guests/linux/initrd.gz", Amd64),
    initrd("guests/linux/initrd-i386.gz", I386),
    Product {
        file: "guests/memtest/memtest86+x64.bin",
        package: "memtest86+",
        architecture: Amd64,
        what: What::File("boot/memtest86+x64.bin"),
    },
];

const fn kernel(file: &'static str, package: &'static str, architecture: Architecture) -> Product {
    Product { file, package, architecture, what: What::Kernel }
}

const fn initrd(file: &'static str, architecture: Architecture) -> Product {
    Product { file, package: "busybox-static", architecture, what: What::Initrd }
}

impl Product {
    /// Where it is.
    pub fn path(&self) -> PathBuf {
        project::root().join(self.file)
    }

    /// Whether PXHV_KERNEL may name another file.
    pub fn may_be_replaced(&self) -> bool {
        self.file == USUAL_KERNEL
    }
}

/// The product at `path`.
pub fn product(path: &Path) -> Option<&'static Product> {
    let full = without_dots(&std::path::absolute(path).ok()?);
    PRODUCTS.iter().find(|product| full == product.path())
}

/// `path` without `..`: configurations in other directories write ../guests.
pub fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        if component == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(component);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_found_by_every_way_to_write_them() {
        let root = project::root();
        for path in [
            "guests/linux/vmlinuz-rt",
            "tests/configs/../../guests/linux/vmlinuz-rt",
            "./guests/linux/vmlinuz-rt",
        ] {
            assert_eq!(
                product(&root.join(path)).map(|product| product.package),
                Some("linux-image-rt-amd64"),
                "{path}"
            );
        }
        assert!(product(&root.join("guests/linux/vmlinuz-mine")).is_none());
        assert!(product(Path::new("/guests/linux/vmlinuz-rt")).is_none(), "only those of the checkout");
    }

    #[test]
    fn only_the_kernel_of_pxhv_toml_may_be_replaced() {
        let replaced: Vec<_> =
            PRODUCTS.iter().filter(|product| product.may_be_replaced()).map(|product| product.file).collect();
        assert_eq!(replaced, [USUAL_KERNEL]);
        assert!(std::fs::read_to_string(project::root().join("pxhv.toml")).unwrap().contains(USUAL_KERNEL));
    }

    #[test]
    fn products_are_unique_and_not_under_version_control() {
        let ignored = std::fs::read_to_string(project::root().join(".gitignore")).unwrap();
        for (index, one) in PRODUCTS.iter().enumerate() {
            assert!(PRODUCTS[..index].iter().all(|other| other.file != one.file), "{}", one.file);
            let directory = one.file.rsplit_once('/').unwrap().0;
            let covered = [one.file, directory]
                .iter()
                .any(|path| ignored.lines().any(|line| line == format!("/{path}")));
            assert!(covered, "{} is not in .gitignore", one.file);
        }
    }
}
