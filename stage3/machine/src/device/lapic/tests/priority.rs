//! "Interrupt, Task, and Processor Priority", against lists of vectors.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Which vectors are where.
#[derive(Default)]
struct Naive {
    requested: BTreeSet<u8>,
    serving: BTreeSet<u8>,
    level: BTreeSet<u8>,
    tpr: u8,
}

impl Naive {
    fn ppr(&self) -> u8 {
        let serving = self.serving.last().map_or(0, |vector| vector / 16);
        if serving > self.tpr / 16 {
            serving * 16
        } else {
            self.tpr
        }
    }

    fn pending(&self) -> Option<u8> {
        self.requested.last().copied().filter(|vector| vector / 16 > self.ppr() / 16)
    }

    fn acknowledge(&mut self) -> u8 {
        let Some(vector) = self.pending() else { return 0xff };
        self.requested.remove(&vector);
        self.serving.insert(vector);
        vector
    }

    fn eoi(&mut self) -> Option<u8> {
        self.serving.pop_last().filter(|vector| self.level.contains(vector))
    }
}

#[derive(Clone, Debug)]
enum Step {
    Accept(u8, Trigger),
    Tpr(u8),
    Cr8(u8),
    Acknowledge,
    Eoi,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (16_u8.., any::<bool>())
            .prop_map(|(vector, level)| Step::Accept(vector, if level { Trigger::Level } else { Trigger::Edge })),
        1 => any::<u8>().prop_map(Step::Tpr),
        1 => (0_u8..16).prop_map(Step::Cr8),
        3 => Just(Step::Acknowledge),
        3 => Just(Step::Eoi),
    ]
}

fn words(apic: &mut LocalApic, base: u32) -> BTreeSet<u8> {
    let mut set = BTreeSet::new();
    for vector in 0..=u8::MAX {
        let word = read(apic, base + u32::from(vector / 32) * 16);
        if word >> (vector % 32) & 1 != 0 {
            set.insert(vector);
        }
    }
    set
}

proptest! {
    #[test]
    fn vectors_come_by_priority(steps in prop::collection::vec(step(), 1..100)) {
        let mut apic = apic();
        let mut naive = Naive::default();
        for step in steps {
            match step {
                Step::Accept(vector, trigger) => {
                    apic.accept(&InterruptMessage { trigger, ..message(Delivery::Fixed, vector) });
                    naive.requested.insert(vector);
                    if trigger == Trigger::Level {
                        naive.level.insert(vector);
                    } else {
                        naive.level.remove(&vector);
                    }
                }
                Step::Tpr(priority) => {
                    write(&mut apic, TPR, priority.into());
                    naive.tpr = priority;
                    prop_assert_eq!(apic.cr8(), priority / 16);
                }
                Step::Cr8(class) => {
                    apic.set_cr8(class);
                    naive.tpr = class * 16;
                    prop_assert_eq!(read(&mut apic, TPR), u32::from(class * 16));
                }
                Step::Acknowledge => prop_assert_eq!(apic.acknowledge(), naive.acknowledge()),
                Step::Eoi => prop_assert_eq!(send(&mut apic, EOI, 0).eoi, naive.eoi()),
            }
            prop_assert_eq!(apic.pending(), naive.pending());
            prop_assert_eq!(read(&mut apic, PPR), u32::from(naive.ppr()));
        }
        prop_assert_eq!(words(&mut apic, IRR), naive.requested);
        prop_assert_eq!(words(&mut apic, ISR), naive.serving);
        prop_assert_eq!(words(&mut apic, TMR), naive.level);
    }
}

#[test]
fn the_spurious_vector_is_not_in_service() {
    let mut apic = apic();
    write(&mut apic, SVR, 0x1a7);
    accept(&mut apic, 0x30);
    write(&mut apic, TPR, 0x30);
    assert_eq!(apic.acknowledge(), 0xa7);
    assert!(words(&mut apic, ISR).is_empty());
    write(&mut apic, TPR, 0x2f);
    assert_eq!(apic.acknowledge(), 0x30);
}

#[test]
fn suppressed_broadcasts_leave_the_eoi_to_software() {
    let mut apic = apic();
    write(&mut apic, SVR, 0x11ff);
    apic.accept(&InterruptMessage { trigger: Trigger::Level, ..message(Delivery::Fixed, 0x40) });
    assert_eq!(apic.acknowledge(), 0x40);
    assert_eq!(send(&mut apic, EOI, 0).eoi, None);
    assert_eq!(apic.processor_priority(), 0);
}

#[test]
fn an_eoi_of_nothing_does_nothing() {
    let mut apic = apic();
    accept(&mut apic, 0x40);
    write(&mut apic, EOI, 0);
    assert_eq!(apic.pending(), Some(0x40));
}

#[test]
fn arbitration_looks_at_requests_too() {
    let mut apic = apic();
    write(&mut apic, TPR, 0x35);
    assert_eq!(apic.arbitration_priority(), 0x35);
    accept(&mut apic, 0x52);
    assert_eq!(apic.arbitration_priority(), 0x50);
    apic.acknowledge();
    assert_eq!(apic.arbitration_priority(), 0x50);
    write(&mut apic, TPR, 0x63);
    assert_eq!((apic.arbitration_priority(), read(&mut apic, 0x90)), (0x63, 0x63));
}
