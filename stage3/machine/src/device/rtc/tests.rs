//! The clock against a naive calendar, and its registers by the datasheet.

use super::calendar::{alarm_in, pass};
use super::*;
use proptest::prelude::*;

const INDEX: u16 = 0;
const DATA: u16 = 1;
/// 2024-02-28 23:59:58 UTC, a Wednesday.
const BEFORE_LEAP_DAY: u64 = 1_709_164_798;
const MIB: u64 = 1 << 20;
const DAY: u64 = 86_400;
/// Seconds from 1970 to the year 9000.
const FAR: u64 = 221_845_392_000;

fn rtc(wall_clock: u64) -> Rtc {
    Rtc::new(RamLayout::new(256 * MIB), wall_clock)
}

fn read(rtc: &mut Rtc, now: Instant, register: u8) -> u8 {
    rtc.write(now, INDEX, register);
    rtc.read(now, DATA)
}

fn write(rtc: &mut Rtc, now: Instant, register: u8, value: u8) {
    rtc.write(now, INDEX, register);
    rtc.write(now, DATA, value);
}

fn seconds(count: u64) -> Instant {
    Instant(count * SECOND)
}

/// Century, year, month, day, weekday, hour, minute, second.
fn date(rtc: &mut Rtc, now: Instant) -> [u8; 8] {
    [0x32, 9, 8, 7, 6, 4, 2, 0].map(|register| read(rtc, now, register))
}

/// The same from the number of seconds since 1970, by counting years and months.
fn naive_date(unix: u64) -> [u64; 8] {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (mut days, mut year, mut month) = (unix / DAY, 1970, 0);
    loop {
        let length = if leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let february = if leap(year) { 29 } else { 28 };
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        month += 1;
        if days < length {
            break;
        }
        days -= length;
    }
    let weekday = (unix / DAY + 4) % 7 + 1;
    [year / 100, year % 100, month, days + 1, weekday, unix / 3600 % 24, unix / 60 % 60, unix % 60]
}

