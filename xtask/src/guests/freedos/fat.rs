//! FAT12 as DOS has it on floppy disks and small hard disks (Microsoft, "FAT: General Overview of On-Disk Format").

use anyhow::{ensure, Context, Result};

const SECTOR: usize = 512;
/// Bytes of a directory's entry, and of the name in it.
const ENTRY: usize = 32;
const NAME: usize = 11;
/// Offsets in an entry: attributes, date, first cluster, size.
const ATTRIBUTES: usize = 11;
const DATE: usize = 24;
const CLUSTER: usize = 26;
const SIZE: usize = 28;
/// Attributes of a volume's label (and of parts of long names), and of a directory.
const NO_FILE: u8 = 0x18;
/// First byte of an entry that was deleted.
const DELETED: u8 = 0xe5;
/// Clusters are counted from 2 on; from here on they are none.
const FIRST: usize = 2;
const LAST: usize = 0xff0;
/// What stands behind the last cluster of a file.
const END: usize = 0xfff;
/// 1 January 1980.
const A_DATE: [u8; 2] = [0x21, 0];

/// A file of a root directory, with its name as it stands there: `KERNEL  SYS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub name: [u8; NAME],
    pub bytes: Vec<u8>,
}

impl File {
    /// With a name as people write it: `kernel.sys`.
    pub fn new(name: &str, bytes: Vec<u8>) -> Result<Self> {
        let (base, extension) = name.split_once('.').unwrap_or((name, ""));
        ensure!((1..=8).contains(&base.len()) && extension.len() <= 3, "DOS knows no file name like {name}");
        let padded = format!("{base:8}{extension:3}").to_ascii_uppercase();
        Ok(Self { name: padded.as_bytes().try_into()?, bytes })
    }
}

/// How a volume is divided; numbers of sectors and of what they hold.
#[derive(Clone, Copy, Debug)]
struct Layout {
    cluster: usize,
    reserved: usize,
    tables: usize,
    table: usize,
    root_entries: usize,
}

impl Layout {
    fn of(volume: &[u8]) -> Option<Self> {
        let byte = |at: usize| volume.get(at).map(|byte| usize::from(*byte));
        let word = |at: usize| Some(byte(at)? | byte(at + 1)? << 8);
        let layout = Self {
            cluster: byte(13)?,
            reserved: word(14)?,
            tables: byte(16)?,
            root_entries: word(17)?,
            table: word(22)?,
        };
        (word(11)? == SECTOR && layout.cluster > 0 && layout.tables > 0).then_some(layout)
    }

    fn root(self) -> usize {
        (self.reserved + self.tables * self.table) * SECTOR
    }

    fn cluster(self, number: usize) -> std::ops::Range<usize> {
        let bytes = self.cluster * SECTOR;
        let start = self.root() + self.root_entries * ENTRY + number.saturating_sub(FIRST) * bytes;
        start..start + bytes
    }
}

/// The file `name` of a volume's root directory.
pub fn file(volume: &[u8], name: &str) -> Result<File> {
    let wanted = File::new(name, Vec::new())?.name;
    let read = || {
        let layout = Layout::of(volume)?;
        let root = volume.get(layout.root()..layout.root() + layout.root_entries * ENTRY)?;
        let mut entries = root.chunks(ENTRY).take_while(|entry| entry[0] != 0);
        let is_wanted = |entry: &&[u8]| {
            entry[0] != DELETED && entry[ATTRIBUTES] & NO_FILE == 0 && entry.starts_with(&wanted)
        };
        let entry = entries.find(is_wanted)?;
        let size = u32::from_le_bytes(*entry[SIZE..].first_chunk()?) as usize;
        let mut cluster = usize::from(u16::from_le_bytes(*entry[CLUSTER..].first_chunk()?));
        let mut bytes = Vec::new();
        while bytes.len() < size {
            ensure_is_cluster(cluster)?;
            bytes.extend(volume.get(layout.cluster(cluster))?);
            let link = volume.get(layout.reserved * SECTOR + cluster * 3 / 2..)?.first_chunk()?;
            cluster = usize::from(u16::from_le_bytes(*link)) >> (cluster % 2 * 4) & 0xfff;
        }
        bytes.truncate(size);
        Some(File { name: wanted, bytes })
    };
    read().with_context(|| format!("there is no {name} in the root directory of a FAT12 floppy disk"))
}

fn ensure_is_cluster(number: usize) -> Option<()> {
    (FIRST..LAST).contains(&number).then_some(())
}

/// How a volume on a hard disk begins: where it is, and how the disk is divided.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub start: u32,
    pub sectors: u16,
    pub heads: u8,
    pub per_track: u8,
}

