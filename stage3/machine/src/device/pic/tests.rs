//! The controllers against a naive one, and what the datasheet tells of the pair.

mod reference;

use super::chip::Chip;
use super::Which::{Master, Slave};
use super::*;
use proptest::prelude::*;
use reference::Naive;

/// ICW1 of a cascaded chip with ICW4.
const ICW1_CASCADE: u8 = 0x11;
/// ICW1 of a single chip with ICW4.
const ICW1_SINGLE: u8 = 0x13;
const NON_SPECIFIC_EOI: u8 = 0x20;
const READ_REQUESTS: u8 = 0x0a;
const READ_IN_SERVICE: u8 = 0x0b;
const POLL: u8 = 0x0c;

#[derive(Clone, Debug)]
enum Step {
    Line(u8, bool),
    Trigger(u8),
    Mask(u8),
    Ocw2(u8, u8),
    SpecialMask(bool),
    Acknowledge,
    Poll,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..8_u8, any::<bool>()).prop_map(|(level, high)| Step::Line(level, high)),
        1 => any::<u8>().prop_map(Step::Trigger),
        2 => any::<u8>().prop_map(Step::Mask),
        4 => (0..8_u8, 0..8_u8).prop_map(|(command, level)| Step::Ocw2(command, level)),
        1 => any::<bool>().prop_map(Step::SpecialMask),
        4 => Just(Step::Acknowledge),
        1 => Just(Step::Poll),
    ]
}

proptest! {
    #[test]
    fn a_chip_does_what_a_naive_one_does(
        auto_eoi: bool,
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut chip = Chip::new();
        for (a0, value) in [(false, ICW1_SINGLE), (true, 0x40), (true, 1 | u8::from(auto_eoi) << 1)] {
            chip.write(a0, value);
        }
        let mut naive = Naive::new(0x40, auto_eoi);
        for step in steps {
            match step {
                Step::Line(level, high) => {
                    chip.set_line(level, high);
                    naive.set_line(usize::from(level), high);
                }
                Step::Trigger(lines) => {
                    chip.set_level_lines(lines);
                    naive.level_triggered = core::array::from_fn(|level| lines >> level & 1 == 1);
                }
                Step::Mask(mask) => {
                    chip.write(true, mask);
                    naive.mask(mask);
                    prop_assert_eq!(chip.read(true), mask);
                }
                Step::Ocw2(command, level) => {
                    chip.write(false, command << 5 | level);
                    naive.ocw2(command, usize::from(level));
                }
                Step::SpecialMask(on) => {
                    chip.write(false, 0x48 | u8::from(on) << 5);
                    naive.set_special_mask(on);
                }
                Step::Acknowledge => {
                    let level = chip.acknowledge();
                    prop_assert_eq!(chip.vector(level), naive.acknowledge());
                }
                Step::Poll => {
                    chip.write(false, POLL);
                    prop_assert!(chip.polls());
                    prop_assert_eq!(chip.poll(), naive.poll());
                }
            }
            prop_assert!(!chip.polls());
            prop_assert_eq!(chip.int().map(usize::from), naive.winner());
            chip.write(false, READ_REQUESTS);
            prop_assert_eq!(chip.read(false), naive.requests());
            chip.write(false, READ_IN_SERVICE);
            prop_assert_eq!(chip.read(false), naive.in_service());
        }
    }
}

/// The pair as PC software sets it up: vectors 20h and 28h, nothing masked.
fn pair(icw4: u8) -> Pic {
    let mut pic = Pic::new();
    for (which, base, icw3) in [(Master, 0x20, 1 << CASCADE), (Slave, 0x28, CASCADE)] {
        pic.write(which, 0, ICW1_CASCADE);
        for word in [base, icw3, icw4] {
            pic.write(which, 1, word);
        }
    }
    pic
}

fn pulse(pic: &mut Pic, irq: u8) {
    pic.set_line(irq, false);
    pic.set_line(irq, true);
}

