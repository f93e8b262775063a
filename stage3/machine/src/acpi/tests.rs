use super::*;
use alloc::string::{String, ToString};
use alloc::vec;

/// A table in the memory of the guest.
struct Table<'a> {
    bytes: &'a [u8],
}

impl Table<'_> {
    fn byte(&self, offset: usize) -> u8 {
        self.bytes[offset]
    }

    fn word(&self, offset: usize) -> u16 {
        u16::from_le_bytes(self.bytes[offset..offset + 2].try_into().unwrap())
    }

    fn dword(&self, offset: usize) -> u32 {
        u32::from_le_bytes(self.bytes[offset..offset + 4].try_into().unwrap())
    }

    fn qword(&self, offset: usize) -> u64 {
        u64::from_le_bytes(self.bytes[offset..offset + 8].try_into().unwrap())
    }

    fn signature(&self) -> String {
        String::from_utf8_lossy(&self.bytes[..4]).to_string()
    }

    fn sum(&self) -> u8 {
        self.bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
    }

    /// Space ID, width in bits, offset, access size, and address of a Generic Address Structure.
    fn address(&self, offset: usize) -> (u8, u8, u8, u8, u64) {
        let [space, width, bit, access] = self.bytes[offset..offset + 4].try_into().unwrap();
        (space, width, bit, access, self.qword(offset + 4))
    }
}

impl AcpiTables {
    /// What is at `address`, up to the end of all tables.
    fn at(&self, address: u64) -> Table<'_> {
        Table { bytes: &self.bytes[(address - self.start.0) as usize..] }
    }

    /// The table at `address`, whose length is in its header.
    fn table(&self, address: u64) -> Table<'_> {
        let length = self.at(address).dword(4) as usize;
        Table { bytes: &self.at(address).bytes[..length] }
    }

    fn rsdp(&self) -> Table<'_> {
        Table { bytes: &self.at(self.rsdp.0).bytes[..36] }
    }

    /// The addresses in the XSDT.
    fn entries(&self) -> Vec<u64> {
        let xsdt = self.table(self.rsdp().qword(24));
        (36..xsdt.bytes.len()).step_by(8).map(|entry| xsdt.qword(entry)).collect()
    }

    fn fadt(&self) -> Table<'_> {
        self.table(self.entries()[0])
    }

    fn madt(&self) -> Table<'_> {
        self.table(self.entries()[1])
    }

    fn dsdt(&self) -> Table<'_> {
        self.table(self.fadt().dword(40).into())
    }
}

fn tables_for(cpus: u8) -> AcpiTables {
    tables(&AcpiConfig { cpus })
}

#[test]
fn the_root_pointer_leads_to_both_root_tables() {
    let acpi = tables_for(2);
    let rsdp = acpi.rsdp();
    assert_eq!(acpi.rsdp.0 % 16, 0);
    assert_eq!(&rsdp.bytes[..8], b"RSD PTR ");
    assert_eq!(Table { bytes: &rsdp.bytes[..20] }.sum(), 0);
    assert_eq!(rsdp.sum(), 0);
    assert_eq!((rsdp.byte(15), rsdp.dword(20)), (2, 36));
    let (narrow, wide) = (acpi.table(rsdp.dword(16).into()), acpi.table(rsdp.qword(24)));
    assert_eq!((narrow.signature(), wide.signature()), ("RSDT".to_string(), "XSDT".to_string()));
    let entries = (36..narrow.bytes.len()).step_by(4).map(|entry| u64::from(narrow.dword(entry)));
    assert_eq!(entries.collect::<Vec<_>>(), acpi.entries());
}

#[test]
fn headers_are_complete_and_sums_zero() {
    for cpus in [0, 1, 16, 255] {
        headers_are_complete(&tables_for(cpus));
    }
}

/// Every table is found, and has its sum and its alignment.
pub(super) fn headers_are_complete(acpi: &AcpiTables) {
    let rsdp = acpi.rsdp();
    let mut addresses = acpi.entries();
    addresses.extend([rsdp.dword(16).into(), rsdp.qword(24), acpi.fadt().qword(140)]);
    let mut signatures = Vec::new();
    for address in addresses {
        let table = acpi.table(address);
        assert_eq!(address % 16, 0, "{}", table.signature());
        assert_eq!(table.sum(), 0, "{}", table.signature());
        assert_eq!(&table.bytes[10..24], b"PXHV  PXHVPC  ", "{}", table.signature());
        signatures.push(table.signature());
    }
    assert_eq!(signatures, ["FACP", "APIC", "RSDT", "XSDT", "DSDT"]);
}

