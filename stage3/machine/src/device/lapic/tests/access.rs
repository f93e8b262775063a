//! Accesses in xAPIC mode: sizes, alignment, registers that are read-only.

use super::*;

#[test]
fn reset_values() {
    let mut apic = reset_apic();
    for (offset, value) in [
        (ID, 0),
        (0x30, 0x0105_0014),
        (TPR, 0),
        (LDR, 0),
        (DFR, u32::MAX),
        (SVR, 0xff),
        (ESR, 0),
        (ICR, 0),
        (ICR_HIGH, 0),
        (INITIAL, 0),
        (CURRENT, 0),
        (DIVIDE, 0),
    ] {
        assert_eq!(read(&mut apic, offset), value, "{offset:#x}");
    }
}

#[test]
fn narrow_reads_are_parts_and_narrow_writes_are_ignored() {
    let mut apic = apic();
    write(&mut apic, INITIAL, 0x1234_5678);
    for (offset, size, value) in [
        (0x380, Size::Byte, 0x78),
        (0x381, Size::Byte, 0x56),
        (0x382, Size::Word, 0x1234),
        (0x383, Size::Dword, 0x12),
        (0x384, Size::Dword, 0),
        (0x38f, Size::Word, 0),
    ] {
        assert_eq!(apic.read(NOW, offset, size), value, "{offset:#x} {size:?}");
    }
    for (offset, size) in
        [(TPR, Size::Byte), (TPR, Size::Word), (TPR + 1, Size::Dword), (TPR + 4, Size::Dword)]
    {
        assert_eq!(apic.write(NOW, offset, size, 0xff), ApicEffects::default());
        assert_eq!(read(&mut apic, TPR), 0);
    }
}

#[test]
fn read_only_registers_keep_their_values() {
    let mut apic = apic();
    for offset in [ID, 0x30, 0x90, PPR, 0xc0, CURRENT, ISR, TMR, IRR, IRR + 0x70] {
        let before = read(&mut apic, offset);
        write(&mut apic, offset, u32::MAX);
        assert_eq!(read(&mut apic, offset), before, "{offset:#x}");
    }
    assert_eq!(read(&mut apic, EOI), 0);
    write(&mut apic, SVR, u32::MAX);
    assert_eq!(read(&mut apic, SVR), 0x13ff);
    write(&mut apic, DIVIDE, u32::MAX);
    assert_eq!(read(&mut apic, DIVIDE), 0b1011);
    assert!(send(&mut apic, ICR, 0xfff0_3041).message.is_some());
    assert_eq!(read(&mut apic, ICR), 0x41);
}

#[test]
fn registers_do_not_repeat_after_400h() {
    let mut apic = apic();
    for offset in [0x400 + TPR, 0x1000 + TPR, 0xffff_f000 + TPR] {
        write(&mut apic, offset, 0x50);
        assert_eq!((apic.cr8(), read(&mut apic, offset)), (0, 0), "{offset:#x}");
    }
}

#[test]
fn without_xapic_mode_there_is_no_page() {
    let mut apic = x2apic(0);
    write(&mut apic, TPR, 0x50);
    assert_eq!((apic.cr8(), apic.read(NOW, TPR, Size::Word)), (0, 0xffff));
}
