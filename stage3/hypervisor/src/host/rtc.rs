//! The computer's real-time clock (MC146818 at ports 70h and 71h), read once for each VM that starts.

use x86_64::instructions::port::{Port, PortWriteOnly};

/// Register A: an update is in progress.
const UPDATE_IN_PROGRESS: u8 = 1 << 7;
/// Register B: values are binary, not BCD.
const BINARY: u8 = 1 << 2;
/// Register B: hours run to 23.
const HOURS_24: u8 = 1 << 1;
/// Hours register in 12-hour mode: afternoon.
const PM: u8 = 1 << 7;
/// Reads of register A before a clock that never gets ready counts as absent: an update takes 2 ms at most.
const PATIENCE: usize = 100_000;

fn register(index: u8) -> u8 {
    // SAFETY: reading a CMOS register has no effect but moving the index, which only we use.
    unsafe {
        PortWriteOnly::new(0x70).write(index);
        Port::new(0x71).read()
    }
}

/// Seconds since 1970-01-01 00:00:00 UTC, if the clock keeps UTC (as the BIOS of a server does; a PC's may
/// keep local time).
pub fn unix_seconds() -> u64 {
    let mut last = read_registers();
    // Two equal readings in a row: no update in between.
    for _ in 0..8 {
        let again = read_registers();
        if again == last {
            break;
        }
        last = again;
    }
    let [second, minute, hour, day, month, year] = last;
    let mode = register(0x0b);
    let number = |value: u8| if mode & BINARY == 0 { (value >> 4) * 10 + (value & 0xf) } else { value };
    let hour = match (mode & HOURS_24 == 0, hour & PM != 0) {
        (true, false) => number(hour) % 12,
        (true, true) => number(hour & !PM) % 12 + 12,
        (false, _) => number(hour),
    };
    let (day, month, year) = (number(day), number(month), number(year));
    let time = u64::from(hour) * 3600 + u64::from(number(minute)) * 60 + u64::from(number(second));
    days_since_1970(2000 + u64::from(year), u64::from(month), u64::from(day)) * 86_400 + time
}

/// Second, minute, hour, day, month, year, as the clock has them.
fn read_registers() -> [u8; 6] {
    for _ in 0..PATIENCE {
        if register(0x0a) & UPDATE_IN_PROGRESS == 0 {
            break;
        }
    }
    [0x00, 0x02, 0x04, 0x07, 0x08, 0x09].map(register)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    // Years start in March here, so that the leap day is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let months_since_march = (month + 9) % 12;
    let days = year * 365 + year / 4 - year / 100 + year / 400;
    (days + (months_since_march * 153 + 2) / 5 + day).saturating_sub(719_469)
}
