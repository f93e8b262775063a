//! Builds the disk image: stages, header, bundle. [`bundle::image`] describes the format.

use crate::config::{self, Config, File};
use crate::flatten::Flat;
use crate::pack::{self, Packed};
use crate::progress::Step;
use crate::ram::Need;
use crate::toolchain::{self, Toolchain};
use crate::{asm_guest, assemble, guests, packages, project, size};
use anyhow::{ensure, Context, Result};
use bundle::image::{self, ImageHeader, Part, BUNDLE_ADDRESS, SECTOR, STAGE1_COUNT_OFFSET};
use bundle::manifest::{Blob, Boot, Builder, LogLevel, Manifest, Module, VmSpec};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use zerocopy::{FromZeros as _, IntoBytes as _};

/// Images are multiples of a cylinder in the BIOS's usual geometry (16 heads of 63 sectors): Bochs
/// complains about other sizes.
const CYLINDER: usize = 16 * 63 * SECTOR;
/// Smaller disks confuse BIOSes that guess the geometry.
const SMALLEST: usize = 8 * CYLINDER;

/// What `cargo xtask image` prints.
#[derive(Debug)]
pub struct Built {
    /// Where the image is.
    pub path: PathBuf,
    /// What it was built from.
    pub config: PathBuf,
    /// Stage 3's ELF file, with symbols.
    pub symbols: PathBuf,
    /// The control character before pxHV's own keys.
    pub prefix: u8,
    /// The RAM that its contents need.
    pub need: Need,
}

/// What to put into an image.
#[derive(clap::Args, Clone, Debug)]
pub struct What {
    /// The virtual machines
    #[arg(long, default_value = "pxhv.toml")]
    pub config: PathBuf,
    /// A kernel in NASM instead, in a virtual machine of its own
    #[arg(long, value_name = "FILE.asm", conflicts_with = "config")]
    pub guest: Option<PathBuf>,
    /// The keys of that virtual machine's [[vm]] but for name, memory and kernel, such as 'cmdline = "seed=5"'
    #[arg(long, value_name = "KEYS", requires = "guest", default_value = "", hide_default_value = true)]
    pub vm: String,
    /// Have pxHV say everything, as with log = "debug"
    #[arg(long)]
    pub verbose: bool,
    /// Take this ELF file or NASM source as stage 3 instead of building it
    #[arg(long, value_name = "FILE", hide = true)]
    pub stage3: Option<PathBuf>,
}

impl What {
    /// What pxhv.toml has.
    pub fn of(config: PathBuf) -> Self {
        Self { config, guest: None, vm: String::new(), verbose: false, stage3: None }
    }

    /// An assembled guest with these keys.
    pub fn guest(source: PathBuf, keys: String) -> Self {
        Self { guest: Some(source), vm: keys, ..Self::of(PathBuf::new()) }
    }

    /// The configuration, written now if it is that of an assembled guest.
    fn config(&self) -> Result<PathBuf> {
        match &self.guest {
            Some(source) => asm_guest::config(source, &self.vm, &[]),
            None => Ok(self.config.clone()),
        }
    }
}

/// Every configuration has its own image, so that runs don't disturb each other.
fn default_output(config: &Path) -> PathBuf {
    let full = std::path::absolute(config).unwrap_or_else(|_| config.into());
    if full == project::root().join("pxhv.toml") {
        return project::target().join("pxhv.img");
    }
    let number = bundle::checksum(full.as_os_str().as_encoded_bytes());
    let stem = full.file_stem().unwrap_or_default().to_string_lossy();
    project::target().join("images").join(format!("{stem}-{number:08x}.img"))
}

/// Builds an image, into `output` if one is given.
pub fn build(what: &What, output: Option<&Path>) -> Result<Built> {
    packages::ensure(&[packages::Purpose::Image])?;
    let path = what.config()?;
    let output = output.map_or_else(|| default_output(&path), Path::to_path_buf);
    let mut config = Config::load(&path, &guests::provide)?;
    if what.verbose {
        config.log = LogLevel::Debug;
    }
    let (prefix, vms, guests) = (config.prefix, config.vms.len(), config.memory());
    let (stage1, stage2) = (assemble::stage1()?, assemble::stage2()?);
    let symbols = match &what.stage3 {
        Some(file) => file.clone(),
        None => build_stage3()?,
    };
    let stage3 = Flat::of(&symbols)?;

    let step = Step::start("packing the image");
    let stage3 = pack::pack(&stage3)?;
    let bundle = bundle(config);
    let own = [stage1.len(), stage2.len(), stage3.bytes.len()];
    let image = lay_out(stage1, &stage2, &stage3, &bundle)?;
    write(&output, &image)?;
    step.done(&format!("packed {}", project::shown(&output)));
    report_own(own);
    report("bundle", bundle.len());
    report("image", image.len());
    let need = Need { vms, guests, image: image.len() as u64 };
    Ok(Built { path: output, config: path, symbols, prefix, need })
}

