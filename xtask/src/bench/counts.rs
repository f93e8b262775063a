//! What was counted in a run, and when what was on the console.

use crate::transcript::Transcript;
use anyhow::{Context as _, Result};
use regex::Regex;
use std::time::Duration;

/// A point of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At {
    /// Instructions up to there, or ticks.
    pub count: u64,
    /// Those of them that guests executed.
    pub guest: u64,
    /// Entries to guests.
    pub entries: u64,
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Counts {
    /// What the computer's serial port sent.
    pub console: Vec<u8>,
    /// How many bytes of it were sent when.
    pub sent: Vec<(At, usize)>,
    /// At the first entry to a guest.
    pub entry: Option<u64>,
    /// At the first execution of the address to be watched.
    pub start: Option<u64>,
    /// At the last change of the text screen: a guest's, if there is one.
    pub screen: At,
    /// How long the run took on this computer.
    pub elapsed: Duration,
}

impl Counts {
    /// What was on the console.
    pub fn console(&self) -> String {
        text(&self.console)
    }

    /// The count when the first byte of what matches was on the console.
    pub fn first_byte(&self, pattern: &Regex) -> Result<At> {
        let console = String::from_utf8_lossy(&self.console);
        let found = pattern.find(&console).with_context(|| format!("not on the console: {pattern}"))?;
        self.at(found.start() + 1)
    }

    /// The count when all of what matches was on the console.
    pub fn whole(&self, pattern: &Regex) -> Result<At> {
        let console = String::from_utf8_lossy(&self.console);
        let found = pattern.find(&console).with_context(|| format!("not on the console: {pattern}"))?;
        self.at(found.end())
    }

    /// The count when so many bytes were sent.
    fn at(&self, bytes: usize) -> Result<At> {
        let sent = self.sent.iter().find(|(_, sent)| *sent >= bytes);
        Ok(sent.context("nobody noted when the end of the console was sent")?.0)
    }
}

/// The console as a person sees it.
pub fn text(console: &[u8]) -> String {
    let mut transcript = Transcript::default();
    transcript.feed(console);
    transcript.text().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_belong_to_what_is_on_the_console() {
        let at = |count, guest, entries| At { count, guest, entries };
        let sent = vec![(at(10, 0, 0), 1), (at(25, 0, 0), 4), (at(40, 6, 2), 9)];
        let counts = Counts { console: b"a: b\nc\nd\n".to_vec(), sent, ..Counts::default() };
        let pattern = |text| crate::expect::pattern(text).unwrap();
        assert_eq!(counts.first_byte(&pattern("^a: b$")).unwrap().count, 10);
        assert_eq!(counts.whole(&pattern("^a: b$")).unwrap().count, 25);
        assert_eq!(counts.first_byte(&pattern("^c$")).unwrap(), at(40, 6, 2));
        assert!(counts.whole(&pattern("^e$")).is_err());
    }
}
