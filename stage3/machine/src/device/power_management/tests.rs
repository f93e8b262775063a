use super::*;
use proptest::prelude::*;

/// Time between two carries of the timer in nanoseconds, rounded up.
const CARRY_NANOS: u64 = (CARRY_TICKS as u128 * SECOND as u128).div_ceil(TIMER_HZ as u128) as u64;

impl PowerManagement {
    fn read_word(&mut self, now: Instant, offset: u16) -> u16 {
        u16::from_le_bytes([self.read(now, offset), self.read(now, offset + 1)])
    }

    fn write_word(&mut self, now: Instant, offset: u16, value: u16) -> bool {
        let [low, high] = value.to_le_bytes();
        let off = self.write(now, offset, low);
        self.write(now, offset + 1, high) || off
    }
}

#[test]
fn registers_after_power_on() {
    let mut power = PowerManagement::new();
    let now = Instant(0);
    assert_eq!(power.read_word(now, STATUS), 0);
    assert_eq!(power.read_word(now, ENABLE), 0);
    assert_eq!(power.read_word(now, PM1_CONTROL), SCI_ENABLE);
    assert_eq!(power.read_word(now, PM1_CONTROL + PM1_CONTROL_LENGTH), 0xffff);
    assert!(!power.sci());
    assert_eq!(power.next_deadline(), None);
}

#[test]
fn the_power_button_interrupts_until_its_status_is_cleared() {
    let mut power = PowerManagement::new();
    let now = Instant(0);
    power.press_power_button();
    assert_eq!(power.read_word(now, STATUS), POWER_BUTTON);
    assert!(!power.sci());
    power.write_word(now, ENABLE, POWER_BUTTON);
    assert!(power.sci());
    power.write_word(now, STATUS, !POWER_BUTTON);
    assert!(power.sci());
    power.write_word(now, STATUS, POWER_BUTTON);
    assert!(!power.sci());
}

#[test]
fn the_clock_is_an_event_when_its_line_rises() {
    let mut power = PowerManagement::new();
    power.set_clock_line(true);
    assert_eq!(power.read_word(Instant(0), STATUS), CLOCK);
    power.write_word(Instant(0), STATUS, CLOCK);
    power.set_clock_line(true);
    power.set_clock_line(false);
    assert_eq!(power.read_word(Instant(0), STATUS), 0);
    power.set_clock_line(true);
    assert_eq!(power.read_word(Instant(0), STATUS), CLOCK);
}

#[test]
fn only_events_of_this_machine_can_be_enabled() {
    let mut power = PowerManagement::new();
    power.write_word(Instant(0), ENABLE, 0xffff);
    assert_eq!(power.read_word(Instant(0), ENABLE), 0b0000_0101_0010_0001);
}

#[test]
fn only_s5_turns_the_machine_off() {
    for kind in 0..8 {
        let mut power = PowerManagement::new();
        let value = kind << SLEEP_TYPE_SHIFT;
        assert!(!power.write_word(Instant(0), PM1_CONTROL, value), "type {kind} alone");
        assert_eq!(power.read_word(Instant(0), PM1_CONTROL), value | SCI_ENABLE);
        let off = power.write_word(Instant(0), PM1_CONTROL, value | SLEEP_ENABLE);
        assert_eq!(off, kind == u16::from(SLEEP_TYPE_S5), "type {kind}");
        assert_eq!(power.read_word(Instant(0), PM1_CONTROL), value | SCI_ENABLE);
    }
}

#[test]
fn acpi_mode_and_the_release_of_the_global_lock_are_not_storage() {
    let mut power = PowerManagement::new();
    power.write_word(Instant(0), PM1_CONTROL, !(SLEEP_ENABLE | SLEEP_TYPE));
    assert_eq!(power.read_word(Instant(0), PM1_CONTROL), SCI_ENABLE | BUS_MASTER_RELOAD);
    power.write_word(Instant(0), PM1_CONTROL, 0);
    assert_eq!(power.read_word(Instant(0), PM1_CONTROL), SCI_ENABLE);
}

#[test]
fn the_timer_runs_at_its_rate() {
    assert_eq!(timer(Instant(0)), 0);
    assert_eq!(timer(Instant(SECOND - 1)), 3_579_544);
    assert_eq!(timer(Instant(SECOND)), 3_579_545);
    assert_eq!(timer(Instant(1_000_000 * SECOND)), (3_579_545_000_000_u64 % (1 << 32)) as u32);
}

