//! The board's hard disks: two ATA channels at the ISA ports, with two drives each.

use super::ports::Device;
use super::Pc;
use crate::device::ata::{Channel, Drive, Translation, COMMAND_PORTS};
use crate::device::pci::{ide, Location};
use crate::medium::Medium;
use crate::port::Size;
use alloc::vec::Vec;
use core::ops::Range;

/// Most disks of a PC.
pub const DISKS_MAX: usize = 4;
/// First port of the command block of each channel.
const BASES: [u16; 2] = [0x1f0, 0x170];
/// From there to the control register: Device Control and Alternate Status.
const CONTROL: u16 = 0x206;
/// Interrupt line of the first channel; the second has the next one.
const FIRST_IRQ: u8 = 14;
/// The controller's place on the PCI bus.
const LOCATION: Location = Location::new(1, 0);

/// The ports of both channels.
pub(super) const PORTS: [Range<u16>; 4] = [
    BASES[0]..BASES[0] + COMMAND_PORTS,
    BASES[0] + CONTROL..BASES[0] + CONTROL + 1,
    BASES[1]..BASES[1] + COMMAND_PORTS,
    BASES[1] + CONTROL..BASES[1] + CONTROL + 1,
];

/// Bytes of CMOS ("CMOS RAM Address Map" of the IBM Technical Reference of the PC/AT).
mod cmos {
    /// Types of the first two disks: 15 in each half means that the type is in a byte of its own.
    pub const TYPES: u8 = 0x12;
    pub const IN_A_BYTE: u8 = 0xf;
    /// That byte for each, and the geometry of the type 47.
    pub const TYPE: [u8; 2] = [0x19, 0x1a];
    pub const OWN_GEOMETRY: u8 = 47;
    pub const GEOMETRY: [u8; 2] = [0x1b, 0x24];
    /// How the BIOS translates each disk's geometry, two bits for each (QEMU, hw/i386/pc.c).
    pub const TRANSLATION: u8 = 0x39;
}

impl Pc {
    /// Connects `disks` to a PC that was just powered on, the first of at most [`DISKS_MAX`] as master of the first
    /// channel, the second as its slave.
    pub fn attach(&mut self, disks: Vec<Medium>) {
        if disks.is_empty() {
            return;
        }
        self.has_media = true;
        let mut drives = disks.into_iter().map(Drive::new);
        self.ata = [0, 1].map(|_| Channel::new([drives.next(), drives.next()]));
        for (channel, ports) in PORTS.chunks(2).enumerate() {
            if self.ata[channel].drives().next().is_some() {
                let [command, control] = [Device::Ata(channel as u8), Device::AtaControl(channel as u8)];
                let registered = [(&ports[0], command), (&ports[1], control)]
                    .map(|(ports, device)| self.ports.register(ports.clone(), device).is_ok());
                debug_assert_eq!(registered, [true; 2], "another device is there");
            }
        }
        // The bus is empty but for its bridge.
        let _ = self.pci.add(LOCATION, ide::config_space());
        self.describe_disks();
    }

    /// Takes the disks out, in the order of [`Pc::attach`].
    pub fn detach(&mut self) -> Vec<Medium> {
        let drives = core::mem::take(&mut self.ata).into_iter().flat_map(Channel::into_drives).flatten();
        drives.map(|drive| drive.into_medium()).collect()
    }

    /// Whether one of the disks, floppies included, wants memory. To be asked after each exit that changed something ([`Pc::take_change`]).
    #[must_use]
    pub fn media_want_memory(&self) -> bool {
        self.has_media
            && (self.ata.iter().flat_map(Channel::drives).any(Drive::wants_memory)
                || self.floppy.media().any(Medium::wants_memory))
    }

    /// The media of the disks, to give them memory for what the guest will write ([`Medium::wants_memory`]).
    pub fn media_mut(&mut self) -> impl Iterator<Item = &mut Medium> {
        let disks = self.ata.iter_mut().flat_map(Channel::drives_mut).map(Drive::medium_mut);
        disks.chain(self.floppy.media_mut())
    }

    /// Tells the BIOS by CMOS what disks there are.
    fn describe_disks(&mut self) {
        let mut types = 0;
        let mut translations = 0;
        for (number, drive) in self.ata.iter().flat_map(Channel::drives).enumerate() {
            let (geometry, translation) = drive.geometry();
            if translation == Translation::Lba {
                translations |= (Translation::Lba as u8) << (2 * number);
            }
            if let (Some(place), Some(kind)) = (cmos::GEOMETRY.get(number), cmos::TYPE.get(number)) {
                types |= cmos::IN_A_BYTE << (4 * (1 - number));
                self.clock.configure(*kind, cmos::OWN_GEOMETRY);
                let [low, high] = geometry.cylinders.to_le_bytes();
                // No write precompensation; control byte with the bit of more than 8 heads; the landing zone.
                let control = if geometry.heads > 8 { 1 << 3 } else { 0 };
                let fields = [low, high, geometry.heads, 0xff, 0xff, control, low, high, geometry.sectors];
                for (register, value) in (*place..).zip(fields) {
                    self.clock.configure(register, value);
                }
            }
        }
        self.clock.configure(cmos::TYPES, types);
        self.clock.configure(cmos::TRANSLATION, translations);
    }

    /// The channel whose Data register an access of `size` to `port` reaches.
    pub(super) fn data_register(&self, port: u16, size: Size) -> Option<usize> {
        if size == Size::Byte {
            return None;
        }
        let channel = BASES.iter().position(|base| *base == port)?;
        self.ata[channel].drives().next().is_some().then_some(channel)
    }

    /// Reads data: one word, or two.
    pub(super) fn read_data(&mut self, channel: usize, size: Size) -> u32 {
        let low = self.ata[channel].read_data();
        let high = if size == Size::Dword { self.ata[channel].read_data() } else { 0 };
        self.carry_disks(channel);
        u32::from(high) << 16 | u32::from(low)
    }

    /// Reads data: whole words.
    pub(super) fn read_data_string(&mut self, channel: usize, bytes: &mut [u8]) {
        self.ata[channel].read_data_string(bytes);
        self.carry_disks(channel);
    }

    /// Writes data: one word, or two.
    pub(super) fn write_data(&mut self, channel: usize, size: Size, value: u32) {
        self.ata[channel].write_data(value as u16);
        if size == Size::Dword {
            self.ata[channel].write_data((value >> 16) as u16);
        }
        self.carry_disks(channel);
    }

    /// Carries a channel's interrupt output to its line, and notes that its disks may want memory.
    pub(super) fn carry_disks(&mut self, channel: usize) {
        self.interrupts.changed = true;
        let line = FIRST_IRQ + channel as u8;
        if self.ata[channel].take_drop() {
            self.interrupts.set_line(line, false);
        }
        self.interrupts.set_line(line, self.ata[channel].irq());
    }
}