fn build_stage3() -> Result<PathBuf> {
    let toolchain = Toolchain::find().with_context(toolchain::advice)?;
    println!("{}", toolchain.describe());
    let step = Step::start("building stage 3");
    let symbols = toolchain::build_stage3(&toolchain)?;
    step.done("built stage 3");
    Ok(symbols)
}

/// Bytes of stages 1 to 3, built now.
pub fn own_sizes() -> Result<[usize; 3]> {
    let stage3 = pack::pack(&Flat::of(&build_stage3()?)?)?;
    Ok([assemble::stage1()?.len(), assemble::stage2()?.len(), stage3.bytes.len()])
}

/// Prints what [`own_sizes`] counts.
pub fn report_own(own: [usize; 3]) {
    let [stage1, stage2, stage3] = own;
    let total = own.iter().sum();
    for (name, bytes) in
        [("stage 1", stage1), ("stage 2", stage2), ("stage 3", stage3), ("pxHV itself", total)]
    {
        report(name, bytes);
    }
}

fn report(name: &str, bytes: usize) {
    println!("  {name:<12} {bytes:>10} bytes  {:>8}", size::show(bytes as u64));
}

/// The manifest and the files of the virtual machines.
fn bundle(config: Config) -> Vec<u8> {
    let mut builder = Builder::default();
    let mut add = |file: File| -> Blob { builder.add(&file.name, &file.bytes) };
    let vms = config.vms.into_iter().map(|vm| {
        let boot = match vm.boot {
            config::Boot::Linux { kernel, initrd, cmdline } => {
                Boot::Linux { kernel: add(kernel), initrd: initrd.map(&mut add), cmdline }
            }
            config::Boot::Multiboot { kernel, cmdline, modules } => {
                let kernel = add(kernel);
                let modules = modules.into_iter().map(|(file, args)| Module { file: add(file), args });
                Boot::Multiboot { kernel, cmdline, modules: modules.collect() }
            }
            config::Boot::Flat { kernel, load } => Boot::Flat { kernel: add(kernel), load },
            config::Boot::Bios { firmware, floppies, disks, vga_bios } => {
                let firmware = add(firmware);
                let floppies = floppies.into_iter().map(&mut add).collect();
                let disks = disks.into_iter().map(&mut add).collect();
                Boot::Bios { firmware, floppies, disks, vga_bios: vga_bios.map(&mut add) }
            }
        };
        VmSpec {
            name: vm.name,
            memory: vm.memory,
            vcpus: 1,
            boot,
            display: vm.display,
            debug_exit: vm.debug_exit,
            debugcon: vm.debugcon,
            autostart: vm.autostart,
            weight: vm.weight,
            on_exit: vm.on_exit,
        }
    });
    let manifest = Manifest { log: config.log, prefix: config.prefix, vms: vms.collect() };
    builder.finish(&manifest)
}

