//! "Error Handling".

use super::*;

const SEND_VECTOR: u32 = 1 << 5;
const RECEIVE_VECTOR: u32 = 1 << 6;
const REGISTER: u32 = 1 << 7;

/// Writes the error status register and reads it.
fn errors(apic: &mut LocalApic) -> u32 {
    write(apic, ESR, 0);
    read(apic, ESR)
}

#[test]
fn a_write_shows_the_errors_since_the_last_one() {
    let mut apic = apic();
    read(&mut apic, 0x404);
    assert_eq!(read(&mut apic, ESR), 0, "not before the write");
    assert_eq!(errors(&mut apic), REGISTER);
    assert_eq!(read(&mut apic, ESR), REGISTER, "reading does not clear");
    assert_eq!(errors(&mut apic), 0);
}

#[test]
fn each_error_has_its_bit() {
    let mut apic = apic();
    write(&mut apic, ICR, 0x4000 | 15);
    assert_eq!(errors(&mut apic), SEND_VECTOR);
    accept(&mut apic, 15);
    assert_eq!(errors(&mut apic), RECEIVE_VECTOR);
    write(&mut apic, 0x404, 1);
    assert_eq!(errors(&mut apic), REGISTER);
    read(&mut apic, 0x3f0);
    assert_eq!(errors(&mut apic), REGISTER, "self-IPI is a register of x2APIC mode");
    write(&mut apic, LVT_TIMER, 15);
    write(&mut apic, INITIAL, 1);
    assert!(apic.next_deadline().is_some());
    apic.advance(Instant(5000));
    assert_eq!(apic.next_deadline(), None);
    assert_eq!(errors(&mut apic), RECEIVE_VECTOR);
    accept(&mut apic, 16);
    send(&mut apic, ICR, 16).message.unwrap();
    assert_eq!((errors(&mut apic), apic.pending()), (0, Some(16)), "the first legal vector");
}

#[test]
fn registers_that_exist_are_no_error() {
    for offset in (0..0x1000).step_by(16) {
        let mut apic = apic();
        read(&mut apic, offset);
        let exists = matches!(offset,
            0x20 | 0x30 | 0x80..=0xf0 | 0x100..=0x280 | 0x300..=0x390 | 0x3e0);
        assert_eq!(errors(&mut apic), if exists { 0 } else { REGISTER }, "{offset:#x}");
    }
}

#[test]
fn the_first_error_interrupts_and_a_write_arms_again() {
    let mut apic = apic();
    write(&mut apic, LVT_ERROR, 0x70);
    for _ in 0..2 {
        read(&mut apic, 0x404);
        assert_eq!(apic.acknowledge(), 0x70);
        write(&mut apic, EOI, 0);
        accept(&mut apic, 3);
        assert_eq!(apic.pending(), None);
        assert_eq!(errors(&mut apic), REGISTER | RECEIVE_VECTOR);
    }
    write(&mut apic, LVT_ERROR, MASKED | 0x70);
    read(&mut apic, 0x404);
    assert_eq!(apic.pending(), None);
}

#[test]
fn an_error_interrupt_with_an_illegal_vector_is_an_error() {
    let mut apic = apic();
    write(&mut apic, LVT_ERROR, 5);
    read(&mut apic, 0x404);
    assert_eq!(apic.pending(), None);
    assert_eq!(errors(&mut apic), REGISTER | RECEIVE_VECTOR);
}
