//! What a computer's clock shows when it is switched on.

use serde::Deserialize;
use std::fmt;
use toml::value::Datetime;

/// A time in UTC, which is what the clocks of emulated computers show: `2031-05-07T11:20:00`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Datetime")]
pub struct Clock {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

impl TryFrom<Datetime> for Clock {
    type Error = &'static str;

    fn try_from(value: Datetime) -> Result<Self, Self::Error> {
        match value {
            Datetime { date: Some(date), time: Some(time), offset: None } if date.year >= 1970 => Ok(Self {
                year: date.year,
                month: date.month,
                day: date.day,
                hour: time.hour,
                minute: time.minute,
                second: time.second.unwrap_or(0),
            }),
            _ => Err("write date and time without a zone, from 1970 on: 2031-05-07T11:20:00"),
        }
    }
}

impl Clock {
    /// Seconds since 1970.
    pub fn unix(self) -> u64 {
        // Years begin with March here, so that the day that some of them have more is their last.
        let (year, month) = match self.month {
            1 | 2 => (u64::from(self.year) - 1, u64::from(self.month) + 9),
            month => (u64::from(self.year), u64::from(month) - 3),
        };
        let leap_days = year / 4 - year / 100 + year / 400;
        let days = year * 365 + leap_days + (month * 153 + 2) / 5 + u64::from(self.day) - 1;
        // 719,468 days are between 1 March of the year 0 and 1970.
        let hours = (days - 719_468) * 24 + u64::from(self.hour);
        (hours * 60 + u64::from(self.minute)) * 60 + u64::from(self.second)
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second } = self;
        write!(f, "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_those_of_unix() {
        let known = [
            ("1970-01-01T00:00:00", 0),
            ("2000-02-29T12:00:01", 951_825_601),
            ("2000-03-01T00:00:00", 951_868_800),
            ("2031-05-07T11:20:00", 1_935_919_200),
            ("2100-12-31T23:59:59", 4_133_980_799),
        ];
        for (text, seconds) in known {
            let clock = Clock::try_from(text.parse::<Datetime>().unwrap()).unwrap();
            assert_eq!((clock.unix(), clock.to_string().as_str()), (seconds, text));
        }
        for wrong in ["2031-05-07", "11:20:00", "2031-05-07T11:20:00Z", "1969-12-31T23:59:59"] {
            assert!(Clock::try_from(wrong.parse::<Datetime>().unwrap()).is_err(), "{wrong}");
        }
    }
}