fn in_service(pic: &mut Pic) -> (u8, u8) {
    pic.write(Master, 0, READ_IN_SERVICE);
    pic.write(Slave, 0, READ_IN_SERVICE);
    (pic.read(Master, 0), pic.read(Slave, 0))
}

#[test]
fn nothing_comes_before_initialization_nor_during_it() {
    let mut pic = Pic::new();
    pic.set_line(0, true);
    assert!(!pic.interrupt_pending());
    let mut pic = pair(1);
    pic.write(Master, 0, ICW1_CASCADE);
    pulse(&mut pic, 0);
    for word in [0x20, 1 << CASCADE] {
        pic.write(Master, 1, word);
        assert!(!pic.interrupt_pending());
    }
    pic.write(Master, 1, 1);
    assert!(pic.interrupt_pending());
}

#[test]
fn each_line_has_its_vector() {
    for irq in (0..16).filter(|irq| *irq != CASCADE) {
        let mut pic = pair(1);
        pic.set_line(irq, true);
        assert!(pic.interrupt_pending());
        assert_eq!(pic.acknowledge(), 0x20 + irq);
        assert!(!pic.interrupt_pending(), "an edge counts once");
        let expected = if irq < 8 { (1 << irq, 0) } else { (1 << CASCADE, 1 << (irq - 8)) };
        assert_eq!(in_service(&mut pic), expected);
    }
}

#[test]
fn the_cascade_line_belongs_to_the_slave() {
    let mut pic = pair(1);
    pic.set_line(CASCADE, true);
    assert!(!pic.interrupt_pending());
}

#[test]
fn slave_interrupts_rank_between_irq_1_and_3() {
    let mut pic = pair(1);
    for irq in [3, 12, 1] {
        pic.set_line(irq, true);
    }
    let order = [0x21, 0x2c, 0x23].map(|vector| {
        assert_eq!(pic.acknowledge(), vector);
        if vector >= 0x28 {
            pic.write(Slave, 0, NON_SPECIFIC_EOI);
        }
        pic.write(Master, 0, NON_SPECIFIC_EOI);
        vector
    });
    assert_eq!(order.len(), 3);
    assert!(!pic.interrupt_pending());
}

#[test]
fn a_request_that_goes_away_leaves_the_spurious_interrupt() {
    let mut pic = pair(1);
    pic.set_line(3, true);
    pic.set_line(3, false);
    assert_eq!(pic.acknowledge(), 0x27);
    assert_eq!(in_service(&mut pic), (0, 0));
    let mut slave = Chip::new();
    for (a0, value) in [(false, ICW1_CASCADE), (true, 0x28), (true, CASCADE), (true, 1)] {
        slave.write(a0, value);
    }
    let level = slave.acknowledge();
    assert_eq!((slave.vector(level), slave.int()), (0x2f, None));
}

#[test]
fn level_lines_ask_again_until_they_fall() {
    let mut pic = pair(1);
    pic.write_trigger(Slave, 1 << 2);
    pic.set_line(10, true);
    for _ in 0..2 {
        assert_eq!(pic.acknowledge(), 0x2a);
        pic.write(Slave, 0, NON_SPECIFIC_EOI);
        pic.write(Master, 0, NON_SPECIFIC_EOI);
        assert!(pic.interrupt_pending());
    }
    pic.set_line(10, false);
    assert!(!pic.interrupt_pending());
}

#[test]
fn ltim_makes_all_lines_level_triggered() {
    let mut pic = Pic::new();
    pic.set_line(5, true);
    pic.write(Master, 0, ICW1_CASCADE | 1 << 3);
    for word in [0x20, 1 << CASCADE, 1] {
        pic.write(Master, 1, word);
    }
    assert_eq!(pic.acknowledge(), 0x25);
}

#[test]
fn isa_lines_stay_edge_triggered() {
    let mut pic = Pic::new();
    pic.write_trigger(Master, 0xff);
    pic.write_trigger(Slave, 0xff);
    assert_eq!((pic.read_trigger(Master), pic.read_trigger(Slave)), (0xf8, 0xde));
}

