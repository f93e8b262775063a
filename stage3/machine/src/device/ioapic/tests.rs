//! Tests of the I/O APIC, by the datasheet.

mod reference;

use super::*;
use crate::device::lapic::{Delivery, Destination, Trigger};
use proptest::prelude::*;
use reference::Naive;
use std::vec::Vec;

const LEVEL: u32 = 1 << 15;
const REMOTE_IRR: u32 = 1 << 14;
const MASKED: u32 = 1 << 16;
const LOGICAL: u32 = 1 << 11;

fn write(ioapic: &mut IoApic, index: u8, value: u32) {
    ioapic.write(IOREGSEL, Size::Dword, index.into());
    ioapic.write(IOWIN, Size::Dword, value);
}

fn read(ioapic: &mut IoApic, index: u8) -> u32 {
    ioapic.write(IOREGSEL, Size::Dword, index.into());
    ioapic.read(IOWIN, Size::Dword)
}

fn low(pin: u8) -> u8 {
    TABLE + 2 * pin
}

/// An I/O APIC with this lower half of an entry.
fn with(pin: u8, entry: u32) -> IoApic {
    let mut ioapic = IoApic::new();
    write(&mut ioapic, low(pin), entry);
    ioapic
}

/// Vectors of all messages that wait to be sent.
fn sent(ioapic: &mut IoApic) -> Vec<u8> {
    core::iter::from_fn(|| ioapic.take_message()).map(|message| message.vector).collect()
}

fn pulse(ioapic: &mut IoApic, pin: u8) {
    ioapic.set_line(pin, false);
    ioapic.set_line(pin, true);
}

#[test]
fn identification() {
    let mut ioapic = IoApic::new();
    assert_eq!((read(&mut ioapic, ID), read(&mut ioapic, ARBITRATION)), (0, 0));
    assert_eq!(read(&mut ioapic, VERSION), 0x0017_0020);
    write(&mut ioapic, ID, u32::MAX);
    write(&mut ioapic, VERSION, u32::MAX);
    write(&mut ioapic, ARBITRATION, 0);
    assert_eq!((read(&mut ioapic, ID), read(&mut ioapic, ARBITRATION)), (0x0f00_0000, 0x0f00_0000));
    assert_eq!(read(&mut ioapic, VERSION), 0x0017_0020);
    for index in [3, 0xf, 0x40, 0xff] {
        write(&mut ioapic, index, u32::MAX);
        assert_eq!(read(&mut ioapic, index), 0);
    }
}

#[test]
fn each_input_has_an_entry_with_its_writable_bits() {
    let mut ioapic = IoApic::new();
    for index in TABLE..TABLE + 2 * PINS {
        let is_low = index.is_multiple_of(2);
        assert_eq!(read(&mut ioapic, index), if is_low { MASKED } else { 0 });
        write(&mut ioapic, index, u32::MAX);
        assert_eq!(read(&mut ioapic, index), if is_low { 0x0001_afff } else { 0xff00_0000 });
        write(&mut ioapic, index, u32::from(index) << 24 | u32::from(index));
    }
    for index in TABLE..TABLE + 2 * PINS {
        let own = u32::from(index);
        let expected = if index.is_multiple_of(2) { own } else { own << 24 };
        assert_eq!(read(&mut ioapic, index), expected);
    }
}