#[test]
fn the_tables_of_most_cpus_have_room() {
    let acpi = tables_for(u8::MAX);
    assert_eq!(acpi.start.0, TABLES.start);
    assert!(acpi.start.0 + acpi.bytes.len() as u64 <= TABLES.end, "{:#x} bytes", acpi.bytes.len());
}

#[test]
fn the_facs_is_aligned_and_its_lock_is_free() {
    let acpi = tables_for(1);
    let address = acpi.fadt().dword(36).into();
    let facs = acpi.table(address);
    assert_eq!(address % 64, 0);
    assert_eq!((facs.signature().as_str(), facs.bytes.len(), facs.byte(32)), ("FACS", 64, 1));
    assert!(facs.bytes[8..32].iter().all(|byte| *byte == 0));
}

#[test]
fn the_fadt_describes_the_fixed_hardware() {
    let acpi = tables_for(1);
    let fadt = acpi.fadt();
    assert_eq!((fadt.byte(8), fadt.bytes.len()), (6, 276));
    assert_eq!((fadt.qword(132), fadt.qword(140)), (0, fadt.dword(40).into()));
    // SCI_INT; SMI_CMD, ACPI_ENABLE, ACPI_DISABLE: in ACPI mode for ever.
    assert_eq!((fadt.word(46), fadt.dword(48), fadt.word(52)), (9, 0, 0));
    // PM1a_EVT_BLK, PM1a_CNT_BLK, PM_TMR_BLK, their lengths, their extended addresses.
    assert_eq!((fadt.dword(56), fadt.dword(64), fadt.dword(76)), (0x600, 0x604, 0x608));
    assert_eq!((fadt.byte(88), fadt.byte(89), fadt.byte(91)), (4, 2, 4));
    assert_eq!(fadt.address(148), (1, 32, 0, 2, 0x600));
    assert_eq!(fadt.address(172), (1, 16, 0, 2, 0x604));
    assert_eq!(fadt.address(208), (1, 32, 0, 3, 0x608));
    // No second group, no PM2, no general-purpose events.
    for (block, length, extended) in
        [(60, 88, 160), (68, 89, 184), (72, 90, 196), (80, 92, 220), (84, 93, 232)]
    {
        assert_eq!((fadt.dword(block), fadt.address(extended)), (0, (0, 0, 0, 0, 0)));
        assert!(matches!(length, 88 | 89) || fadt.byte(length) == 0);
    }
    // No C2, no C3; the century; legacy devices, keyboard controller, no VGA.
    assert!(fadt.word(96) > 100 && fadt.word(98) > 1000);
    assert_eq!((fadt.byte(108), fadt.word(109)), (0x32, 0b111));
    // WBINVD, PROC_C1, SLP_BUTTON (not in fixed registers), TMR_VAL_EXT, RESET_REG_SUP.
    assert_eq!(fadt.dword(112), 0b101_0010_0101);
    assert_eq!((fadt.address(116), fadt.byte(128)), ((1, 8, 0, 1, 0xcf9), 0x0e));
    assert_eq!(fadt.bytes[268..], *b"pxHV\0\0\0\0");
}

#[test]
fn the_reset_value_resets_the_machine() {
    use crate::device::reset_control::ResetControl;
    let mut control = ResetControl::default();
    assert!(control.write(tables_for(1).fadt().byte(128)));
}

#[test]
fn the_madt_lists_cpus_controllers_and_wires() {
    let acpi = tables_for(2);
    let madt = acpi.madt();
    assert_eq!((madt.byte(8), madt.dword(36), madt.dword(40)), (5, 0xfee0_0000, 1));
    let entries: [&[u8]; 6] = [
        // Processor UID 0 is APIC ID 0, UID 1 is ID 1; enabled.
        &[0, 8, 0, 0, 1, 0, 0, 0],
        &[0, 8, 1, 1, 1, 0, 0, 0],
        // I/O APIC 0 at FEC00000h from GSI 0 on.
        &[1, 12, 0, 0, 0x00, 0x00, 0xc0, 0xfe, 0, 0, 0, 0],
        // ISA IRQ 0 is GSI 2, as usual on the bus; IRQ 9 is GSI 9, active high, by level.
        &[2, 10, 0, 0, 2, 0, 0, 0, 0, 0],
        &[2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0],
        // NMI of all processors is at LINT1.
        &[4, 6, 0xff, 0, 0, 1],
    ];
    assert_eq!(madt.bytes[44..], entries.concat());
}

