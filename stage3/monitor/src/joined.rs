//! The joined view: what all VMs say, a line at a time, each with its name in front.

use crate::console::Terminal;
use alloc::vec::Vec;

/// Longest line that is shown in one piece.
const LONGEST: usize = 200;
/// How long a line may stay without its end (nanoseconds) before it is shown: guests ask questions.
pub const PATIENCE: u64 = 500_000_000;

/// What a guest sends beside text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sequence {
    /// Nothing: this is text.
    None,
    /// After ESC.
    Escape,
    /// After ESC `[`, up to its last byte (ECMA-48, "Control sequences").
    Control,
}

/// A line that has no end yet.
#[derive(Clone, Debug)]
struct Line {
    text: Vec<u8>,
    /// CR came: what follows begins the line anew, unless it ends it.
    is_returned: bool,
    sequence: Sequence,
    /// When its first byte came.
    since: u64,
}

impl Line {
    /// Takes a byte. Whether the line is complete.
    fn take(&mut self, byte: u8, now: u64) -> bool {
        match (self.sequence, byte) {
            (_, b'\x1b') => self.sequence = Sequence::Escape,
            (Sequence::Escape, b'[') => self.sequence = Sequence::Control,
            (Sequence::Escape, _) | (Sequence::Control, b'@'..=b'~') => self.sequence = Sequence::None,
            (Sequence::Control, b' '..=b'?') => {}
            (_, b'\n') => return true,
            (_, b'\r') => self.is_returned = true,
            (_, b'\t' | b' '..=b'~' | 0x80..) => {
                if core::mem::take(&mut self.is_returned) {
                    self.text.clear();
                }
                if self.text.is_empty() {
                    self.since = now;
                }
                self.text.push(byte);
            }
            _ => {}
        }
        self.text.len() == LONGEST
    }

    fn show(&mut self, name: &str, out: &mut dyn Terminal) {
        for part in [b"[", name.as_bytes(), b"] ", &self.text, b"\r\n"] {
            out.write_bytes(part);
        }
        self.text.clear();
        (self.is_returned, self.sequence) = (false, Sequence::None);
    }
}

/// Takes output apart into lines.
#[derive(Clone, Debug)]
pub struct Joined(Vec<Line>);

impl Joined {
    /// For so many VMs. All memory that it will ever need is taken here.
    #[must_use]
    pub fn new(vms: usize) -> Self {
        let line = || Line {
            text: Vec::with_capacity(LONGEST),
            is_returned: false,
            sequence: Sequence::None,
            since: 0,
        };
        Self((0..vms).map(|_| line()).collect())
    }

    /// The VM of this index and name said `bytes`.
    pub fn output(&mut self, vm: usize, name: &str, bytes: &[u8], now: u64, out: &mut dyn Terminal) {
        let Some(line) = self.0.get_mut(vm) else { return };
        for &byte in bytes {
            if line.take(byte, now) {
                line.show(name, out);
            }
        }
    }

    /// When [`Joined::pause`] has something to show.
    #[must_use]
    pub fn due(&self) -> Option<u64> {
        let waiting = self.0.iter().filter(|line| !line.text.is_empty());
        waiting.map(|line| line.since.saturating_add(PATIENCE)).min()
    }

    /// It is `now`: shows what has waited long enough for the end of its line. With `u64::MAX`, all that waits.
    pub fn pause<'n>(&mut self, now: u64, name: &dyn Fn(usize) -> &'n str, out: &mut dyn Terminal) {
        for (vm, line) in self.0.iter_mut().enumerate() {
            if !line.text.is_empty() && line.since.saturating_add(PATIENCE) <= now {
                line.show(name(vm), out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Paper;

    const NAMES: [&str; 2] = ["a", "bc"];

    fn say(joined: &mut Joined, vm: usize, text: &str, now: u64) -> std::string::String {
        let mut paper = Paper::default();
        joined.output(vm, NAMES[vm], text.as_bytes(), now, &mut paper);
        paper.take()
    }

    #[test]
    fn lines_of_all_vms_stay_whole() {
        let mut joined = Joined::new(2);
        assert_eq!(say(&mut joined, 0, "he", 0), "");
        assert_eq!(say(&mut joined, 1, "one\r\ntw", 0), "[bc] one\r\n");
        assert_eq!(say(&mut joined, 0, "llo\r\n\r\n", 0), "[a] hello\r\n[a] \r\n");
        assert_eq!(say(&mut joined, 1, "o\n", 0), "[bc] two\r\n");
        assert_eq!(joined.due(), None);
        joined.output(2, "none", b"x\n", 0, &mut Paper::default());
    }

    #[test]
    fn terminals_are_left_alone() {
        let mut joined = Joined::new(1);
        let text = "\x1b[1;31mred\x1b[0m\x07\0 \x1b(B\tx\x1b\x1b[K\x1b[\x02\n\n";
        assert_eq!(say(&mut joined, 0, text, 0), "[a] red B\tx\r\n[a] \r\n");
        assert_eq!(say(&mut joined, 0, "10 %\r20 %\r\r30 %\r\n", 0), "[a] 30 %\r\n", "the last counts");
    }

    #[test]
    fn long_lines_come_in_pieces() {
        let mut joined = Joined::new(1);
        let said = say(&mut joined, 0, &"x".repeat(LONGEST + 1), 0);
        assert_eq!(said, std::format!("[a] {}\r\n", "x".repeat(LONGEST)));
        assert_eq!(say(&mut joined, 0, "\n", 0), "[a] x\r\n");
    }

    #[test]
    fn a_question_is_shown_after_a_while() {
        let mut joined = Joined::new(2);
        say(&mut joined, 0, "login: ", 7);
        say(&mut joined, 1, "more", 8);
        assert_eq!(joined.due(), Some(7 + PATIENCE));
        let mut paper = Paper::default();
        let name = |vm: usize| NAMES[vm];
        joined.pause(6 + PATIENCE, &name, &mut paper);
        assert_eq!(paper.take(), "");
        joined.pause(7 + PATIENCE, &name, &mut paper);
        assert_eq!((paper.take().as_str(), joined.due()), ("[a] login: \r\n", Some(8 + PATIENCE)));
        joined.pause(u64::MAX, &name, &mut paper);
        assert_eq!((paper.take().as_str(), joined.due()), ("[bc] more\r\n", None));
    }
}