#[test]
fn entries_become_messages() {
    for (entry, destination, message) in [
        (0x31, 2, Some((Destination::Physical(2), Delivery::Fixed, Trigger::Edge))),
        (0x31 | LEVEL, 0xff, Some((Destination::All, Delivery::Fixed, Trigger::Level))),
        (
            0x31 | LOGICAL | 1 << 8,
            0xff,
            Some((Destination::Logical(0xff), Delivery::LowestPriority, Trigger::Edge)),
        ),
        (0x31 | 2 << 8, 0, Some((Destination::Physical(0), Delivery::Smi, Trigger::Edge))),
        (0x31 | LEVEL | 4 << 8, 0, Some((Destination::Physical(0), Delivery::Nmi, Trigger::Edge))),
        (0x31 | 5 << 8, 0, Some((Destination::Physical(0), Delivery::Init, Trigger::Edge))),
        (0x31 | 7 << 8, 0, Some((Destination::Physical(0), Delivery::ExtInt, Trigger::Edge))),
        (0x31 | 3 << 8, 0, None),
        (0x31 | 6 << 8 | LEVEL, 0, None),
    ] {
        let mut ioapic = with(5, entry);
        write(&mut ioapic, low(5) + 1, destination << 24);
        ioapic.set_line(5, true);
        let expected = message.map(|(destination, delivery, trigger)| InterruptMessage {
            destination,
            delivery,
            trigger,
            vector: 0x31,
        });
        assert_eq!(ioapic.take_message(), expected, "{entry:#x}");
        assert_eq!(ioapic.take_message(), None);
    }
}

#[test]
fn an_edge_while_masked_is_lost() {
    let mut ioapic = with(4, MASKED | 0x34);
    assert!(ioapic.message_at_edge(4).is_none());
    ioapic.set_line(4, true);
    write(&mut ioapic, low(4), 0x34);
    assert_eq!(sent(&mut ioapic), []);
    assert!(ioapic.message_at_edge(4).is_some());
    pulse(&mut ioapic, 4);
    assert_eq!(sent(&mut ioapic), [0x34]);
    ioapic.set_line(4, true);
    assert_eq!(sent(&mut ioapic), []);
}

#[test]
fn a_level_while_masked_is_seen_later() {
    let mut ioapic = with(9, LEVEL | MASKED | 0x39);
    ioapic.set_line(9, true);
    assert_eq!(sent(&mut ioapic), []);
    write(&mut ioapic, low(9), LEVEL | 0x39);
    assert_eq!(sent(&mut ioapic), [0x39]);
    assert!(ioapic.message_at_edge(9).is_none());
}

#[test]
fn a_level_comes_again_after_the_eoi_while_it_lasts() {
    let mut ioapic = with(9, LEVEL | 0x39);
    ioapic.set_line(9, true);
    for _ in 0..2 {
        assert_eq!(sent(&mut ioapic), [0x39]);
        assert_eq!(read(&mut ioapic, low(9)), LEVEL | REMOTE_IRR | 0x39);
        write(&mut ioapic, low(9), LEVEL | 0x39);
        pulse(&mut ioapic, 9);
        ioapic.end_of_interrupt(0x38);
        assert_eq!(sent(&mut ioapic), [], "not before its own EOI");
        ioapic.end_of_interrupt(0x39);
    }
    ioapic.set_line(9, false);
    assert_eq!(sent(&mut ioapic), [], "taken back before it was sent");
    ioapic.set_line(9, true);
    assert_eq!(sent(&mut ioapic), [0x39]);
    ioapic.set_line(9, false);
    for size in [Size::Byte, Size::Dword] {
        ioapic.write(EOI, size, 0x39);
        assert_eq!(read(&mut ioapic, low(9)), LEVEL | 0x39, "by the EOI register as well");
    }
    assert_eq!(sent(&mut ioapic), []);
}

#[test]
fn one_eoi_ends_all_inputs_with_the_vector() {
    let mut ioapic = with(10, LEVEL | 0x50);
    write(&mut ioapic, low(11), LEVEL | 0x50);
    for pin in [10, 11] {
        ioapic.set_line(pin, true);
    }
    assert_eq!(sent(&mut ioapic), [0x50, 0x50]);
    ioapic.end_of_interrupt(0x50);
    assert_eq!(sent(&mut ioapic), [0x50, 0x50]);
}

#[test]
fn edge_triggering_clears_remote_irr() {
    let mut ioapic = with(9, LEVEL | 0x39);
    ioapic.set_line(9, true);
    assert_eq!(sent(&mut ioapic), [0x39]);
    write(&mut ioapic, low(9), MASKED | 0x39);
    write(&mut ioapic, low(9), LEVEL | 0x39);
    assert_eq!(sent(&mut ioapic), [0x39], "as Linux does it without an EOI register");
}