proptest! {
    #[test]
    fn dates_agree_with_a_naive_calendar(unix in 0_u64..FAR, wait in 0_u64..FAR / 1000, binary: bool, hours_24: bool) {
        let mut clock = rtc(unix);
        let format = Format { binary, hours_24 };
        Calendar::from_unix(unix).store(&mut clock.ram, format);
        pass(&mut clock.ram, format, wait);
        clock.ram[usize::from(B)] = u8::from(binary) << 2 | u8::from(hours_24) << 1;
        let expected = naive_date(unix + wait).map(|value| {
            let value = value as u8;
            if binary { value } else { value / 10 * 16 + value % 10 }
        });
        let [.., hour, _, _] = naive_date(unix + wait);
        let mut got = date(&mut clock, Instant(0));
        if !hours_24 {
            let shown = got[5];
            let number = if binary { shown & 0x7f } else { (shown >> 4 & 7) * 10 + (shown & 0xf) };
            prop_assert_eq!(u64::from(number), (hour + 11) % 12 + 1);
            prop_assert_eq!(shown >= 0x80, hour >= 12);
            got[5] = expected[5];
        }
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn one_long_wait_is_many_short_ones(unix in 0_u64..FAR, waits in prop::collection::vec(0_u64..100_000, 0..20)) {
        let (mut short, mut long) = (rtc(unix), rtc(unix));
        let mut now = 0;
        for wait in waits {
            now += wait;
            short.settle(seconds(now));
        }
        long.settle(seconds(now));
        prop_assert_eq!(short.ram, long.ram);
    }

    #[test]
    fn alarms_are_found_where_counting_finds_them(
        unix in 0_u64..FAR, second in 0_u8..62, minute in 0_u8..62, hour in 0_u8..26, any in 0_u8..8,
        binary: bool, hours_24: bool,
    ) {
        let format = Format { binary, hours_24 };
        let mut ram = rtc(unix).ram;
        Calendar::from_unix(unix).store(&mut ram, format);
        let encode = |value: u8| if binary { value } else { value / 10 * 16 + value % 10 };
        let hour_byte = match (hours_24, hour) {
            (true, _) => encode(hour),
            (false, 0..12) => encode(if hour == 0 { 12 } else { hour }),
            (false, _) => 0x80 | encode(if hour % 12 == 0 { 12 } else { hour % 12 }),
        };
        let bytes = [(1, encode(second)), (3, encode(minute)), (5, hour_byte)];
        for (bit, (register, byte)) in bytes.into_iter().enumerate() {
            ram[register] = if any >> bit & 1 == 1 { 0xc0 | byte } else { byte };
        }
        let hour = if hours_24 { hour } else { hour % 12 + if hour < 12 { 0 } else { 12 } };
        let wanted = [second, minute, hour].map(u64::from);
        let expected = (1..=DAY).find(|wait| {
            let then = unix + wait;
            let time = [then % 60, then / 60 % 60, then / 3600 % 24];
            (0..3).all(|field| any >> field & 1 == 1 || time[field] == wanted[field])
        });
        prop_assert_eq!(alarm_in(&ram, format), expected);
    }
}

#[test]
fn leap_days_and_centuries_roll_over() {
    let mut clock = rtc(BEFORE_LEAP_DAY);
    assert_eq!(date(&mut clock, seconds(1)), [0x20, 0x24, 0x02, 0x28, 4, 0x23, 0x59, 0x59]);
    assert_eq!(date(&mut clock, seconds(2)), [0x20, 0x24, 0x02, 0x29, 5, 0, 0, 0]);
    assert_eq!(date(&mut clock, seconds(2 + DAY)), [0x20, 0x24, 0x03, 0x01, 6, 0, 0, 0]);
    let mut clock = rtc(946_684_799);
    assert_eq!(date(&mut clock, seconds(0)), [0x19, 0x99, 0x12, 0x31, 6, 0x23, 0x59, 0x59]);
    assert_eq!(date(&mut clock, seconds(1)), [0x20, 0, 1, 1, 7, 0, 0, 0]);
}

#[test]
fn a_written_time_goes_on_from_there() {
    let mut clock = rtc(BEFORE_LEAP_DAY);
    let now = seconds(10);
    write(&mut clock, now, B, B_SET | B_24_HOURS | B_BINARY);
    for (register, value) in [(0x32, 20), (9, 26), (8, 12), (7, 31), (6, 5), (4, 23), (2, 59), (0, 58)] {
        write(&mut clock, now, register, value);
    }
    assert_eq!(date(&mut clock, seconds(100)), [20, 26, 12, 31, 5, 23, 59, 58], "stopped by SET");
    write(&mut clock, seconds(100), B, B_24_HOURS | B_BINARY);
    assert_eq!(date(&mut clock, seconds(102)), [20, 27, 1, 1, 6, 0, 0, 0]);
}

#[test]
fn update_in_progress_is_set_before_the_change() {
    let mut clock = rtc(BEFORE_LEAP_DAY);
    assert_eq!(read(&mut clock, Instant(0), A), A_DEFAULT);
    assert_eq!(read(&mut clock, Instant(SECOND - 2_228_001), A), A_DEFAULT);
    assert_eq!(read(&mut clock, Instant(SECOND - 2_228_000), A), A_DEFAULT | A_UIP);
    assert_eq!(read(&mut clock, Instant(SECOND - 1), 0), 0x58);
    assert_eq!(read(&mut clock, seconds(1), A), A_DEFAULT);
    assert_eq!(read(&mut clock, seconds(1), 0), 0x59);
    write(&mut clock, seconds(1), B, B_SET);
    assert_eq!(read(&mut clock, Instant(2 * SECOND - 1), A), A_DEFAULT);
}

#[test]
fn the_first_update_comes_half_a_second_after_the_divider_is_released() {
    let mut clock = rtc(BEFORE_LEAP_DAY);
    let now = Instant(SECOND / 3);
    write(&mut clock, now, A, 0b0110_0000);
    assert_eq!(read(&mut clock, seconds(50), 0), 0x58, "the clock stands");
    write(&mut clock, seconds(50), A, A_DEFAULT);
    assert_eq!(read(&mut clock, Instant(50 * SECOND + SECOND / 2 - 1), 0), 0x58);
    assert_eq!(read(&mut clock, Instant(50 * SECOND + SECOND / 2), 0), 0x59);
}

#[test]
fn periodic_rates_are_those_of_the_table() {
    let nanos = [
        3_906_250,
        7_812_500,
        122_070,
        244_140,
        488_281,
        976_562,
        1_953_125,
        3_906_250,
        7_812_500,
        15_625_000,
        31_250_000,
        62_500_000,
        125_000_000,
        250_000_000,
        500_000_000,
    ];
    for (rate, period) in (1..).zip(nanos) {
        let mut clock = rtc(0);
        write(&mut clock, Instant(0), A, A_DIVIDER_RUN | rate);
        write(&mut clock, Instant(0), B, B_24_HOURS | PERIODIC);
        let due = clock.next_deadline().expect("periodic interrupt");
        assert!(due.0.abs_diff(period) <= 1, "rate {rate}: {due:?}");
        clock.settle(Instant(due.0 - 1));
        assert!(!clock.irq());
        clock.settle(due);
        assert!(clock.irq());
        assert_eq!(clock.next_deadline(), None);
        assert_eq!(read(&mut clock, due, C), C_IRQ | PERIODIC);
        assert!(!clock.irq());
        assert!(clock.next_deadline().expect("next").0.abs_diff(2 * period) <= 2);
    }
    let mut clock = rtc(0);
    write(&mut clock, Instant(0), A, A_DIVIDER_RUN);
    write(&mut clock, Instant(0), B, B_24_HOURS | PERIODIC);
    assert_eq!(clock.next_deadline(), None);
}

#[test]
fn flags_appear_without_enables_and_reading_c_clears_them() {
    let mut clock = rtc(0);
    assert_eq!(clock.next_deadline(), None);
    clock.settle(seconds(1));
    assert!(!clock.irq());
    write(&mut clock, seconds(1), B, B_24_HOURS | B_UPDATE);
    assert!(clock.irq(), "enabling an interrupt that is flagged raises it");
    assert_eq!(read(&mut clock, seconds(1), C), C_IRQ | PERIODIC | UPDATE);
    assert_eq!(read(&mut clock, seconds(1), C), 0);
    assert_eq!(clock.next_deadline(), Some(seconds(2)));
    write(&mut clock, seconds(1), B, B_SET | B_24_HOURS | B_UPDATE);
    assert_eq!((read(&mut clock, seconds(1), B), clock.next_deadline()), (B_SET | B_24_HOURS, None));
}

#[test]
fn the_alarm_wakes_at_its_time() {
    let mut clock = rtc(BEFORE_LEAP_DAY);
    for (register, value) in [(1, 0x30), (3, 0xff), (5, 0xc0), (B, B_24_HOURS | ALARM)] {
        write(&mut clock, Instant(0), register, value);
    }
    assert_eq!(clock.next_deadline(), Some(seconds(32)));
    clock.settle(seconds(31));
    assert!(!clock.irq());
    clock.settle(seconds(32));
    assert!(clock.irq());
    read(&mut clock, seconds(32), C);
    assert_eq!(clock.next_deadline(), Some(seconds(92)));
}

#[test]
fn read_only_registers_stay_and_ram_is_ram() {
    let mut clock = rtc(0);
    for (register, value) in [(C, 0), (D, D_VALID)] {
        write(&mut clock, Instant(0), register, 0xff);
        assert_eq!(read(&mut clock, Instant(0), register), value);
    }
    for register in [0x0e, 0x0f, 0x40, 0x7f] {
        write(&mut clock, Instant(0), 0x80 | register, 0xa5);
        assert!(clock.nmi_masked());
        assert_eq!(read(&mut clock, Instant(0), register), 0xa5);
    }
    assert!(!clock.nmi_masked());
    assert_eq!(clock.read(Instant(0), INDEX), 0xff);
}

#[test]
fn the_second_bank_is_ram_of_its_own() {
    let mut clock = rtc(0);
    for index in 0..=0xff {
        clock.write(Instant(0), SECOND_INDEX_PORT, index);
        assert_eq!(clock.read(Instant(0), SECOND_DATA_PORT), if index < 0x80 { 0 } else { !(index & 0x7f) });
        clock.write(Instant(0), SECOND_DATA_PORT, !(index & 0x7f));
    }
    assert_eq!(clock.read(Instant(0), SECOND_INDEX_PORT), 0xff);
    assert_eq!(read(&mut clock, Instant(0), D), D_VALID);
    clock.write(Instant(SECOND), SECOND_INDEX_PORT, 0);
    assert_eq!((clock.read(Instant(SECOND), 1), clock.read(Instant(SECOND), 3)), (D_VALID, 0xff));
}

#[test]
fn memory_sizes_are_where_firmware_looks() {
    let word = |ram: &[u8; BYTES], at: usize| u16::from_le_bytes([ram[at], ram[at + 1]]);
    let sizes = |mib: u64| {
        let ram = Rtc::new(RamLayout::new(mib * MIB), 0).ram;
        let sum: u16 = ram[0x10..0x2e].iter().map(|byte| u16::from(*byte)).sum();
        assert_eq!(sum.to_be_bytes(), [ram[0x2e], ram[0x2f]]);
        let above_4_gib = u32::from_le_bytes([ram[0x5b], ram[0x5c], ram[0x5d], 0]);
        (word(&ram, 0x15), word(&ram, 0x17), word(&ram, 0x30), word(&ram, 0x34), above_4_gib)
    };
    assert_eq!(sizes(8), (640, 7 * 1024, 7 * 1024, 0, 0));
    assert_eq!(sizes(256), (640, 0xffff, 0xffff, 240 * 16, 0));
    assert_eq!(sizes(4096), (640, 0xffff, 0xffff, 3056 * 16, 1024 * 16));
}
