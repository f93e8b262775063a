//! IA32_APIC_BASE: "x2APIC State Transitions", as a table.

use super::*;
use crate::device::lapic::Mode;
use crate::memory::Gpa;
use crate::vcpu::Fault;

const EN: u64 = 1 << 11;
const EXTD: u64 = 1 << 10;
const ADDRESS: u64 = 0xfee0_0000;

fn in_mode(mode: Mode) -> LocalApic {
    let mut apic = LocalApic::new(5, false, BITS, TscScale::from_khz(1_000_000));
    let steps: &[u64] = match mode {
        Mode::Disabled => &[0],
        Mode::Xapic => &[],
        Mode::X2apic => &[EN | EXTD],
    };
    for bits in steps {
        apic.set_base(ADDRESS | bits).unwrap();
    }
    assert_eq!(apic.mode(), mode);
    apic
}

#[test]
fn power_on_state() {
    assert_eq!((reset_apic().base(), reset_apic().mmio_page()), (0xfee0_0900, Some(Gpa(ADDRESS))));
    assert_eq!(in_mode(Mode::Xapic).base(), 0xfee0_0800);
}

#[test]
fn transitions_are_those_of_the_manual() {
    use Mode::{Disabled, X2apic, Xapic};
    // From, then whether one gets to: disabled, the invalid state, xAPIC mode, x2APIC mode.
    for (from, allowed) in [
        (Disabled, [true, false, true, false]),
        (Xapic, [true, false, true, true]),
        (X2apic, [true, false, false, true]),
    ] {
        for ((bits, mode), allowed) in
            [(0, Disabled), (EXTD, Disabled), (EN, Xapic), (EN | EXTD, X2apic)].into_iter().zip(allowed)
        {
            let mut apic = in_mode(from);
            let before = apic.base();
            let result = apic.set_base(ADDRESS | bits);
            assert_eq!(result.is_ok(), allowed, "{from:?} to {bits:#x}");
            assert_eq!(apic.mode(), if allowed { mode } else { from });
            assert_eq!(apic.base(), if allowed { ADDRESS | bits } else { before });
        }
    }
}

#[test]
fn reserved_bits_and_addresses_beyond_the_bus_are_refused() {
    for bit in 0..64 {
        let reserved = bit < 8 || bit == 9 || bit >= u32::from(BITS);
        let mut apic = reset_apic();
        let expected = if reserved { Err(Fault::GeneralProtection) } else { Ok(()) };
        assert_eq!(apic.set_base(EN | 1 << bit), expected, "bit {bit}");
    }
    for bits in [64, u8::MAX] {
        let mut apic = LocalApic::new(0, true, bits, TscScale::from_khz(1));
        assert_eq!(apic.set_base(1 << 63 | EN), Ok(()));
    }
}

#[test]
fn the_page_moves_and_goes() {
    let mut apic = apic();
    apic.set_base(0x1_2345_6000 | EN).unwrap();
    assert_eq!(apic.mmio_page(), Some(Gpa(0x1_2345_6000)));
    apic.set_base(ADDRESS | EN | EXTD).unwrap();
    assert_eq!(apic.mmio_page(), None);
    apic.set_base(ADDRESS).unwrap();
    assert_eq!(apic.mmio_page(), None);
}

#[test]
fn x2apic_mode_keeps_the_state_and_disabling_forgets_it() {
    let mut apic = apic();
    write(&mut apic, TPR, 0x40);
    accept(&mut apic, 0x55);
    apic.set_base(ADDRESS | EN | EXTD).unwrap();
    assert_eq!((apic.pending(), apic.read_msr(NOW, 0x808)), (Some(0x55), Ok(0x40)));
    apic.set_base(ADDRESS).unwrap();
    assert_eq!((apic.pending(), apic.cr8()), (None, 0));
    apic.set_base(ADDRESS | EN).unwrap();
    assert_eq!(read(&mut apic, SVR), 0xff);
}

#[test]
fn a_disabled_one_hears_nothing_and_lets_the_pins_through() {
    let mut apic = apic();
    apic.set_base(ADDRESS).unwrap();
    assert!(!apic.matches(Destination::All));
    accept(&mut apic, 0x40);
    apic.accept(&message(Delivery::Nmi, 0));
    assert_eq!((apic.pending(), apic.has_signal()), (None, false));
    assert!(apic.lint0_accepts_extint());
    apic.set_lint(super::super::Lint::Lint1, true);
    assert!(apic.take_nmi() && !apic.take_nmi());
}
