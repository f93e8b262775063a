//! The images of the boot tests: whole ones, and ones with a fault.

use crate::{asm_guest, image, project};
use anyhow::{anyhow, Context, Result};
use bundle::image::{ImageHeader, BUNDLE, FLAG_START_WITH_A20_OFF, SECTOR, STAGE2, STAGE3};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempPath;
use zerocopy::{FromBytes as _, IntoBytes as _};

/// How the image of a test differs from that of pxhv.toml.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Another configuration, relative to the checkout.
    config: Option<PathBuf>,
    /// One virtual machine with this kernel, assembled by NASM.
    guest: Option<PathBuf>,
    /// The keys of that virtual machine, but for name, memory and kernel.
    #[serde(default)]
    vm: String,
    /// Files that the keys name; they are put beside the kernel.
    #[serde(default)]
    files: Vec<PathBuf>,
    /// Only so many bytes.
    truncate: Option<usize>,
    /// A byte that has all bits flipped.
    flip: Option<Flip>,
    /// Stage 2 starts with the A20 line off.
    #[serde(default)]
    a20_off: bool,
}

/// Where to put a fault.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Flip {
    part: Part,
    offset: usize,
    /// The checksums are as if the fault had been there when the image was built.
    #[serde(default)]
    hidden: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    Header,
    Stage2,
    Stage3,
    Bundle,
}

/// The image of one run.
pub struct Prepared<'a> {
    file: ImageFile<'a>,
    /// RAM of a computer that can run it.
    pub usual_memory: u64,
}

enum ImageFile<'a> {
    /// One that other tests use, too.
    Whole(&'a Path),
    /// One of its own, which vanishes with this.
    Changed(TempPath),
}

impl Prepared<'_> {
    /// Where it is.
    pub fn path(&self) -> &Path {
        match &self.file {
            ImageFile::Whole(path) => path,
            ImageFile::Changed(path) => path,
        }
    }
}

/// The images without faults; building is tried once for each.
pub struct Images {
    built: BTreeMap<PathBuf, Result<image::Built, String>>,
}

impl Images {
    /// Builds what `wanted` is based on.
    pub fn build<'a>(wanted: impl Iterator<Item = &'a Image>) -> Result<Self> {
        let mut built = BTreeMap::new();
        for image in wanted {
            let config = image.config()?;
            built.entry(config.clone()).or_insert_with(|| {
                let built = image::build(&image::What::of(config.clone()), None);
                built.map_err(|error| format!("{error:#}"))
            });
        }
        Ok(Self { built })
    }

    /// The image of a test.
    pub fn of(&self, wanted: &Image) -> Result<Prepared<'_>> {
        let image::Built { path: whole, need, .. } = match &self.built[&wanted.config()?] {
            Ok(built) => built,
            Err(error) => return Err(anyhow!("the image can't be built: {error}")),
        };
        if wanted.truncate.is_none() && wanted.flip.is_none() && !wanted.a20_off {
            return Ok(Prepared { file: ImageFile::Whole(whole), usual_memory: need.usual() });
        }
        let mut bytes = std::fs::read(whole)?;
        wanted.change(&mut bytes).context("the test does not fit the image")?;
        let file = tempfile::Builder::new().prefix("pxhv-test-").suffix(".img").tempfile()?;
        std::fs::write(file.path(), bytes)?;
        Ok(Prepared { file: ImageFile::Changed(file.into_temp_path()), usual_memory: need.usual() })
    }
}

impl Image {
    /// The configuration that this image is built from.
    fn config(&self) -> Result<PathBuf> {
        if let Some(source) = &self.guest {
            let files: Vec<_> = self.files.iter().map(|file| project::root().join(file)).collect();
            return asm_guest::config(&project::root().join(source), &self.vm, &files);
        }
        let default = Path::new("pxhv.toml");
        Ok(project::root().join(self.config.as_deref().unwrap_or(default)))
    }

    fn change(&self, image: &mut Vec<u8>) -> Option<()> {
        let (mut header, _) = ImageHeader::read_from_prefix(image.get(SECTOR..)?).ok()?;
        if let Some(Flip { part, offset, hidden }) = self.flip {
            let part = match part {
                Part::Header => None,
                Part::Stage2 => Some(&mut header.parts[STAGE2]),
                Part::Stage3 => Some(&mut header.parts[STAGE3]),
                Part::Bundle => Some(&mut header.parts[BUNDLE]),
            };
            let start = part.as_ref().map_or(1, |part| part.sector) as usize * SECTOR;
            *image.get_mut(start + offset)? ^= 0xff;
            if let (true, Some(part)) = (hidden, part) {
                part.checksum = bundle::checksum(image.get(start..start + part.bytes as usize)?);
            }
        }
        if self.a20_off {
            header.flags |= FLAG_START_WITH_A20_OFF;
        }
        if self.a20_off || self.flip.is_some_and(|flip| flip.hidden) {
            header.checksum = header.expected_checksum();
            image.get_mut(SECTOR..2 * SECTOR)?.copy_from_slice(header.as_bytes());
        }
        image.truncate(self.truncate.unwrap_or(usize::MAX));
        Some(())
    }
}