#[test]
fn the_timers_carry_interrupts_at_both_edges_of_its_uppermost_bit() {
    let mut power = PowerManagement::new();
    power.write_word(Instant(0), ENABLE, TIMER);
    for (carry, count) in [(1, 1 << 31), (2, 0)] {
        let due = power.next_deadline().expect("the carry is enabled");
        assert!(due.0.abs_diff(CARRY_NANOS * carry) <= carry);
        power.settle(Instant(due.0 - 1));
        assert!(!power.sci());
        power.settle(due);
        assert!(power.sci());
        assert_eq!(timer(due), count);
        assert_eq!(power.next_deadline(), None);
        power.write_word(due, STATUS, TIMER);
        assert!(!power.sci());
    }
}

#[test]
fn the_last_carry_of_all_time_is_its_end() {
    let mut power = PowerManagement::new();
    let end = Instant(u64::MAX);
    power.write_word(end, ENABLE, TIMER);
    power.write_word(end, STATUS, TIMER);
    assert_eq!(power.next_deadline(), Some(end));
}

/// What can happen to the registers.
#[derive(Clone, Debug)]
enum Event {
    Write(u16, u16),
    Button,
    ClockLine(bool),
    Pass(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let offset = prop::sample::select(&[STATUS, ENABLE, PM1_CONTROL][..]);
    prop_oneof![
        4 => (offset, any::<u16>()).prop_map(|(offset, value)| Event::Write(offset, value)),
        1 => Just(Event::Button),
        1 => any::<bool>().prop_map(Event::ClockLine),
        2 => (0..2 * CARRY_NANOS).prop_map(Event::Pass),
    ]
}

proptest! {
    #[test]
    fn the_timer_agrees_with_plain_arithmetic(nanos: u64) {
        let exact = u128::from(nanos) * u128::from(TIMER_HZ) / u128::from(SECOND);
        prop_assert_eq!(u128::from(timer(Instant(nanos))), exact % (1 << 32));
        let mut power = PowerManagement::new();
        let bytes = [0, 1, 2, 3].map(|byte| power.read(Instant(nanos), PM_TIMER + byte));
        prop_assert_eq!(u32::from_le_bytes(bytes), timer(Instant(nanos)));
    }

    #[test]
    fn the_instant_of_a_tick_is_its_first(tick in 1_u64..1 << 55) {
        let at = instant(tick);
        prop_assert_eq!(ticks(at), tick);
        prop_assert_eq!(ticks(Instant(at.0 - 1)), tick - 1);
    }

    #[test]
    fn status_enable_and_interrupt_agree_with_a_model(events in prop::collection::vec(event(), 0..60)) {
        let mut power = PowerManagement::new();
        let mut now = Instant(0);
        let (mut status, mut enable, mut line) = (0, 0, false);
        for event in events {
            match event {
                Event::Write(offset, value) => {
                    power.write_word(now, offset, value);
                    match offset {
                        STATUS => status &= !value,
                        ENABLE => enable = value & EVENTS,
                        _ => {}
                    }
                }
                Event::Button => {
                    power.press_power_button();
                    status |= POWER_BUTTON;
                }
                Event::ClockLine(high) => {
                    power.set_clock_line(high);
                    status |= if high && !line { CLOCK } else { 0 };
                    line = high;
                }
                Event::Pass(nanos) => {
                    let before = timer(now) >> 31;
                    let deadline = power.next_deadline();
                    now = now + nanos;
                    let carries = nanos >= CARRY_NANOS || timer(now) >> 31 != before;
                    if enable & TIMER != 0 && status & enable == 0 {
                        let due = deadline.expect("the carry is enabled");
                        prop_assert_eq!(due <= now, carries);
                    } else {
                        prop_assert_eq!(deadline, None);
                    }
                    power.settle(now);
                    status |= if carries { TIMER } else { 0 };
                }
            }
            prop_assert_eq!(power.sci(), status & enable != 0);
            prop_assert_eq!(power.read_word(now, STATUS), status);
            prop_assert_eq!(power.read_word(now, ENABLE), enable);
        }
    }

    #[test]
    fn no_access_panics(accesses in prop::collection::vec((any::<u64>(), any::<u16>(), any::<u8>()), 0..40)) {
        let mut power = PowerManagement::new();
        for (now, offset, value) in accesses {
            power.write(Instant(now), offset, value);
            power.read(Instant(now), offset % (2 * PORTS));
            power.read(Instant(now), offset);
            let _ = power.next_deadline();
        }
    }
}