#[test]
fn soft_off_is_the_state_that_the_hardware_knows() {
    use crate::device::power_management::{PowerManagement, BASE, PM1_CONTROL};
    use crate::time::Instant;
    let acpi = tables_for(1);
    let dsdt = acpi.dsdt();
    // Name (_S5, Package (4) { n, 0, 0, 0 })
    let [.., kind, 0, 0, 0] = dsdt.bytes[36..49] else { panic!("{:x?}", &dsdt.bytes[36..49]) };
    assert_eq!(dsdt.bytes[36..45], *b"\x08_S5_\x12\x07\x04\x0a");
    // SLP_TYP and SLP_EN, where the FADT says that they are.
    let upper = kind << 2 | 1 << 5;
    let port = acpi.fadt().dword(64) as u16;
    assert_eq!(port - BASE, PM1_CONTROL);
    assert!(PowerManagement::new().write(Instant(0), port - BASE + 1, upper));
}

#[test]
fn every_cpu_of_the_madt_is_a_device_with_its_uid() {
    for cpus in [0, 1, 3, 255] {
        let acpi = tables_for(cpus);
        let (madt, namespace) = (acpi.madt(), acpi.dsdt());
        let local_apics = (0..usize::from(cpus)).map(|cpu| &madt.bytes[44 + 8 * cpu..][..8]);
        assert!(local_apics.enumerate().all(|(cpu, entry)| entry[..4] == [0, 8, cpu as u8, cpu as u8]));
        assert_eq!(madt.byte(44 + 8 * usize::from(cpus)), 1);
        for cpu in 0..cpus {
            // Name (_HID, "ACPI0007"), Name (_UID, n): ZeroOp, OneOp, or BytePrefix and a byte.
            let mut names = b"\x08_HID\x0dACPI0007\0\x08_UID".to_vec();
            names.extend(if cpu < 2 { vec![cpu] } else { vec![0x0a, cpu] });
            let devices = namespace.bytes.windows(names.len()).filter(|bytes| *bytes == names);
            assert_eq!(devices.count(), 1, "UID {cpu}");
        }
        let devices = namespace.bytes.windows(8).filter(|bytes| bytes == b"ACPI0007").count();
        assert_eq!(devices, usize::from(cpus));
    }
}

#[test]
fn devices_are_where_the_board_has_them() {
    use crate::port::Size;
    use crate::time::Instant;
    let acpi = tables_for(1);
    let aml = acpi.dsdt().bytes;
    for (id, descriptors) in [
        // I/O descriptors (47h: first, last, alignment, length) and the IRQ descriptor (22h: mask).
        (*b"\x41\xd0\x05\x01", &b"\x47\x01\xf8\x03\xf8\x03\x01\x08\x22\x10\x00\x79"[..]),
        (*b"\x41\xd0\x0b\x00", b"\x47\x01\x70\x00\x70\x00\x01\x02\x22\x00\x01\x79"),
        (*b"\x41\xd0\x01\x00", b"\x47\x01\x40\x00\x40\x00\x01\x04\x22\x01\x00\x79"),
        (
            *b"\x41\xd0\x03\x03",
            b"\x47\x01\x60\x00\x60\x00\x01\x01\x47\x01\x64\x00\x64\x00\x01\x01\x22\x02\x00\x79",
        ),
    ] {
        let at = aml.windows(4).position(|bytes| bytes == id).expect("the device is in the DSDT");
        assert!(aml[at..at + 48].windows(descriptors.len()).any(|bytes| bytes == descriptors), "{id:x?}");
    }
    // The serial port's scratch register is storage, so the port is really there.
    let mut pc = crate::pc::test_pc(1 << 24);
    pc.write_port(Instant(0), 0x3f8 + 7, Size::Byte, 0x5a);
    assert_eq!(pc.read_port(Instant(0), 0x3f8 + 7, Size::Byte), 0x5a);
}
