//! What the parts of an image say about themselves: its header, and the bundle with its manifest.

use arbitrary::{Result, Unstructured};
use bundle::image::{ImageHeader, SECTOR};
use bundle::manifest::{
    Boot, Builder, Bundle, BundleHeader, Display, LogLevel, Manifest, Module, OnExit, VmSpec, WEIGHTS,
};
use std::mem::offset_of;

/// Where the manifest starts.
const MANIFEST: usize = size_of::<BundleHeader>();

fn vm(u: &mut Unstructured, builder: &mut Builder, files: &mut Vec<Vec<u8>>) -> Result<VmSpec> {
    let mut file = |u: &mut Unstructured| -> Result<_> {
        let bytes: Vec<u8> = u.arbitrary()?;
        files.push(bytes.clone());
        Ok(builder.add(u.arbitrary()?, &bytes))
    };
    let kernel = file(u)?;
    let cmdline = u.arbitrary()?;
    let boot = match u.int_in_range(0..=3)? {
        0 => {
            let initrd = if u.arbitrary()? { Some(file(u)?) } else { None };
            Boot::Linux { kernel, initrd, cmdline }
        }
        1 => {
            let mut modules = Vec::new();
            for _ in 0..u.int_in_range(0..=3)? {
                modules.push(Module { file: file(u)?, args: u.arbitrary()? });
            }
            Boot::Multiboot { kernel, cmdline, modules }
        }
        2 => Boot::Flat { kernel, load: u.arbitrary()? },
        _ => {
            let floppies = if u.arbitrary()? { vec![file(u)?] } else { vec![] };
            let mut disks = Vec::new();
            for _ in 0..u.int_in_range(0..=2)? {
                disks.push(file(u)?);
            }
            let vga_bios = if u.arbitrary()? { Some(file(u)?) } else { None };
            Boot::Bios { firmware: kernel, floppies, disks, vga_bios }
        }
    };
    Ok(VmSpec {
        name: u.arbitrary()?,
        memory: u.arbitrary()?,
        vcpus: u.arbitrary()?,
        boot,
        display: *u.choose(&[Display::Serial, Display::Text, Display::None])?,
        debug_exit: u.arbitrary()?,
        debugcon: u.arbitrary()?,
        autostart: u.arbitrary()?,
        weight: u.int_in_range(WEIGHTS)?,
        on_exit: *u.choose(&[OnExit::Stop, OnExit::Restart])?,
    })
}

/// Takes `bytes` for a bundle, and reads every file of it.
fn read(bytes: &[u8]) {
    let Ok((bundle, manifest)) = Bundle::parse(bytes) else { return };
    for blob in manifest.vms.iter().flat_map(|vm| vm.boot.blobs()) {
        if let Ok(file) = bundle.blob(blob) {
            assert_eq!(file.len() as u64, blob.bytes);
            assert_eq!(bundle.verify(blob).is_ok(), bundle::checksum(file) == blob.checksum);
        }
    }
}

/// Makes the checksum of the manifest right again.
fn seal(bytes: &mut [u8]) {
    let at = |offset: usize| offset..offset + 4;
    let Some(length) = bytes.get(at(offset_of!(BundleHeader, manifest_bytes))) else { return };
    let length = u32::from_le_bytes(length.try_into().expect("four")) as usize;
    let Some(manifest) = bytes.get(MANIFEST..).and_then(|rest| rest.get(..length)) else { return };
    let checksum = bundle::checksum(manifest);
    bytes[at(offset_of!(BundleHeader, manifest_checksum))].copy_from_slice(&checksum.to_le_bytes());
}

pub fn run(u: &mut Unstructured) -> Result<()> {
    use zerocopy::FromBytes as _;
    let levels = [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug];
    let (mut builder, mut files, mut vms) = (Builder::default(), Vec::new(), Vec::new());
    for _ in 0..u.int_in_range(0..=3)? {
        vms.push(vm(u, &mut builder, &mut files)?);
    }
    let manifest = Manifest { log: *u.choose(&levels)?, prefix: u.int_in_range(1..=26)?, vms };
    let mut bytes = builder.finish(&manifest);
    let (bundle, found) = Bundle::parse(&bytes).expect("what was built is read back");
    let blobs = |manifest: &Manifest| {
        let blobs = manifest.vms.iter().flat_map(|vm| vm.boot.blobs());
        blobs.map(|blob| (blob.name.clone(), blob.bytes, blob.checksum)).collect::<Vec<_>>()
    };
    assert_eq!((found.log, blobs(&found)), (manifest.log, blobs(&manifest)));
    for (blob, file) in found.vms.iter().flat_map(|vm| vm.boot.blobs()).zip(&files) {
        assert_eq!(bundle.blob(blob), Ok(&file[..]));
        assert_eq!(bundle.verify(blob), Ok(()));
    }
    // Damage in header and manifest, which nobody notices.
    for _ in 0..u.int_in_range(0..=7)? {
        let end = bytes.len().min(MANIFEST + 300);
        let at = u.choose_index(end)?;
        bytes[at] = u.arbitrary()?;
    }
    bytes.truncate(bytes.len() - if u.ratio(1, 8)? { u.int_in_range(0..=bytes.len())? } else { 0 });
    seal(&mut bytes);
    read(&bytes);

    let sector: [u8; SECTOR] = u.arbitrary()?;
    let mut header = ImageHeader::read_from_bytes(&sector).expect("any sector");
    let checksum = header.expected_checksum();
    header.checksum = !header.checksum;
    assert_eq!(header.expected_checksum(), checksum, "it does not cover itself");
    read(u.peek_bytes(u.len()).unwrap_or_default());
    Ok(())
}
