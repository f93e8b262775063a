//! The ACPI tables as another parser reads them: the `acpi` crate, which finds them in the memory of a PC.

use acpi::madt::{Madt, MadtEntry};
use acpi::{AcpiHandler, AcpiTables, PhysicalMapping};
use machine::acpi::{tables, AcpiConfig};
use std::ptr::NonNull;
use std::rc::Rc;
use zerocopy::IntoBytes;

/// Bytes of memory: the lowest MiB, and what a search of it looks at behind its end.
const MEMORY: usize = (1 << 20) + 4096;
const CPUS: u8 = 3;

/// The guest's memory. Mappings point into it and keep it alive.
#[derive(Clone)]
struct Memory(Rc<[u64]>);

impl Memory {
    fn with_tables() -> (Self, usize) {
        let tables = tables(&AcpiConfig { cpus: CPUS });
        let start = tables.start.0 as usize;
        let mut memory = vec![0_u64; MEMORY / 8];
        memory.as_mut_bytes()[start..start + tables.bytes.len()].copy_from_slice(&tables.bytes);
        (Self(memory.into()), tables.rsdp.0 as usize)
    }

    fn parse(&self) -> AcpiTables<Self> {
        // SAFETY: the handler maps what is in the memory and panics on anything else.
        unsafe { AcpiTables::search_for_rsdp_bios(self.clone()) }.expect("the tables are found and valid")
    }
}

impl AcpiHandler for Memory {
    unsafe fn map_physical_region<T>(&self, address: usize, size: usize) -> PhysicalMapping<Self, T> {
        let region = NonNull::from(&self.0.as_bytes()[address..address + size.max(size_of::<T>())]).cast();
        assert!(region.is_aligned());
        // SAFETY: the region is within the memory, which the mapping's copy of the handler keeps alive.
        unsafe { PhysicalMapping::new(address, region, size, size, self.clone()) }
    }

    fn unmap_physical_region<T>(_: &PhysicalMapping<Self, T>) {}
}

#[test]
fn a_search_of_the_bios_area_finds_valid_tables() {
    let (memory, rsdp) = Memory::with_tables();
    let found = memory.parse();
    assert_eq!(found.revision(), 2);
    let signatures: Vec<_> = found.headers().map(|header| header.signature.as_str().to_owned()).collect();
    assert_eq!(signatures, ["FACP", "APIC"]);
    // SAFETY: as for the search.
    let direct = unsafe { AcpiTables::from_rsdp(memory.clone(), rsdp) }.unwrap();
    assert_eq!(direct.headers().count(), 2);
    assert_eq!(&memory.0.as_bytes()[rsdp..rsdp + 8], b"RSD PTR ");
}

#[test]
fn the_fadt_is_that_of_a_pc_in_acpi_mode() {
    let found = Memory::with_tables().0.parse();
    let fadt = found.find_table::<acpi::fadt::Fadt>().unwrap();
    fadt.validate().unwrap();
    assert_eq!(({ fadt.smi_cmd_port }, { fadt.sci_interrupt }), (0, 9));
    let event = fadt.pm1a_event_block().unwrap();
    assert_eq!((event.address, event.bit_width), (0x600, 32));
    let control = fadt.pm1a_control_block().unwrap();
    assert_eq!((control.address, control.bit_width), (0x604, 16));
    let timer = fadt.pm_timer_block().unwrap().unwrap();
    assert_eq!((timer.address, timer.bit_width), (0x608, 32));
    assert!(fadt.gpe0_block().unwrap().is_none());
    assert_eq!(fadt.reset_register().unwrap().address, 0xcf9);
    let flags = fadt.flags;
    assert!(flags.pm_timer_is_32_bit() && flags.supports_system_reset_via_fadt());
    assert!(!flags.power_button_is_control_method() && !flags.system_is_hw_reduced_acpi());
    let arch = fadt.iapc_boot_arch;
    assert!(arch.legacy_devices_are_accessible() && arch.motherboard_implements_8042());
    assert!(arch.dont_probe_vga());
    assert!(found.dsdt().unwrap().length > 0);
}

#[test]
fn the_madt_has_cpus_io_apic_and_overrides() {
    let found = Memory::with_tables().0.parse();
    let mapping = found.find_table::<Madt>().unwrap();
    let madt = mapping.get();
    assert!(madt.supports_8259());
    assert_eq!({ madt.local_apic_address }, 0xfee0_0000);
    let (mut cpus, mut io_apics, mut overrides, mut nmis) = (vec![], vec![], vec![], vec![]);
    for entry in madt.entries() {
        match entry {
            MadtEntry::LocalApic(cpu) => cpus.push((cpu.processor_id, cpu.apic_id, cpu.flags)),
            MadtEntry::IoApic(apic) => {
                io_apics.push((apic.io_apic_id, apic.io_apic_address, apic.global_system_interrupt_base));
            }
            MadtEntry::InterruptSourceOverride(wire) => {
                overrides.push((wire.irq, wire.global_system_interrupt, wire.flags));
            }
            MadtEntry::LocalApicNmi(nmi) => nmis.push((nmi.processor_id, nmi.flags, nmi.nmi_line)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(cpus, [(0, 0, 1), (1, 1, 1), (2, 2, 1)]);
    assert_eq!(io_apics, [(0, 0xfec0_0000, 0)]);
    assert_eq!(overrides, [(0, 2, 0), (9, 9, 0b1101)]);
    assert_eq!(nmis, [(0xff, 0, 1)]);
}