/// A volume of a hard disk with `files` in its root directory, and the code of `boot_sector`, which is that of a FAT12
/// volume.
pub fn volume(boot_sector: &[u8], place: Place, files: &[File]) -> Result<Vec<u8>> {
    let layout = Layout { cluster: 4, reserved: 1, tables: 2, table: 6, root_entries: 512 };
    let mut volume = vec![0; usize::from(place.sectors) * SECTOR];
    let boot_sector = boot_sector.get(..SECTOR).context("the floppy disk has no boot sector")?;
    volume[..SECTOR].copy_from_slice(boot_sector);
    let parameters = [
        &(SECTOR as u16).to_le_bytes()[..],
        &[layout.cluster as u8, layout.reserved as u8, 0, layout.tables as u8],
        &(layout.root_entries as u16).to_le_bytes(),
        &place.sectors.to_le_bytes(),
        &[MEDIA, layout.table as u8, 0, place.per_track, 0, place.heads, 0],
        &place.start.to_le_bytes(),
        &[0; 4],
        &[DRIVE, 0, 0x29],
        b"pxHVPXHV       FAT12   ",
    ]
    .concat();
    volume[11..11 + parameters.len()].copy_from_slice(&parameters);

    let mut table = vec![0; layout.table * SECTOR];
    let mut link = |from: usize, to: usize| -> Option<()> {
        let place = table.get_mut(from * 3 / 2..from * 3 / 2 + 2)?;
        let value = u16::from_le_bytes([place[0], place[1]]) | (to as u16) << (from % 2 * 4);
        place.copy_from_slice(&value.to_le_bytes());
        Some(())
    };
    link(0, 0xf00 | usize::from(MEDIA));
    link(1, END);
    let mut free = FIRST;
    ensure!(files.len() <= layout.root_entries, "too many files for a root directory");
    for (number, File { name, bytes }) in files.iter().enumerate() {
        let first = if bytes.is_empty() { 0 } else { free };
        let entry = &mut volume[layout.root() + number * ENTRY..][..ENTRY];
        entry[..NAME].copy_from_slice(name);
        entry[DATE..DATE + 2].copy_from_slice(&A_DATE);
        entry[CLUSTER..CLUSTER + 2].copy_from_slice(&(first as u16).to_le_bytes());
        entry[SIZE..].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        for piece in bytes.chunks(layout.cluster * SECTOR) {
            let room = volume.get_mut(layout.cluster(free)).context("the files don't fit on the disk")?;
            room[..piece.len()].copy_from_slice(piece);
            link(free, free + 1);
            free += 1;
        }
        if first > 0 {
            link(free - 1, END);
        }
    }
    for number in 0..layout.tables {
        let start = (layout.reserved + number * layout.table) * SECTOR;
        volume[start..start + table.len()].copy_from_slice(&table);
    }
    Ok(volume)
}

/// The byte that says: a hard disk.
const MEDIA: u8 = 0xf8;
/// The first hard disk, as a BIOS counts.
const DRIVE: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Vec<u8>, Vec<File>) {
        let place = Place { start: 63, sectors: 8001, heads: 16, per_track: 63 };
        let files = [("a", vec![]), ("kernel.sys", vec![7; 5000]), ("b.x", vec![9; 2048]), ("c", vec![1])];
        let files: Vec<_> = files.map(|(name, bytes)| File::new(name, bytes).unwrap()).into();
        (volume(&[0xeb; SECTOR], place, &files).unwrap(), files)
    }

    #[test]
    fn files_are_found_as_they_were_put() {
        let (volume, files) = sample();
        for (name, expected) in ["A", "kernel.sys", "b.x", "c"].iter().zip(&files) {
            assert_eq!(file(&volume, name).unwrap(), *expected);
        }
        assert_eq!(files[1].name, *b"KERNEL  SYS");
        let error = file(&volume, "command.com").unwrap_err().to_string();
        assert!(error.contains("no command.com"), "{error}");
        assert!(File::new("muchtoolong", vec![]).is_err() && File::new(".x", vec![]).is_err());
    }

    #[test]
    fn too_much_is_an_error() {
        let place = Place { start: 63, sectors: 100, heads: 16, per_track: 63 };
        assert!(volume(&[0; SECTOR], place, &[File::new("a", vec![0; 100 * SECTOR]).unwrap()]).is_err());
    }

    #[test]
    fn damage_is_no_file_and_no_panic() {
        let (volume, _) = sample();
        for at in (0..64).chain(SECTOR..SECTOR + 16).chain(13 * SECTOR..13 * SECTOR + 64) {
            for value in [0, 1, 0x55, 0xff] {
                let mut damaged = volume.clone();
                damaged[at] = value;
                _ = file(&damaged, "kernel.sys");
            }
        }
        for length in [0, 11, 30, SECTOR, 20 * SECTOR, 50 * SECTOR] {
            assert!(file(&volume[..length], "kernel.sys").is_err(), "{length}");
        }
    }
}
