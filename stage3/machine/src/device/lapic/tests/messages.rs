//! "Issuing Interprocessor Interrupts", "Determining IPI Destination", and what the receiver does.

use super::*;
use proptest::prelude::*;
use Destination::{All, Logical, Others, Physical};

const LOGICAL: u32 = 1 << 11;
const ASSERT: u32 = 1 << 14;
const LEVEL: u32 = 1 << 15;
const MYSELF: u32 = 1 << 18;
const EVERYBODY: u32 = 2 << 18;
const OTHERS: u32 = 3 << 18;

fn other(id: u32) -> LocalApic {
    LocalApic::new(id, false, BITS, TscScale::from_khz(1_000_000))
}

#[test]
fn commands_become_messages() {
    let mut apic = apic();
    for (high, low, destination, delivery) in [
        (0x0200_0000, ASSERT | 0x41, Physical(2), Delivery::Fixed),
        (0x0300_0000, LOGICAL | 1 << 8 | 0x41, Logical(3), Delivery::LowestPriority),
        (0x4000_0000, 2 << 8, Physical(0x40), Delivery::Smi),
        (0xff00_0000, 4 << 8, All, Delivery::Nmi),
        (0xff00_0000, LOGICAL | 0x41, Logical(0xff), Delivery::Fixed),
        (0x0100_0000, LEVEL | ASSERT | 5 << 8, Physical(1), Delivery::Init),
        (0x0100_0000, 6 << 8 | 0x9a, Physical(1), Delivery::StartUp),
        (0, EVERYBODY | 0x41, All, Delivery::Fixed),
        (0, OTHERS | 0x41, Others(0), Delivery::Fixed),
        (0, OTHERS | 5 << 8, Others(0), Delivery::Init),
    ] {
        write(&mut apic, ICR_HIGH, high);
        let vector = low as u8;
        let message = InterruptMessage { destination, delivery, trigger: Trigger::Edge, vector };
        assert_eq!(send(&mut apic, ICR, low).message, Some(message));
        assert_eq!((read(&mut apic, ICR), read(&mut apic, ICR_HIGH)), (low, high));
    }
}

#[test]
fn what_the_manual_calls_invalid_is_not_sent() {
    let mut apic = apic();
    for low in [
        3 << 8 | 0x41,
        7 << 8 | 0x41,
        15,
        1 << 8 | 15,
        LEVEL | 5 << 8,
        LEVEL | OTHERS | 5 << 8,
        MYSELF | 4 << 8,
        MYSELF | 1 << 8 | 0x41,
        EVERYBODY | 5 << 8,
        MYSELF | 3,
    ] {
        write(&mut apic, ICR, low);
        assert_eq!((apic.pending(), apic.has_signal()), (None, false), "{low:#x}");
    }
}

#[test]
fn a_message_to_itself_does_not_travel() {
    let mut apic = apic();
    write(&mut apic, ICR, MYSELF | 0x41);
    assert_eq!(apic.acknowledge(), 0x41);
    let mut apic = x2apic(0);
    write_msr(&mut apic, 0x83f, 0x42);
    assert_eq!(apic.acknowledge(), 0x42);
    write_msr(&mut apic, 0x83f, 15);
    write_msr(&mut apic, 0x828, 0);
    assert_eq!(apic.read_msr(NOW, 0x828), Ok(1 << 5));
}

#[test]
fn x2apic_commands_have_32_bits_of_destination() {
    let mut apic = x2apic(7);
    for (command, destination) in [
        (0x1234_5678_0000_0041, Physical(0x1234_5678)),
        (0xff_0000_0041, Physical(0xff)),
        (0xffff_ffff_0000_0041, All),
        (0xffff_ffff_0000_0841, All),
        (0x0001_0002_0000_0841, Logical(0x1_0002)),
        (0x000c_0041, Others(7)),
    ] {
        let effects = apic.write_msr(NOW, 0, 0x830, command).unwrap();
        assert_eq!(effects.message.unwrap().destination, destination);
        assert_eq!(apic.read_msr(NOW, 0x830), Ok(command));
    }
}

#[test]
fn physical_destinations_are_ids() {
    let mut x2 = x2apic(0x141);
    assert!(x2.matches(Physical(0x141)) && !x2.matches(Physical(0x41)));
    assert!(other(0x41).matches(Physical(0x41)) && !other(0x41).matches(Physical(0x141)));
    assert!(!other(0).matches(Physical(64)), "an APIC that does not exist");
    assert!(x2.matches(All) && x2.matches(Others(1)) && !x2.matches(Others(0x141)));
    assert_eq!(x2.read_msr(NOW, 0x802), Ok(0x141));
    assert_eq!(read(&mut other(0x41), ID), 0x4100_0000);
}

