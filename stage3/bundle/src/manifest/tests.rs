use super::*;
use alloc::vec;
use proptest::prelude::*;

fn vm(boot: Boot) -> VmSpec {
    VmSpec {
        name: "linux".into(),
        memory: 512 << 20,
        vcpus: 1,
        boot,
        display: Display::Text,
        debug_exit: None,
        debugcon: Some(0xe9),
        autostart: true,
        weight: 100,
        on_exit: OnExit::Restart,
    }
}

fn manifest(vms: Vec<VmSpec>) -> Manifest {
    Manifest { log: LogLevel::Info, prefix: 1, vms }
}

fn sample() -> (Vec<u8>, Manifest) {
    let mut builder = Builder::default();
    let kernel = builder.add("vmlinuz", &[0xaa; 5000]);
    let initrd = builder.add("initrd.gz", &[0x55; 3]);
    let boot = Boot::Linux { kernel, initrd: Some(initrd), cmdline: "console=ttyS0".into() };
    let bytes = builder.finish(&manifest(vec![vm(boot)]));
    let (_, manifest) = Bundle::parse(&bytes).expect("what was built parses");
    (bytes, manifest)
}

#[test]
fn what_was_built_is_read_back() {
    let (bytes, manifest) = sample();
    let (bundle, _) = Bundle::parse(&bytes).unwrap();
    let Boot::Linux { kernel, initrd, cmdline } = &manifest.vms[0].boot else { panic!() };
    assert_eq!(bundle.blob(kernel).unwrap(), [0xaa; 5000]);
    assert_eq!(bundle.verify(kernel), Ok(()));
    assert_eq!(bundle.blob(initrd.as_ref().unwrap()).unwrap(), [0x55; 3]);
    assert_eq!(cmdline, "console=ttyS0");
    assert_eq!(kernel.offset % BLOB_ALIGN as u64, 0);
}

#[test]
fn every_single_truncation_is_an_error() {
    let (bytes, _) = sample();
    for length in 0..bytes.len() {
        assert!(Bundle::parse(&bytes[..length]).is_err(), "accepted {length} bytes");
    }
}

#[test]
fn a_flipped_bit_is_found() {
    let (mut bytes, manifest) = sample();
    let kernel = manifest.vms[0].boot.blobs().next().unwrap();
    bytes[kernel.offset as usize + 4999] ^= 1;
    let (bundle, _) = Bundle::parse(&bytes).unwrap();
    assert_eq!(bundle.verify(kernel), Err(BundleError::BlobChecksum("vmlinuz".into())));
    bytes[20] ^= 1;
    assert_eq!(Bundle::parse(&bytes).err(), Some(BundleError::ManifestChecksum));
}

#[test]
fn offsets_that_overflow_are_refused() {
    let (bytes, manifest) = sample();
    let (bundle, _) = Bundle::parse(&bytes).unwrap();
    let kernel = manifest.vms[0].boot.blobs().next().unwrap();
    let blob = Blob { offset: u64::MAX, bytes: 2, ..kernel.clone() };
    assert_eq!(bundle.blob(&blob), Err(BundleError::BlobOutside("vmlinuz".into())));
}

#[test]
fn every_file_of_every_boot_kind_is_found_and_checked() {
    let mut builder = Builder::default();
    let mut add =
        |byte: u8| builder.add(&alloc::format!("file{byte}"), &vec![byte; 4096 * usize::from(byte)]);
    let module = |file| Module { file, args: "some words".into() };
    let modules = vec![module(add(2)), module(add(3)), module(add(4))];
    let multiboot = Boot::Multiboot { kernel: add(1), cmdline: "x".repeat(300), modules };
    let flat = Boot::Flat { kernel: add(5), load: 0x7c00 };
    let bios = Boot::Bios {
        firmware: add(6),
        floppies: vec![add(7)],
        disks: vec![add(8), add(9)],
        vga_bios: Some(add(10)),
    };
    let bytes = builder.finish(&manifest(vec![vm(multiboot), vm(flat), vm(bios)]));
    let (bundle, manifest) = Bundle::parse(&bytes).unwrap();
    let blobs: Vec<_> = manifest.vms.iter().flat_map(|vm| vm.boot.blobs()).collect();
    assert_eq!(blobs.len(), 10);
    for (blob, byte) in blobs.iter().zip(1_u8..) {
        assert_eq!(bundle.blob(blob).unwrap(), vec![byte; 4096 * usize::from(byte)]);
        assert_eq!(bundle.verify(blob), Ok(()));
    }
    // Whatever is cut off belongs to the last file.
    let cut = Bundle::parse(&bytes[..bytes.len() - 1]).err();
    assert_eq!(cut, Some(BundleError::BlobOutside("file10".into())));
}