/// Puts every part on its sector and describes it in the header.
fn lay_out(mut stage1: Vec<u8>, stage2: &[u8], stage3: &Packed, bundle: &[u8]) -> Result<Vec<u8>> {
    let bundle_bytes = u32::try_from(bundle.len()).context("the guests' files exceed 4 GiB")?;
    let mut header = ImageHeader::new_zeroed();
    header.magic = image::MAGIC;
    header.version = image::VERSION;
    (header.stage3_unpacked, header.stage3_code) = (stage3.unpacked, stage3.code);
    header.stage3_streams = stage3.streams;
    let part = |name: &[u8], bytes: &[u8], address, memory, entry| {
        let mut part = Part { address, memory, entry, ..Part::default() };
        part.name[..name.len()].copy_from_slice(name);
        part.bytes = bytes.len() as u32;
        part.checksum = bundle::checksum(bytes);
        part
    };
    let stage2_bytes = stage2.len() as u32;
    header.parts[image::STAGE2] =
        part(b"stage 2", stage2, image::STAGE2_ADDRESS, stage2_bytes, image::STAGE2_ADDRESS);
    header.parts[image::STAGE3] =
        part(b"stage 3", &stage3.bytes, image::STAGE3_ADDRESS, stage3.memory, stage3.entry);
    header.parts[image::BUNDLE] = part(b"bundle", bundle, BUNDLE_ADDRESS, bundle_bytes, 0);

    let contents = [stage2, &stage3.bytes, bundle];
    let mut sector = 2;
    for (part, bytes) in header.parts.iter_mut().zip(contents) {
        part.sector = sector as u32;
        sector += bytes.len().div_ceil(SECTOR);
    }
    let length = (sector * SECTOR).next_multiple_of(CYLINDER).max(SMALLEST);
    header.sectors = u32::try_from(length / SECTOR)?;
    header.checksum = header.expected_checksum();

    let first_read = 1 + stage2.len().div_ceil(SECTOR);
    let count = stage1.get_mut(STAGE1_COUNT_OFFSET..STAGE1_COUNT_OFFSET + 2).context("stage 1 is cut off")?;
    ensure!(count == [0, 0], "stage 1 has code at {STAGE1_COUNT_OFFSET:#x}, the place of the sector count");
    count.copy_from_slice(&u16::try_from(first_read)?.to_le_bytes());

    let mut image = stage1;
    image.extend_from_slice(header.as_bytes());
    for (part, bytes) in header.parts.iter().zip(contents) {
        image.resize(part.sector as usize * SECTOR, 0);
        image.extend_from_slice(bytes);
    }
    image.resize(length, 0);
    Ok(image)
}

/// Writes a file under a temporary name and renames it: there is never half an image.
pub fn write(output: &Path, bytes: &[u8]) -> Result<()> {
    let directory = output.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> Result<()> {
        std::fs::create_dir_all(directory)?;
        let mut file =
            tempfile::Builder::new().prefix(".pxhv-").permissions(readable()).tempfile_in(directory)?;
        file.write_all(bytes)?;
        file.persist(output)?;
        Ok(())
    };
    write().with_context(|| format!("can't write {}", output.display()))
}

/// The permissions of an ordinary file; temporary ones are private otherwise.
fn readable() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zerocopy::FromBytes as _;

    fn sample() -> Vec<u8> {
        let stage3 = Packed {
            bytes: vec![3; 1000],
            unpacked: 3000,
            code: 2000,
            streams: [200; 10],
            memory: 5000,
            entry: 0x20_0010,
        };
        lay_out(vec![0; SECTOR], &[2; 600], &stage3, &[4; 4096]).unwrap()
    }

    #[test]
    fn parts_lie_where_the_header_says() {
        let image = sample();
        assert_eq!(image.len() % CYLINDER, 0);
        let header = ImageHeader::read_from_bytes(&image[SECTOR..2 * SECTOR]).unwrap();
        assert_eq!(header.checksum, header.expected_checksum());
        assert_eq!(header.sectors as usize * SECTOR, image.len());
        for (part, byte) in header.parts.iter().zip([2, 3, 4]) {
            let start = part.sector as usize * SECTOR;
            let bytes = &image[start..start + part.bytes as usize];
            assert!(bytes.iter().all(|found| *found == byte), "{part:?}");
            assert_eq!(part.checksum, bundle::checksum(bytes));
            assert!(part.memory >= part.bytes);
        }
        assert_eq!(header.parts[image::STAGE3].memory, 5000);
        assert_eq!((header.stage3_unpacked, header.stage3_code), (3000, 2000));
    }

    #[test]
    fn stage1_is_told_how_much_to_read() {
        let image = sample();
        assert_eq!(image[STAGE1_COUNT_OFFSET..][..2], [3, 0], "the header and two sectors of stage 2");
    }

    #[test]
    fn code_in_the_place_of_the_count_is_refused() {
        let stage3 = Packed { bytes: vec![3], unpacked: 1, code: 0, streams: [0; 10], memory: 2, entry: 0 };
        assert!(lay_out(vec![0x90; SECTOR], &[2], &stage3, &[4]).is_err());
    }
}
