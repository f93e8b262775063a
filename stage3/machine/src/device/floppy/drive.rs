//! A drive, the disk in it, and how the disk is divided.

use crate::medium::{Medium, SECTOR};

/// Data rates as their registers name them.
const RATE_500: u8 = 0;
const RATE_250: u8 = 2;
const RATE_1000: u8 = 3;

/// How a disk is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Cylinders.
    pub cylinders: u8,
    /// Sides.
    pub heads: u8,
    /// Sectors of a track.
    pub sectors: u8,
    /// The data rate.
    rate: u8,
    /// The drive for it, as CMOS RAM names it.
    cmos_type: u8,
}

impl Geometry {
    const fn new(cylinders: u8, heads: u8, sectors: u8, rate: u8, cmos_type: u8) -> Self {
        Self { cylinders, heads, sectors, rate, cmos_type }
    }

    /// All that there are: 160, 180, 320, 360 and 720 KiB, 1.2, 1.44 and 2.88 MB.
    pub const ALL: [Self; 8] = [
        Self::new(40, 1, 8, RATE_250, 1),
        Self::new(40, 1, 9, RATE_250, 1),
        Self::new(40, 2, 8, RATE_250, 1),
        Self::new(40, 2, 9, RATE_250, 1),
        Self::new(80, 2, 9, RATE_250, 3),
        Self::new(80, 2, 15, RATE_500, 2),
        Self::new(80, 2, 18, RATE_500, 4),
        Self::new(80, 2, 36, RATE_1000, 5),
    ];

    /// Of a disk with so many sectors.
    #[must_use]
    pub fn of(sectors: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|geometry| geometry.bytes() == sectors * SECTOR as u64)
    }

    /// Bytes of the disk.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.cylinders as u64 * self.heads as u64 * self.sectors as u64 * SECTOR as u64
    }
}

/// A disk in a drive.
#[derive(Clone, Debug)]
struct Disk {
    geometry: Geometry,
    medium: Medium,
}

/// A drive.
#[derive(Clone, Debug)]
pub(super) struct Drive {
    disk: Option<Disk>,
    /// Where its head is.
    pub cylinder: u8,
    /// The disk was changed since the head moved last.
    pub is_changed: bool,
}

impl Default for Drive {
    fn default() -> Self {
        Self { disk: None, cylinder: 0, is_changed: true }
    }
}

impl Drive {
    /// Gives back the disk that was there, or `medium` if no disk has its size.
    pub(super) fn insert(&mut self, medium: Medium) -> Option<Medium> {
        let Some(geometry) = Geometry::of(medium.sectors()) else { return Some(medium) };
        self.is_changed = true;
        self.disk.replace(Disk { geometry, medium }).map(|disk| disk.medium)
    }

    pub(super) fn eject(&mut self) -> Option<Medium> {
        self.is_changed = true;
        self.disk.take().map(|disk| disk.medium)
    }

    pub(super) fn medium(&self) -> Option<&Medium> {
        self.disk.as_ref().map(|disk| &disk.medium)
    }

    pub(super) fn medium_mut(&mut self) -> Option<&mut Medium> {
        self.disk.as_mut().map(|disk| &mut disk.medium)
    }

    pub(super) fn cmos_type(&self) -> u8 {
        self.disk.as_ref().map_or(0, |disk| disk.geometry.cmos_type)
    }

    /// Moves the head. With a disk in it the drive forgets that it was changed.
    pub(super) fn seek(&mut self, cylinder: u8) {
        self.cylinder = cylinder;
        self.is_changed &= self.disk.is_none();
    }

    /// The disk as the head finds it at this data rate: its geometry, if there are sectors at all.
    pub(super) fn geometry(&self, rate: u8, head: u8) -> Option<Geometry> {
        let geometry = self.disk.as_ref()?.geometry;
        let is_there = geometry.rate == rate && head < geometry.heads && self.cylinder < geometry.cylinders;
        is_there.then_some(geometry)
    }

    /// Number of the sector `number` (from 1 on) under the head.
    fn sector(&self, head: u8, number: u8) -> Option<u64> {
        let geometry = self.disk.as_ref()?.geometry;
        let track = u64::from(self.cylinder) * u64::from(geometry.heads) + u64::from(head);
        Some(track * u64::from(geometry.sectors) + u64::from(number.checked_sub(1)?))
    }

    pub(super) fn read(&self, head: u8, number: u8) -> Option<&[u8; SECTOR]> {
        self.disk.as_ref()?.medium.read(self.sector(head, number)?)
    }

    /// Whether it was written.
    pub(super) fn write(&mut self, head: u8, number: u8, bytes: &[u8; SECTOR]) -> bool {
        let Some(sector) = self.sector(head, number) else { return false };
        self.disk.as_mut().is_some_and(|disk| disk.medium.write(sector, bytes).is_ok())
    }
}