#[test]
fn only_whole_words_are_written_to_the_data_register() {
    let mut ioapic = with(1, 0x31);
    for (offset, size) in
        [(IOWIN, Size::Byte), (IOWIN, Size::Word), (IOWIN + 1, Size::Dword), (0x20, Size::Dword)]
    {
        ioapic.write(offset, size, 0x99);
        assert_eq!(read(&mut ioapic, low(1)), 0x31);
    }
    assert_eq!(ioapic.read(IOREGSEL, Size::Byte), low(1).into());
    write(&mut ioapic, low(1), 0xabff);
    assert_eq!((ioapic.read(IOWIN, Size::Byte), ioapic.read(IOWIN + 1, Size::Byte)), (0xff, 0xab));
    assert_eq!((ioapic.read(IOWIN + 4, Size::Dword), ioapic.read(0x404, Size::Dword)), (0, 0));
}

#[derive(Clone, Debug)]
enum Step {
    Line(u8, bool),
    Low(u8, u32),
    Eoi(u8),
}

/// Few inputs and vectors, so that they meet.
fn step() -> impl Strategy<Value = Step> {
    let entry = (0x30_u32..0x33, any::<[bool; 3]>(), prop::sample::select(&[0_u32, 0, 0, 1, 3, 4, 6, 7][..]));
    prop_oneof![
        4 => (0_u8..4, any::<bool>()).prop_map(|(pin, high)| Step::Line(pin, high)),
        2 => (0_u8..4, entry).prop_map(|(pin, (vector, [level, masked, low], delivery))| {
            let bits = u32::from(level) << 15 | u32::from(masked) << 16 | u32::from(low) << 13;
            Step::Low(pin, bits | delivery << 8 | vector)
        }),
        2 => (0x30_u8..0x33).prop_map(Step::Eoi),
    ]
}

proptest! {
    #[test]
    fn messages_come_as_from_the_reference(steps in prop::collection::vec(step(), 1..80)) {
        let mut ioapic = IoApic::new();
        let mut naive = [Naive::default(); 4];
        for step in steps {
            let mut expected = Vec::new();
            match step {
                Step::Line(pin, high) => {
                    ioapic.set_line(pin, high);
                    expected.extend(naive[usize::from(pin)].line(high));
                }
                Step::Low(pin, entry) => {
                    write(&mut ioapic, low(pin), entry);
                    expected.extend(naive[usize::from(pin)].program(entry));
                }
                Step::Eoi(vector) => {
                    ioapic.end_of_interrupt(vector);
                    expected.extend(naive.iter_mut().filter_map(|pin| pin.eoi(vector)));
                }
            }
            prop_assert_eq!(sent(&mut ioapic), expected);
            for (pin, naive) in (0..).zip(&naive) {
                prop_assert_eq!(read(&mut ioapic, low(pin)) & REMOTE_IRR != 0, naive.waits_for_eoi);
            }
        }
    }

    #[test]
    fn nothing_panics(
        steps in prop::collection::vec((any::<u8>(), any::<u32>(), 0_u32..0x1100, 0_u8..6), 1..100),
    ) {
        let mut ioapic = IoApic::new();
        for (small, value, offset, kind) in steps {
            let size = [Size::Byte, Size::Word, Size::Dword][usize::from(small % 3)];
            match kind {
                0 => ioapic.set_line(small, value.is_multiple_of(2)),
                1 => ioapic.end_of_interrupt(small),
                2 => ioapic.write(offset, size, value),
                3 => prop_assert_eq!(ioapic.read(offset, size) & !size.mask(), 0),
                4 => write(&mut ioapic, small, value),
                _ => { read(&mut ioapic, small); }
            }
            let _ = ioapic.message_at_edge(small);
            prop_assert!(sent(&mut ioapic).len() <= usize::from(PINS));
        }
    }
}