#[test]
fn automatic_eoi_lets_slave_interrupts_follow_each_other() {
    let mut pic = pair(0b11);
    pic.set_line(9, true);
    pic.set_line(11, true);
    assert_eq!((pic.acknowledge(), pic.acknowledge()), (0x29, 0x2b));
    assert!(!pic.interrupt_pending());
    assert_eq!(in_service(&mut pic), (0, 0));
}

#[test]
fn special_fully_nested_mode_lets_a_slave_interrupt_itself() {
    for (icw4, nested) in [(0b1, false), (0b1_0001, true)] {
        let mut pic = pair(icw4);
        pic.set_line(12, true);
        assert_eq!(pic.acknowledge(), 0x2c);
        pic.set_line(10, true);
        assert_eq!(pic.interrupt_pending(), nested);
        pic.set_line(3, true);
        assert_eq!(pic.interrupt_pending(), nested, "lower priorities wait all the same");
        if nested {
            assert_eq!(pic.acknowledge(), 0x2a);
        }
    }
}

#[test]
fn a_single_master_answers_for_its_line_2_and_an_absent_slave_floats() {
    let mut pic = pair(1);
    pic.write(Master, 0, ICW1_SINGLE);
    pic.write(Master, 1, 0x40);
    pic.write(Master, 1, 1);
    pulse(&mut pic, 8);
    assert_eq!(pic.acknowledge(), 0x42);
    let mut pic = pair(1);
    pic.write(Slave, 0, ICW1_CASCADE);
    for word in [0x28, 5, 1] {
        pic.write(Slave, 1, word);
    }
    pic.set_line(8, true);
    assert_eq!(pic.acknowledge(), FLOATING);
}

#[test]
fn without_icw4_the_chip_speaks_mcs_80() {
    for (icw1, vector) in [(0x16 | 0xa0, 0xa0 | 3 << 2), (0x12 | 0xc0, 0xc0 | 3 << 3)] {
        let mut pic = Pic::new();
        pic.write(Master, 0, icw1);
        pic.write(Master, 1, 0x12);
        pic.set_line(3, true);
        assert_eq!(pic.acknowledge(), vector);
    }
}

#[test]
fn icw1_forgets_edges_masks_and_service() {
    let mut pic = pair(1);
    pic.set_line(1, true);
    pic.acknowledge();
    pic.set_line(3, true);
    pic.write(Master, 1, 0xf0);
    pic.write(Master, 0, ICW1_CASCADE);
    for word in [0x20, 1 << CASCADE, 1] {
        pic.write(Master, 1, word);
    }
    assert_eq!((pic.read(Master, 1), pic.read(Master, 0)), (0, 0));
    assert_eq!(in_service(&mut pic), (0, 0));
    pulse(&mut pic, 3);
    assert_eq!(pic.acknowledge(), 0x23);
}

#[test]
fn polling_works_through_both_chips() {
    let mut pic = pair(1);
    pic.set_line(14, true);
    for (which, answer) in [(Master, 0x80 | CASCADE), (Slave, 0x86)] {
        pic.write(which, 0, POLL);
        assert!(pic.polls(which));
        assert_eq!(pic.poll(which), answer);
    }
    assert_eq!(in_service(&mut pic), (1 << CASCADE, 1 << 6));
    pic.write(Slave, 0, POLL);
    assert!(pic.polls(Slave) && !pic.polls(Master));
    assert_eq!(pic.poll(Slave), 0);
    assert!(!pic.polls(Slave));
    assert_eq!(pic.read(Slave, 1), 0, "the mask again");
}

#[test]
fn only_open_lines_without_request_await_an_edge() {
    let mut pic = pair(1);
    assert!(pic.awaits(0) && pic.awaits(8));
    pic.write(Master, 1, 1 << CASCADE);
    assert!(pic.awaits(0) && !pic.awaits(8));
    pic.write(Master, 1, 1);
    pic.write(Slave, 1, 1);
    assert!(!pic.awaits(0) && !pic.awaits(8) && pic.awaits(9));
    pic.set_line(9, true);
    assert!(!pic.awaits(9));
}
