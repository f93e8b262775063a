//! The clock's ten time, calendar and alarm bytes, and the century byte of the PC.

use super::BYTES;

/// Register numbers of the time.
const SECONDS: usize = 0;
const SECONDS_ALARM: usize = 1;
const MINUTES: usize = 2;
const MINUTES_ALARM: usize = 3;
const HOURS: usize = 4;
const HOURS_ALARM: usize = 5;
const WEEKDAY: usize = 6;
const DAY: usize = 7;
const MONTH: usize = 8;
const YEAR: usize = 9;
/// The century: RAM in the MC146818A, kept by PCs.
const CENTURY: usize = 0x32;

/// 12-hour mode: PM.
const PM: u8 = 1 << 7;
/// An alarm byte with these bits matches everything.
const DO_NOT_CARE: u8 = 0b1100_0000;

/// Seconds in a minute, and minutes in an hour.
const SIXTY: u64 = 60;
/// Seconds in an hour.
const HOUR: u64 = SIXTY * SIXTY;
/// Seconds in a day.
const DAY_SECONDS: u64 = 24 * HOUR;
/// Weekday of 1970-01-01, a Thursday, where Sunday is 1.
const WEEKDAY_1970: u64 = 5;

/// How numbers are written, from register B.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    pub(super) binary: bool,
    pub(super) hours_24: bool,
}

impl Format {
    fn decode(self, byte: u8) -> u64 {
        u64::from(if self.binary { byte } else { (byte >> 4) * 10 + (byte & 0xf) })
    }

    /// `value` is below 100.
    fn encode(self, value: u64) -> u8 {
        let value = (value % 100) as u8;
        if self.binary {
            value
        } else {
            ((value / 10) << 4) | (value % 10)
        }
    }

    fn decode_hour(self, byte: u8) -> u64 {
        if self.hours_24 {
            return self.decode(byte);
        }
        self.decode(byte & !PM) % 12 + if byte & PM == 0 { 0 } else { 12 }
    }

    fn encode_hour(self, hour: u64) -> u8 {
        if self.hours_24 {
            return self.encode(hour);
        }
        let twelve = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
        self.encode(twelve) | if hour < 12 { 0 } else { PM }
    }
}

/// A date and time of day. Guests can write any values; what is out of range carries over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    /// Seconds since midnight.
    time: u64,
    /// 1 is Sunday.
    weekday: u64,
    /// From [`day_number`].
    date: u64,
}

impl Calendar {
    /// The date and time `seconds` after 1970 began.
    pub(super) const fn from_unix(seconds: u64) -> Self {
        let days = seconds / DAY_SECONDS;
        Self {
            time: seconds % DAY_SECONDS,
            weekday: (WEEKDAY_1970 - 1 + days) % 7 + 1,
            date: day_number(1970, 1, 1) + days,
        }
    }

    /// Writes all registers.
    pub(super) fn store(self, ram: &mut [u8; BYTES], format: Format) {
        store_time(ram, format, self.time);
        let (year, month, day) = civil(self.date);
        ram[WEEKDAY] = format.encode(self.weekday);
        ram[DAY] = format.encode(day);
        ram[MONTH] = format.encode(month);
        ram[YEAR] = format.encode(year % 100);
        ram[CENTURY] = format.encode(year / 100 % 100);
    }

    /// From all registers.
    fn load(ram: &[u8; BYTES], format: Format) -> Self {
        let year = format.decode(ram[CENTURY]) * 100 + format.decode(ram[YEAR]);
        let (month, day) = (format.decode(ram[MONTH]), format.decode(ram[DAY]));
        Self {
            time: load_time(ram, format),
            weekday: format.decode(ram[WEEKDAY]),
            date: day_number(year, month.clamp(1, 12), day.clamp(1, 31)),
        }
    }
}

fn load_time(ram: &[u8; BYTES], format: Format) -> u64 {
    format.decode_hour(ram[HOURS]) * HOUR + format.decode(ram[MINUTES]) * SIXTY + format.decode(ram[SECONDS])
}

