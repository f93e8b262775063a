//! "Local Vector Table", and the software enable bit.

use super::*;
use crate::device::lapic::Lint::{Lint0, Lint1};

const EXT_INT: u32 = 7 << 8;
const NMI: u32 = 4 << 8;
const LEVEL: u32 = 1 << 15;
const REMOTE_IRR: u32 = 1 << 14;

const LVT: [u32; 6] = [LVT_TIMER, 0x330, 0x340, LVT_LINT0, LVT_LINT1, LVT_ERROR];

#[test]
fn entries_keep_their_bits() {
    let expected = [0x7_00ff, 0x1_07ff, 0x1_07ff, 0x1_a7ff, 0x1_a7ff, 0x1_00ff];
    for (offset, bits) in LVT.into_iter().zip(expected) {
        let mut apic = apic();
        assert_eq!(read(&mut apic, offset), MASKED);
        write(&mut apic, offset, u32::MAX);
        assert_eq!(read(&mut apic, offset), bits, "{offset:#x}");
    }
}

#[test]
fn software_disable_masks_all_and_keeps_them_masked() {
    let mut apic = apic();
    for offset in LVT {
        write(&mut apic, offset, 0x50);
    }
    accept(&mut apic, 0x80);
    write(&mut apic, SVR, 0xff);
    for offset in LVT {
        assert_eq!(read(&mut apic, offset), MASKED | 0x50);
        write(&mut apic, offset, 0x51);
        assert_eq!(read(&mut apic, offset), MASKED | 0x51);
    }
    assert_eq!(apic.pending(), Some(0x80), "what was requested stays");
    accept(&mut apic, 0x90);
    apic.accept(&message(Delivery::ExtInt, 0));
    assert_eq!((apic.pending(), apic.take_ext_int()), (Some(0x80), false), "nothing new comes");
    apic.accept(&message(Delivery::Nmi, 0));
    assert!(apic.take_nmi(), "but for NMI");
    write(&mut apic, SVR, 0x1ff);
    assert_eq!(read(&mut apic, LVT_TIMER), MASKED | 0x51, "software clears the masks");
    write(&mut apic, LVT_TIMER, 0x51);
    assert_eq!(read(&mut apic, LVT_TIMER), 0x51);
}

#[test]
fn virtual_wire_mode_lets_the_8259a_and_nmi_through() {
    let mut apic = reset_apic();
    assert!(!apic.lint0_accepts_extint());
    apic.set_virtual_wire_mode();
    assert!(apic.lint0_accepts_extint());
    assert_eq!(read(&mut apic, SVR), 0x1ff);
    apic.set_lint(Lint0, true);
    assert_eq!((apic.pending(), apic.has_signal()), (None, false));
    apic.set_lint(Lint1, true);
    assert!(apic.take_nmi());
    apic.set_lint(Lint1, true);
    assert!(!apic.take_nmi(), "an edge counts once");
    for entry in [MASKED | EXT_INT, 0x40, NMI] {
        write(&mut apic, LVT_LINT0, entry);
        assert!(!apic.lint0_accepts_extint());
    }
}

#[test]
fn pins_deliver_what_their_entry_says() {
    for pin in [Lint0, Lint1] {
        let mut apic = apic();
        let offset = if pin == Lint0 { LVT_LINT0 } else { LVT_LINT1 };
        apic.set_lint(pin, true);
        assert!(!apic.has_signal(), "masked");
        write(&mut apic, offset, 0x45);
        assert_eq!(apic.pending(), None, "an edge while masked is lost");
        apic.set_lint(pin, false);
        apic.set_lint(pin, true);
        assert_eq!(apic.acknowledge(), 0x45);
        write(&mut apic, EOI, 0);
        assert_eq!(apic.pending(), None);
        write(&mut apic, offset, NMI | 0x45);
        apic.set_lint(pin, false);
        apic.set_lint(pin, true);
        assert!(apic.take_nmi() && !apic.take_nmi());
        write(&mut apic, offset, 5 << 8);
        apic.set_lint(pin, false);
        apic.set_lint(pin, true);
        assert!(apic.take_init());
    }
}

#[test]
fn a_level_at_lint0_waits_for_the_eoi() {
    let mut apic = apic();
    write(&mut apic, LVT_LINT0, LEVEL | 0x45);
    apic.set_lint(Lint0, true);
    assert_eq!(read(&mut apic, LVT_LINT0), LEVEL | REMOTE_IRR | 0x45);
    assert_eq!(apic.acknowledge(), 0x45);
    apic.set_lint(Lint0, false);
    apic.set_lint(Lint0, true);
    assert_eq!(apic.pending(), None, "not again before the EOI");
    assert_eq!(send(&mut apic, EOI, 0).eoi, Some(0x45));
    assert_eq!(apic.acknowledge(), 0x45);
    apic.set_lint(Lint0, false);
    assert_eq!(send(&mut apic, EOI, 0).eoi, Some(0x45));
    assert_eq!((apic.pending(), read(&mut apic, LVT_LINT0)), (None, LEVEL | 0x45));
    write(&mut apic, LVT_LINT0, LEVEL | MASKED | 0x45);
    apic.set_lint(Lint0, true);
    assert_eq!(apic.pending(), None);
    write(&mut apic, LVT_LINT0, LEVEL | 0x45);
    assert_eq!(apic.pending(), Some(0x45), "a level is seen when the mask goes");
    write(&mut apic, LVT_LINT0, 0x45);
    assert_eq!(read(&mut apic, LVT_LINT0), 0x45);
}
