use super::*;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

/// The first MiB, and the places of its tables.
const BYTES: usize = 0x10_0000;
const RSDP: usize = 0xf_5a40;
const RSDT: usize = 0x8_0000;
const FADT: usize = 0x8_1000;
const DSDT: usize = 0x8_2000;
/// `Name (\_S5, Package (0x04) { One, 0x05, Zero, Zero })`
const S5: &[u8] = b"\x08_S5_\x12\x08\x04\x01\x0a\x05\x00\x00";

fn put(memory: &mut [u8], at: usize, bytes: &[u8]) {
    memory[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Makes the sum of the `length` bytes at `at` zero by the one at `field`.
fn seal(memory: &mut [u8], at: usize, length: usize, field: usize) {
    memory[at + field] = 0;
    let sum = memory[at..at + length].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    memory[at + field] = sum.wrapping_neg();
}

fn put_table(memory: &mut [u8], at: usize, signature: &[u8], body: &[u8]) {
    let length = 36 + body.len();
    put(memory, at, signature);
    put(memory, at + 4, &(length as u32).to_le_bytes());
    put(memory, at + 36, body);
    seal(memory, at, length, 9);
}

/// A computer whose tables are as QEMU's: ACPI is switched on by F1h to port B2h, PM1a control is port 604h.
fn computer(s5: &[u8]) -> Vec<u8> {
    let mut memory = vec![0; BYTES];
    put(&mut memory, RSDP, b"RSD PTR ");
    put(&mut memory, RSDP + 16, &(RSDT as u32).to_le_bytes());
    seal(&mut memory, RSDP, 20, 8);
    // The FADT is the second.
    let entries = [DSDT as u32, FADT as u32].map(u32::to_le_bytes).concat();
    put_table(&mut memory, RSDT, b"RSDT", &entries);
    let mut fadt = [0; 80];
    put(&mut fadt, 40 - 36, &(DSDT as u32).to_le_bytes());
    put(&mut fadt, 48 - 36, &[0xb2, 0, 0, 0, 0xf1]);
    put(&mut fadt, 64 - 36, &[4, 6]);
    put_table(&mut memory, FADT, b"FACP", &fadt);
    put_table(&mut memory, DSDT, b"DSDT", &[b"code".as_slice(), s5, b"more code"].concat());
    memory
}

fn find(memory: &[u8]) -> Option<SoftOff> {
    soft_off(&|hpa, length| {
        let start = usize::try_from(hpa).ok()?;
        memory.get(start..start.checked_add(length)?)
    })
}

const QEMU: SoftOff =
    SoftOff { enable: Some((0xb2, 0xf1)), pm1a_control: 0x604, pm1b_control: None, sleep_type: [1, 5] };

#[test]
fn the_way_to_switch_off_is_found() {
    assert_eq!(find(&computer(S5)), Some(QEMU));
}

#[test]
fn the_pointer_may_be_in_the_extended_bios_data_area() {
    let mut memory = computer(S5);
    let pointer = memory[RSDP..RSDP + 20].to_vec();
    put(&mut memory, RSDP, &[0; 20]);
    assert_eq!(find(&memory), None);
    put(&mut memory, 0x9_fc20, &pointer);
    assert_eq!(find(&memory), None);
    put(&mut memory, 0x40e, &0x9fc0_u16.to_le_bytes());
    assert_eq!(find(&memory), Some(QEMU));
}

#[test]
fn numbers_and_lengths_have_several_forms() {
    for (s5, expected) in [
        (b"_S5_\x12\x06\x04\x00\x00\x00\x00".as_slice(), Some([0, 0])),
        (b"_S5_\x12\x0a\x04\x0a\x07\x0a\x07\x00\x00", Some([7, 7])),
        // Two bytes of length.
        (b"_S5_\x12\x47\x00\x02\x0a\x05\x01", Some([5, 1])),
        (b"_S5_\x12\x08\x04\x0a\x08\x00\x00\x00", None),
        (b"_S5_\x08\x08\x04\x01\x01", None),
    ] {
        assert_eq!(find(&computer(s5)).map(|found| found.sleep_type), expected, "{s5:x?}");
    }
}

#[test]
fn broken_tables_are_not_believed() {
    for table in [RSDP + 8, RSDT + 9, FADT + 9, DSDT + 9] {
        let mut memory = computer(S5);
        memory[table] ^= 1;
        assert_eq!(find(&memory), None, "{table:#x}");
    }
    let mut memory = computer(S5);
    put(&mut memory, FADT + 64, &[0, 0]);
    seal(&mut memory, FADT, 36 + 80, 9);
    assert_eq!(find(&memory), None, "no PM1a control register");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever firmware left there: an answer that can be tried, or none.
    #[test]
    fn no_table_does_harm(
        patches in prop::collection::vec((prop::sample::select(&[RSDP, RSDT, FADT, DSDT][..]), 0..120_usize, any::<u8>()), 0..8),
        s5 in prop_oneof![Just(S5.to_vec()), prop::collection::vec(any::<u8>(), 0..8).prop_map(|tail| [b"_S5_\x12", &tail[..]].concat())],
        ends_at in prop::option::of(RSDT..BYTES),
    ) {
        let mut memory = computer(&s5);
        for (table, at, value) in patches {
            memory[table + at] = value;
            if table == RSDP {
                seal(&mut memory, table, 20, 8);
            } else {
                let length = u32::from_le_bytes(memory[table + 4..table + 8].try_into().unwrap()) as usize;
                seal(&mut memory, table, length.clamp(36, BYTES - table), 9);
            }
        }
        memory.truncate(ends_at.unwrap_or(BYTES));
        if let Some(found) = find(&memory) {
            prop_assert!(found.pm1a_control != 0 && found.sleep_type.iter().all(|value| *value < 8));
        }
    }
}