fn store_time(ram: &mut [u8; BYTES], format: Format, time: u64) {
    ram[SECONDS] = format.encode(time % SIXTY);
    ram[MINUTES] = format.encode(time / SIXTY % SIXTY);
    ram[HOURS] = format.encode_hour(time / HOUR);
}

/// Lets `seconds` pass in the registers.
pub(super) fn pass(ram: &mut [u8; BYTES], format: Format, seconds: u64) {
    let time = load_time(ram, format).saturating_add(seconds);
    let days = time / DAY_SECONDS;
    if days == 0 {
        store_time(ram, format, time);
        return;
    }
    let before = Calendar::load(ram, format);
    Calendar {
        time: time % DAY_SECONDS,
        weekday: (before.weekday + 6 + days) % 7 + 1,
        date: before.date + days,
    }
    .store(ram, format);
}

/// Steps of the search for an alarm: to the end of the minute and of the hour, then to its hour, minute and second.
const ALARM_STEPS: u64 = SIXTY + SIXTY + 24 + SIXTY + SIXTY;

/// Seconds until the time of day next matches the alarm bytes; `None` if they never match.
pub(super) fn alarm_in(ram: &[u8; BYTES], format: Format) -> Option<u64> {
    let cares = |register: usize| ram[register] & DO_NOT_CARE != DO_NOT_CARE;
    let seconds = cares(SECONDS_ALARM).then(|| format.decode(ram[SECONDS_ALARM]));
    let minutes = cares(MINUTES_ALARM).then(|| format.decode(ram[MINUTES_ALARM]));
    let hours = cares(HOURS_ALARM).then(|| format.decode_hour(ram[HOURS_ALARM]));
    let differs = |alarm: Option<u64>, value: u64| alarm.is_some_and(|alarm| alarm != value);

    // Without this, a guest could have each search go through every second of a day.
    let never = |alarm: Option<u64>, count: u64| alarm.is_some_and(|alarm| alarm >= count);
    if never(seconds, SIXTY) || never(minutes, SIXTY) || never(hours, 24) {
        return None;
    }
    let now = load_time(ram, format);
    let mut then = now + 1;
    for _ in 0..ALARM_STEPS {
        // To the next time at which the first field that differs has another value.
        if differs(hours, then / HOUR % 24) {
            then += HOUR - then % HOUR;
        } else if differs(minutes, then / SIXTY % SIXTY) {
            then += SIXTY - then % SIXTY;
        } else if differs(seconds, then % SIXTY) {
            then += 1;
        } else {
            return (then <= now + DAY_SECONDS).then_some(then - now);
        }
    }
    None
}

/// Years of the Gregorian cycle.
const CYCLE_YEARS: u64 = 400;
/// Days of the Gregorian cycle.
const CYCLE_DAYS: u64 = 146_097;
/// Days in a century without the leap day that every fourth one ends with.
const CENTURY_DAYS: u64 = 36_524;
/// Days in four years without the leap day that they end with.
const FOUR_YEARS_DAYS: u64 = 1_460;

/// Number of a date of the Gregorian calendar. Years start in March here, so that their leap day is the
/// last one, and the count starts a cycle before the year 0, so that January of that year has a number.
const fn day_number(year: u64, month: u64, day: u64) -> u64 {
    let year = year + CYCLE_YEARS;
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    // Months from March on have 31, 30, 31, 30, 31 days, and again.
    year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1
}

/// Year, month and day of a date that [`day_number`] gave.
const fn civil(number: u64) -> (u64, u64, u64) {
    let (cycle, day) = (number / CYCLE_DAYS, number % CYCLE_DAYS);
    let leap_days = day / FOUR_YEARS_DAYS - day / CENTURY_DAYS + day / (CYCLE_DAYS - 1);
    let year = (day - leap_days) / 365;
    let day = day - (year * 365 + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = year + cycle * CYCLE_YEARS;
    if month < 10 {
        (year - CYCLE_YEARS, month + 3, day)
    } else {
        (year + 1 - CYCLE_YEARS, month - 9, day)
    }
}
