//! The namespace of devices: DSDT.
//!
//! ```text
//! \_S5_        soft off
//! \_SB_
//!   C000 …     the processors
//!   PCI0       the host bridge and what it forwards
//!     ISA_     the ISA bus and its devices
//! ```

use super::resources::{current, Ports};
use super::table;
use crate::device::{power_management, uart};
use crate::memory::LOW_RAM_LIMIT;
use acpi_tables::aml::{
    AddressSpace, AddressSpaceCacheable, Device, EISAName, Name, Package, ResourceTemplate, Scope, IO, ZERO,
};
use acpi_tables::sdt::Sdt;
use acpi_tables::{Aml, AmlSink};
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

/// Revision of the DSDT: integers have 64 bits.
const REVISION: u8 = 2;

/// Last bus number that the host bridge decodes.
const LAST_BUS: u16 = 0xff;
/// CONFIG_ADDRESS and CONFIG_DATA: the host bridge's own ports.
const CONFIG_PORTS: Ports = (0xcf8, 8);
/// Last address of the memory window: above are the APICs and the BIOS.
const LAST_MMIO: u32 = 0xfebf_ffff;

/// A device of the ISA bus.
struct IsaDevice {
    name: &'static str,
    id: &'static str,
    ports: &'static [Ports],
    irq: Option<u8>,
}

/// The devices of the ISA bus.
const ISA_DEVICES: &[IsaDevice] = &[
    // The last two ports select edge or level.
    IsaDevice { name: "PIC_", id: "PNP0000", ports: &[(0x20, 2), (0xa0, 2), (0x4d0, 2)], irq: Some(2) },
    IsaDevice { name: "TIMR", id: "PNP0100", ports: &[(0x40, 4)], irq: Some(0) },
    IsaDevice { name: "RTC_", id: "PNP0B00", ports: &[(0x70, 2)], irq: Some(8) },
    IsaDevice { name: "KBD_", id: "PNP0303", ports: &[(0x60, 1), (0x64, 1)], irq: Some(1) },
    IsaDevice { name: "COM1", id: "PNP0501", ports: &[(0x3f8, uart::PORTS as u8)], irq: Some(4) },
    // Resources of the mainboard: ports B and A, and the power management registers.
    IsaDevice {
        name: "MBRD",
        id: "PNP0C02",
        ports: &[(0x61, 1), (0x92, 1), (power_management::BASE, power_management::PORTS as u8)],
        irq: None,
    },
];

/// AML, encoded already.
struct Code(Vec<u8>);

impl Code {
    fn new(object: &dyn Aml) -> Self {
        let mut bytes = Vec::new();
        object.to_aml_bytes(&mut bytes);
        Self(bytes)
    }
}

impl Aml for Code {
    fn to_aml_bytes(&self, sink: &mut dyn AmlSink) {
        sink.vec(&self.0);
    }
}

/// `objects`, to put them into another one.
fn list<T: Aml>(objects: &[T]) -> Vec<&dyn Aml> {
    objects.iter().map(|object| object as &dyn Aml).collect()
}

/// Differentiated System Description Table.
pub fn dsdt(cpus: u8) -> Sdt {
    let mut devices: Vec<_> = (0..cpus).map(processor).collect();
    devices.push(host_bridge());
    let mut dsdt = table(*b"DSDT", REVISION);
    dsdt.append_slice(&soft_off().0);
    dsdt.append_slice(&Code::new(&Scope::new("_SB_".into(), list(&devices))).0);
    dsdt
}

/// What to write to SLP_TYP for the only sleep state: into PM1a, into PM1b, and two reserved values.
fn soft_off() -> Code {
    let package = Package::new(vec![&power_management::SLEEP_TYPE_S5, &ZERO, &ZERO, &ZERO]);
    Code::new(&Name::new("_S5_".into(), &package))
}

/// The processor with this UID, which the MADT joins to a local APIC.
fn processor(uid: u8) -> Code {
    let id = Name::new("_HID".into(), &"ACPI0007");
    let uid_name = Name::new("_UID".into(), &uid);
    Code::new(&Device::new(format!("C{uid:03X}").as_str().into(), vec![&id, &uid_name]))
}

/// The host bridge: bus numbers, ports and memory for devices on its bus. It has none of its own but for
/// the configuration ports.
fn host_bridge() -> Code {
    let id = Name::new("_HID".into(), &EISAName::new("PNP0A03"));
    let uid = Name::new("_UID".into(), &ZERO);
    let (config, config_ports) = CONFIG_PORTS;
    let buses = AddressSpace::new_bus_number(0, LAST_BUS);
    let config_space = IO::new(config, config, 1, config_ports);
    let ports_below = AddressSpace::new_io(0, config - 1, None);
    let ports_above = AddressSpace::new_io(config + u16::from(config_ports), u16::MAX, None);
    let uncached = AddressSpaceCacheable::NotCacheable;
    let memory = AddressSpace::new_memory(uncached, true, LOW_RAM_LIMIT as u32, LAST_MMIO, None);
    let resources = ResourceTemplate::new(vec![&buses, &config_space, &ports_below, &ports_above, &memory]);
    let resources = Name::new("_CRS".into(), &resources);
    Code::new(&Device::new("PCI0".into(), vec![&id, &uid, &resources, &isa_bus()]))
}

/// The ISA bus. No bridge of the PCI bus leads to it: what nobody else decodes arrives here.
fn isa_bus() -> Code {
    let id = Code::new(&Name::new("_HID".into(), &EISAName::new("PNP0A00")));
    let mut children = vec![id];
    children.extend(ISA_DEVICES.iter().map(isa_device));
    Code::new(&Device::new("ISA_".into(), list(&children)))
}

fn isa_device(device: &IsaDevice) -> Code {
    let id = Name::new("_HID".into(), &EISAName::new(device.id));
    let resources = current(device.ports, device.irq);
    Code::new(&Device::new(device.name.into(), vec![&id, &resources]))
}
