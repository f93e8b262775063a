//! How much RAM an emulated computer needs for the virtual machines of an image.

use crate::size::{self, GIB, MIB};
use anyhow::{bail, Result};
use std::path::Path;

/// What a computer has if nobody says otherwise and it suffices.
const USUAL: u64 = GIB;
/// More than that comes in such steps.
const STEP: u64 = 256 * MIB;
/// For pxHV beside the virtual machines and the bundle.
const OWN: u64 = 64 * MIB;
/// For pxHV, for each virtual machine.
const EACH: u64 = 2 * MIB;

/// What the contents of an image need.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// Number of virtual machines.
    pub vms: usize,
    /// RAM of all of them.
    pub guests: u64,
    /// Bytes of the image, most of which is loaded.
    pub image: u64,
}

impl Need {
    /// All of it.
    fn total(self) -> u64 {
        self.guests + self.image + OWN + EACH * self.vms as u64
    }

    /// What a computer has if nobody says otherwise.
    pub fn usual(self) -> u64 {
        self.total().next_multiple_of(STEP).max(USUAL)
    }

    /// What the computer of `--memory WANTED` has; fails if it is too little for what `config` describes.
    pub fn checked(self, wanted: Option<u64>, config: &Path) -> Result<u64> {
        let memory = wanted.unwrap_or_else(|| self.usual());
        if memory < self.total() {
            bail!(
                "--memory {}: the virtual machines of {} want {} of it, pxHV and the bundle the rest; at least --memory {} is needed",
                size::show(memory),
                crate::project::shown(config),
                size::show(self.guests),
                size::show(self.total().next_multiple_of(MIB))
            );
        }
        Ok(memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_computer_grows_with_its_guests() {
        let need = |vms: usize, each: u64| Need { vms, guests: vms as u64 * each, image: 16 * MIB }.usual();
        assert_eq!(need(1, 512 * MIB), GIB);
        assert_eq!(need(2, 512 * MIB), GIB + STEP);
        assert_eq!(need(64, 64 * MIB), 4 * GIB + STEP);
        assert_eq!(need(1000, 2 * MIB), 4 * GIB, "they cost more than their RAM");
    }

    #[test]
    fn too_little_memory_is_refused_with_what_suffices() {
        let need = Need { vms: 2, guests: 1024 * MIB, image: 15 * MIB + 1 };
        let config = Path::new("two.toml");
        assert_eq!(need.checked(None, config).unwrap(), need.usual());
        let error = need.checked(Some(GIB), config).unwrap_err().to_string();
        assert!(error.starts_with("--memory 1G: the virtual machines of two.toml want 1G"), "{error}");
        assert!(error.ends_with("at least --memory 1108M is needed"), "{error}");
        assert_eq!(need.checked(Some(1108 * MIB), config).unwrap(), 1108 * MIB);
    }
}
