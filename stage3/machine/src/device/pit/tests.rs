//! The counters against a chip that really ticks, and what software does with the ports.

mod reference;

use super::counter::Counter;
use super::*;
use proptest::prelude::*;
use reference::Ticking;
use std::vec::Vec;

/// Something that happens between two ticks.
#[derive(Clone, Debug)]
enum Step {
    Program { mode: u8, access: u8, bcd: bool },
    Count(u16),
    HalfCount(u8),
    Gate(bool),
    Run(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let count = prop_oneof![8 => 0_u16..24, 1 => any::<u16>()];
    let step = prop_oneof![
        1 => (0..8_u8, 1..4_u8, any::<bool>())
            .prop_map(|(mode, access, bcd)| Step::Program { mode, access, bcd }),
        4 => count.prop_map(Step::Count),
        1 => any::<u8>().prop_map(Step::HalfCount),
        2 => any::<bool>().prop_map(Step::Gate),
        4 => (1_u16..60).prop_map(Step::Run),
    ];
    prop::collection::vec(step, 1..40)
}

/// A count that the mode allows, in the form for the count register.
fn legal(count: u16, mode: u8, bcd: bool) -> u16 {
    let count = if count == 1 && matches!(mode & 3, 2 | 3) { 2 } else { count };
    if !bcd {
        return count;
    }
    let digits = std::format!("{}", count % 10_000);
    u16::from_str_radix(&digits, 16).expect("decimal digits")
}

/// Reads the counter by its latch.
fn latched(counter: &mut Counter, tick: u64, access: u8) -> u16 {
    counter.latch_count(tick);
    let first = u16::from(counter.read(tick));
    match access {
        1 => first,
        2 => first << 8,
        _ => first | u16::from(counter.read(tick)) << 8,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn counters_do_what_a_ticking_chip_does(steps in steps()) {
        let mut counter = Counter::new(true);
        let mut chip = Ticking::new();
        let (mut tick, mut mode, mut access, mut bcd) = (0, 3, 3, false);
        for step in steps {
            match step {
                Step::Program { mode: new_mode, access: new_access, bcd: new_bcd } => {
                    (mode, access, bcd) = (new_mode, new_access, new_bcd);
                    counter.program(tick, access << 4 | mode << 1 | u8::from(bcd));
                    chip.program(mode, bcd);
                }
                Step::Count(count) => {
                    let mut register = legal(count, mode, bcd);
                    match access {
                        1 => register &= 0xff,
                        2 => register &= 0xff00,
                        _ => {}
                    }
                    if register == 1 {
                        register = legal(1, mode, bcd);
                    }
                    let [low, high] = register.to_le_bytes();
                    if access != 2 && !(access == 3 && chip.half_written) {
                        counter.write(tick, low);
                    } else if access == 3 {
                        // Completes a half-written count instead; keep its low byte.
                        register = u16::from_le_bytes([chip.low_byte, high]);
                        if register == 1 && matches!(mode & 3, 2 | 3) {
                            continue;
                        }
                    }
                    if access != 1 {
                        if access == 3 {
                            chip.half();
                        }
                        counter.write(tick, high);
                    }
                    chip.write(register);
                }
                Step::HalfCount(low) => {
                    let low = if bcd { low % 10 } else { low };
                    if access == 3 && !chip.half_written {
                        counter.write(tick, low);
                        chip.low_byte = low;
                        chip.half();
                    }
                }
                Step::Gate(level) => {
                    // In the strobe of mode 4 the datasheet leaves open which of the two wins.
                    if mode != 4 || chip.out {
                        counter.set_gate(tick, level);
                        chip.set_gate(level);
                    }
                }
                Step::Run(ticks) => {
                    let predicted = counter.next_rise();
                    prop_assert_eq!(counter.take_rise(tick), chip.take_rise());
                    for _ in 0..ticks {
                        tick += 1;
                        chip.tick();
                        prop_assert_eq!(counter.out_at(tick), chip.out(), "OUT at {}", tick);
                        let mut copy = counter;
                        let mask = [0, 0xff, 0xff00, 0xffff][usize::from(access)];
                        if let Some(value) = chip.value() {
                            prop_assert_eq!(latched(&mut copy, tick, access), value & mask, "count at {}", tick);
                        }
                        let null_count = copy.latch_status_now(tick) & words::status::NULL_COUNT != 0;
                        prop_assert_eq!(null_count, chip.null_count, "null count at {}", tick);
                        if predicted == Some(tick) {
                            prop_assert!(chip.rose, "predicted to rise at {}", tick);
                        } else if predicted.is_none_or(|predicted| predicted > tick) {
                            prop_assert!(!chip.rose, "not predicted to rise at {}", tick);
                        }
                    }
                    prop_assert_eq!(counter.take_rise(tick), chip.take_rise());
                }
            }
            prop_assert_eq!(counter.out_at(tick), chip.out(), "OUT after {:?}", step);
        }
    }

    #[test]
    fn instants_and_ticks_agree(nanos: u64, tick in 0_u64..1 << 54) {
        prop_assert_eq!(u128::from(ticks(Instant(nanos))), u128::from(nanos) * 1_193_182 / 1_000_000_000);
        let at = instant(tick);
        prop_assert!(ticks(at) == tick || at == Instant(u64::MAX));
        prop_assert!(at.0 == 0 || ticks(Instant(at.0 - 1)) < tick);
    }
}

impl Counter {
    /// The status byte, by the read-back command.
    fn latch_status_now(&mut self, tick: u64) -> u8 {
        self.latch_status(tick);
        self.read(tick)
    }
}

const COUNTER_0: u16 = 0;
const COUNTER_2: u16 = 2;

/// The instant of tick `tick`.
fn at(tick: u64) -> Instant {
    instant(tick)
}

/// Programs a counter with both bytes of a count at tick 0.
fn program(counter: u8, mode: u8, bcd: bool, count: u16) -> Pit {
    let mut pit = Pit::new();
    pit.write(at(0), CONTROL, counter << 6 | 0b11 << 4 | mode << 1 | u8::from(bcd));
    for byte in count.to_le_bytes() {
        pit.write(at(0), u16::from(counter), byte);
    }
    pit
}

#[test]
fn a_count_of_zero_is_the_largest() {
    for (bcd, ticks) in [(false, 65_536), (true, 10_000)] {
        assert_eq!(program(0, 2, bcd, 0).next_edge(), Some(at(1 + ticks)));
        assert_eq!(program(0, 3, bcd, 0).next_edge(), Some(at(1 + ticks)));
        assert_eq!(program(0, 0, bcd, 0).next_edge(), Some(at(1 + ticks)));
        assert_eq!(program(0, 4, bcd, 0).next_edge(), Some(at(2 + ticks)));
    }
}

#[test]
fn decimal_counts_are_decimal() {
    let mut pit = program(0, 0, true, 0x1234);
    assert_eq!(pit.next_edge(), Some(at(1 + 1234)));
    let now = at(1 + 1000);
    assert_eq!((pit.read(now, COUNTER_0), pit.read(now, COUNTER_0)), (0x34, 0x02));
    // After zero it goes on with 9999.
    let now = at(1 + 1235);
    assert_eq!((pit.read(now, COUNTER_0), pit.read(now, COUNTER_0)), (0x99, 0x99));
}

#[test]
fn modes_6_and_7_are_2_and_3() {
    for (mode, same) in [(6, 2), (7, 3)] {
        let (alias, plain) = (program(0, mode, false, 7), program(0, same, false, 7));
        assert!((0..30).all(|tick| alias.out(TIMER, at(tick)) == plain.out(TIMER, at(tick))));
    }
}

#[test]
fn a_periodic_timer_keeps_ticking_and_many_edges_are_one() {
    let mut pit = program(0, 2, false, 1000);
    pit.take_rising_edge(at(0));
    assert!(!pit.take_rising_edge(at(1000)));
    assert!(pit.take_rising_edge(at(1001)));
    assert!(!pit.take_rising_edge(at(1001)));
    assert_eq!(pit.next_edge(), Some(at(2001)));
    assert!(pit.take_rising_edge(at(100_000)));
    assert!(!pit.take_rising_edge(at(100_000)));
    assert_eq!(pit.next_change(), Some(at(100_001)), "the low tick of the next period");
}

#[test]
fn one_shots_end() {
    for mode in [0, 4] {
        let mut pit = program(0, mode, false, 50);
        assert!(pit.next_edge().is_some());
        pit.take_rising_edge(at(60));
        assert_eq!((pit.next_edge(), pit.next_change()), (None, None));
    }
}

#[test]
fn latched_counts_stay_until_read_and_the_first_latch_wins() {
    let mut pit = program(0, 2, false, 0x1000);
    pit.write(at(0x101), CONTROL, 0);
    pit.write(at(0x201), CONTROL, 0);
    assert_eq!(pit.read(at(0x301), COUNTER_0), 0x00);
    assert_eq!(pit.read(at(0x302), COUNTER_0), 0x0f);
    assert_eq!(pit.read(at(0x401), COUNTER_0), 0x00);
    assert_eq!(pit.read(at(0x401), COUNTER_0), 0x0c);
}

#[test]
fn read_back_latches_status_before_count() {
    let mut pit = program(0, 3, false, 0x1000);
    let (now, both) = (at(0x101), 0b1100_0010);
    pit.write(now, CONTROL, both);
    assert_eq!(pit.read(now, COUNTER_0), 0b1011_0110);
    assert_eq!((pit.read(now, COUNTER_0), pit.read(now, COUNTER_0)), (0x00, 0x0e));
    let status_only = 0b1110_0010;
    pit.write(at(0x101), COUNTER_0, 1);
    pit.write(at(0x101), COUNTER_0, 1);
    pit.write(at(0x102), CONTROL, status_only);
    assert_eq!(pit.read(at(0x102), COUNTER_0), 0b1111_0110, "the new count waits for the half cycle");
    let other_counter = 0b1100_1000;
    pit.write(at(0x102), CONTROL, other_counter);
    assert_eq!(pit.read(at(0x103), COUNTER_0), 0xfc);
}

#[test]
fn the_gate_of_the_speaker_counter_starts_it() {
    let mut pit = program(2, 0, false, 100);
    assert!(!pit.gate() && !pit.out(SPEAKER, at(1000)));
    pit.set_gate(at(1000), true);
    assert!(!pit.out(SPEAKER, at(1099)));
    assert!(pit.out(SPEAKER, at(1100)));
    assert_eq!(pit.read(at(1100), COUNTER_2), 0);
}

#[test]
fn the_control_register_and_what_is_beyond_float() {
    let mut pit = Pit::new();
    assert_eq!((pit.read(at(5), CONTROL), pit.read(at(5), 4)), (0xff, 0xff));
    assert!(!pit.out(COUNTERS, at(5)));
}
