//! Kernels with a damaged head.

use super::*;
use proptest::prelude::*;

/// The head of a bzImage with all fields that a loader reads.
const HEAD: usize = 0x270;

fn load_kernel(kernel: &[u8]) -> Result<Config> {
    let directory = tempfile::tempdir()?;
    std::fs::write(directory.path().join("vmlinuz"), kernel)?;
    std::fs::write(directory.path().join("initrd.gz"), [0; 5000])?;
    let path = directory.path().join("pxhv.toml");
    std::fs::write(&path, GOOD)?;
    Config::load(&path, &|path| Ok(path.into()))
}

#[test]
fn what_only_the_loader_refuses_is_found_before_the_boot() {
    let mut kernel = crate::bzimage::sample();
    kernel[0x234] = 1; // relocatable
    kernel[0x230..0x234].copy_from_slice(&3_u32.to_le_bytes()); // its alignment
    let error = format!("{:#}", load_kernel(&kernel).unwrap_err());
    assert!(error.contains("pxhv.toml:7: kernel = \"vmlinuz\""), "{error}");
    assert!(error.contains("alignment 0x3 is no power of two"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn every_damage_is_refused_with_its_place_or_does_no_harm(
        damage in prop::collection::vec((0..HEAD, any::<u8>()), 1..4),
    ) {
        let mut kernel = crate::bzimage::sample();
        for (at, byte) in damage {
            kernel[at] = byte;
        }
        if let Err(error) = load_kernel(&kernel) {
            prop_assert!(error.to_string().contains("pxhv.toml:"), "{error:#}");
        }
    }
}
