use super::*;

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