/// Whether some processor with a one-bit logical ID in a cluster is in the set.
fn naive_clusters(cluster: u32, members: u32, set: u32, bits: u32) -> bool {
    (0..bits).any(|member| set >> bits == cluster && set >> member & 1 == 1 && members >> member & 1 == 1)
}

proptest! {
    #[test]
    fn logical_destinations_in_xapic_mode(ldr in any::<u8>(), set in any::<u8>()) {
        let mut apic = apic();
        write(&mut apic, LDR, u32::from(ldr) << 24 | 0x1234);
        prop_assert_eq!(read(&mut apic, LDR), u32::from(ldr) << 24);
        let (own, to) = (u32::from(ldr), u32::from(set));
        let flat = (0..8).any(|bit| own >> bit & to >> bit & 1 == 1);
        prop_assert_eq!(apic.matches(Logical(to)), flat);
        prop_assert!(!apic.matches(Logical(to | 0x100)));
        write(&mut apic, DFR, 0);
        prop_assert_eq!(read(&mut apic, DFR), 0x0fff_ffff);
        let everywhere = if to >> 4 == 15 { own & 0xf0 | to & 0xf } else { to };
        prop_assert_eq!(apic.matches(Logical(to)), naive_clusters(own >> 4, own & 0xf, everywhere, 4));
        write(&mut apic, DFR, 0x5fff_ffff);
        prop_assert!(!apic.matches(Logical(to)), "no such model");
    }

    #[test]
    fn logical_destinations_in_x2apic_mode(id in 0_u32..1 << 20, set in any::<u32>(), same in any::<bool>()) {
        let mut apic = x2apic(id);
        let own = apic.read_msr(NOW, 0x80d).unwrap();
        prop_assert_eq!(own, u64::from(id / 16) << 16 | 1 << (id % 16));
        let set = if same { (set & 0xffff) | ((id / 16) << 16) } else { set };
        prop_assert_eq!(apic.matches(Logical(set)), naive_clusters(id / 16, 1 << (id % 16), set, 16));
    }
}

#[test]
fn processors_start_by_init_and_start_up() {
    let mut ap = other(1);
    assert!(ap.waits_for_start_up() && !apic().waits_for_start_up());
    ap.accept(&message(Delivery::Nmi, 0));
    assert!(!ap.has_signal(), "it waits for start-up only");
    ap.accept(&message(Delivery::Init, 0));
    ap.accept(&message(Delivery::StartUp, 0x9a));
    ap.accept(&message(Delivery::StartUp, 0x55));
    assert!(ap.has_signal());
    assert_eq!(ap.take_start_up(), None, "INIT first");
    assert!(ap.take_init() && !ap.take_init() && ap.waits_for_start_up());
    assert_eq!((ap.take_start_up(), ap.waits_for_start_up(), ap.take_start_up()), (Some(0x9a), false, None));
    ap.accept(&message(Delivery::StartUp, 0x55));
    assert_eq!((ap.has_signal(), ap.take_start_up()), (false, None), "it runs");
    let mut bsp = apic();
    bsp.accept(&message(Delivery::Init, 0));
    bsp.accept(&message(Delivery::StartUp, 0x55));
    assert!(bsp.take_init() && !bsp.waits_for_start_up());
    assert_eq!(bsp.take_start_up(), None);
}

#[test]
fn init_resets_all_but_the_base() {
    let mut apic = x2apic(3);
    accept(&mut apic, 0x41);
    write_msr(&mut apic, 0x808, 0x20);
    apic.accept(&message(Delivery::Init, 0));
    assert_eq!(apic.pending(), Some(0x41), "not before it is taken");
    assert!(apic.take_init());
    assert_eq!((apic.pending(), apic.base(), apic.id(), apic.cr8()), (None, X2APIC_ON, 3, 0));
    assert_eq!(apic.read_msr(NOW, 0x80f), Ok(0xff));
    assert_eq!(apic.read_msr(NOW, 0x832), Ok(MASKED.into()));
}

#[test]
fn extint_asks_for_an_acknowledge_cycle() {
    let mut apic = apic();
    apic.accept(&message(Delivery::ExtInt, 0));
    assert!(apic.has_signal() && apic.take_ext_int() && !apic.take_ext_int() && !apic.has_signal());
    apic.accept(&message(Delivery::Smi, 0));
    assert!(!apic.has_signal(), "there is no SMM");
    apic.accept(&message(Delivery::LowestPriority, 0x41));
    assert_eq!(apic.pending(), Some(0x41));
}
