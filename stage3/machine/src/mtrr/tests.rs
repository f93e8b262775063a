use super::*;
use proptest::prelude::*;
use std::vec::Vec;

const GP: Option<Result<(), Fault>> = Some(Err(Fault::GeneralProtection));
const OK: Option<Result<(), Fault>> = Some(Ok(()));
const BITS: u32 = 40;

#[test]
fn firmware_leaves_ram_write_back_and_devices_uncacheable() {
    let mtrrs = Mtrrs::after_firmware(BITS);
    assert_eq!(mtrrs.read(0xfe), Some(0x508));
    assert_eq!(mtrrs.read(0x2ff), Some(0xc06));
    assert_eq!(mtrrs.read(0x250), Some(0x0606_0606_0606_0606));
    assert_eq!(mtrrs.read(0x259), Some(0));
    assert_eq!(mtrrs.read(0x200), Some(0xc000_0000));
    assert_eq!(mtrrs.read(0x201), Some(0xff_c000_0800));
    assert_eq!(mtrrs.read(0x202), Some(0));
    assert_eq!(mtrrs.read(0x210), None);
    assert_eq!(mtrrs.read(0x251), None);
}

#[test]
fn each_register_keeps_what_is_written() {
    let mut mtrrs = Mtrrs::default();
    let registers: std::vec::Vec<u32> = (0x200..0x210).chain(FIXED).chain([0x2ff]).collect();
    for (n, &index) in (1_u64..).zip(&registers) {
        let value = match index {
            0x2ff => 0x804,
            0x200..0x210 => n << 12,
            _ => 0x0404_0404_0404_0400 | (n & 1),
        };
        assert_eq!(mtrrs.write(index, value, BITS), OK, "{index:#x}");
        assert_eq!(mtrrs.read(index), Some(value), "{index:#x}");
    }
    assert_eq!(mtrrs.read(0x200), Some(1 << 12));
    assert_eq!(mtrrs.read(0x20f), Some(16 << 12));
}

#[test]
fn reserved_bits_and_types_fault_and_change_nothing() {
    let mut mtrrs = Mtrrs::default();
    let above = 1 << BITS;
    for (index, bad) in [
        (0xfe, 0x508),
        (0x2ff, 2),
        (0x2ff, 1 << 8),
        (0x2ff, 1 << 12),
        (0x200, 3),
        (0x200, 1 << 8),
        (0x200, 1 << 11),
        (0x200, above),
        (0x201, 1),
        (0x201, 1 << 10),
        (0x201, above),
        (0x250, 2),
        (0x26f, 7 << 56),
    ] {
        let before = mtrrs.read(index);
        assert_eq!(mtrrs.write(index, bad, BITS), GP, "{index:#x} = {bad:#x}");
        assert_eq!(mtrrs.read(index), before);
    }
    assert_eq!(mtrrs.write(0x200, (above - 0x1000) | 6, BITS), OK);
    assert_eq!(mtrrs.write(0x201, (above - 0x1000) | 1 << 11, BITS), OK);
    assert_eq!(mtrrs.write(0x251, 0, BITS), None);
}

#[test]
fn any_number_of_address_bits_will_do() {
    assert_eq!(page_frames(0), 0);
    assert_eq!(page_frames(12), 0);
    assert_eq!(page_frames(52), 0x000f_ffff_ffff_f000);
    assert_eq!(page_frames(255), !0xfff);
}

/// Whether the manuals allow `value` in the register `index`.
fn is_allowed(index: u32, value: u64, physical_bits: u32) -> bool {
    let is_type = |value: u64| [0, 1, 4, 5, 6].contains(&value);
    let no_higher = value >> physical_bits == 0;
    match index {
        0x2ff => value & !0xcff == 0 && is_type(value & 0xff),
        0x200..0x210 if index.is_multiple_of(2) => no_higher && value & 0xf00 == 0 && is_type(value & 0xff),
        // Bits 10 to 0 are reserved, bit 11 is the valid bit.
        0x200..0x210 => no_higher && (value | 0x800).trailing_zeros() == 11,
        0xfe => false,
        _ => (0..64).step_by(8).all(|shift| is_type(value >> shift & 0xff)),
    }
}

proptest! {
    /// A value that is allowed goes to its register, any other nowhere.
    #[test]
    fn a_write_changes_its_register_or_nothing(
        index in prop_oneof![0x1f8..0x218_u32, 0x24e..0x272_u32, Just(0xfe), Just(0x2ff), any::<u32>()],
        value in prop_oneof![
            any::<u64>(),
            any::<[bool; 8]>().prop_map(|high| u64::from_le_bytes(high.map(|high| if high { 6 } else { 1 }))),
            (any::<u64>(), 0..8_u64).prop_map(|(frame, kind)| frame >> 20 & !0xfff | kind),
            (any::<u64>(), any::<bool>()).prop_map(|(frame, valid)| frame >> 20 & !0xfff | u64::from(valid) << 11),
            (0..8_u64, 0..8_u64).prop_map(|(enable, kind)| enable << 9 | kind),
        ],
        physical_bits in 36..=52_u32,
    ) {
        let all = |mtrrs: &Mtrrs| (0..0x300).map(|index| mtrrs.read(index)).collect::<Vec<_>>();
        let mut mtrrs = Mtrrs::after_firmware(physical_bits);
        let mut expected = all(&mtrrs);
        let allowed = is_allowed(index, value, physical_bits);
        let result = mtrrs.write(index, value, physical_bits);
        if let Some(Some(register)) = expected.get_mut(index as usize) {
            prop_assert_eq!(result, if allowed { OK } else { GP });
            *register = if allowed { value } else { *register };
        } else {
            prop_assert_eq!(result, None);
        }
        prop_assert_eq!(all(&mtrrs), expected);
    }
}