#[test]
fn a_file_of_many_virtual_machines_is_there_once() {
    // Some of these manifests end just below a multiple of 4 KiB until they have their offsets.
    for vms in 1..=100 {
        let mut builder = Builder::default();
        let mut linux = || {
            let (kernel, initrd) = (builder.add("vmlinuz", &[0xaa; 10_000]), builder.add("initrd", &[0x55]));
            vm(Boot::Linux { kernel, initrd: Some(initrd), cmdline: String::new() })
        };
        let vms: Vec<_> = (0..vms).map(|_| linux()).collect();
        let bytes = builder.finish(&manifest(vms));
        assert!(bytes.len() < 10 * BLOB_ALIGN, "{} bytes", bytes.len());
        let (bundle, manifest) = Bundle::parse(&bytes).unwrap();
        for vm in &manifest.vms {
            let files: Vec<_> = vm.boot.blobs().map(|blob| bundle.blob(blob).unwrap()).collect();
            assert_eq!(files, [&[0xaa; 10_000][..], &[0x55]], "{} virtual machines", manifest.vms.len());
        }
    }
}

#[test]
fn weights_and_prefixes_that_nobody_can_write_are_refused() {
    let (_, good) = sample();
    let parse = |change: &dyn Fn(&mut Manifest)| {
        let mut builder = Builder::default();
        let mut changed = good.clone();
        for blob in changed.vms.iter_mut().flat_map(|vm| vm.boot.blobs_mut()) {
            *blob = builder.add("file", &[1]);
        }
        change(&mut changed);
        Bundle::parse(&builder.finish(&changed)).map(|(_, manifest)| manifest)
    };
    for (weight, is_right) in [(0, false), (1, true), (1000, true), (1001, false), (u32::MAX, false)] {
        let parsed = parse(&|manifest| manifest.vms[0].weight = weight);
        assert_eq!(parsed.is_ok(), is_right, "weight {weight}");
    }
    for (prefix, is_right) in [(0, false), (1, true), (26, true), (27, false), (255, false)] {
        assert_eq!(parse(&|manifest| manifest.prefix = prefix).is_ok(), is_right, "prefix {prefix}");
    }
    assert_eq!(parse(&|manifest| manifest.prefix = 0), Err(BundleError::ManifestFormat));
}

/// Makes the checksum of the manifest right.
fn seal(bytes: &mut [u8]) {
    let (header, rest) = BundleHeader::mut_from_prefix(bytes).unwrap();
    if let Some(manifest) = rest.get(..header.manifest_bytes as usize) {
        header.manifest_checksum = crate::checksum(manifest);
    }
}

proptest! {
    /// Damage that the checksum does not show is an error, or leads to files within the bundle.
    #[test]
    fn a_damaged_manifest_does_no_harm(
        patches in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (mut bytes, _) = sample();
        let manifest_bytes = BundleHeader::ref_from_prefix(&bytes).unwrap().0.manifest_bytes as usize;
        for (at, value) in patches {
            bytes[size_of::<BundleHeader>() + at.index(manifest_bytes)] = value;
        }
        seal(&mut bytes);
        let Ok((bundle, manifest)) = Bundle::parse(&bytes) else { return Ok(()) };
        for blob in manifest.vms.iter().flat_map(|vm| vm.boot.blobs()) {
            prop_assert_eq!(bundle.blob(blob).map(|file| file.len() as u64), Ok(blob.bytes));
            if let Err(error) = bundle.verify(blob) {
                prop_assert_eq!(error, BundleError::BlobChecksum(blob.name.clone()));
            }
        }
    }

    #[test]
    fn noise_is_no_bundle(noise in prop::collection::vec(any::<u8>(), 0..500), manifest_bytes in 0..600_u32) {
        prop_assert!(Bundle::parse(&noise).is_err());
        let header = BundleHeader { magic: MAGIC, manifest_bytes, manifest_checksum: 0 };
        let mut bytes = [zerocopy::IntoBytes::as_bytes(&header), &noise].concat();
        seal(&mut bytes);
        if let Ok((_, manifest)) = Bundle::parse(&bytes) {
            prop_assert!(manifest.vms.iter().flat_map(|vm| vm.boot.blobs()).all(|blob| blob.bytes <= bytes.len() as u64));
        }
    }
}
