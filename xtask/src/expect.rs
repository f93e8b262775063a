//! What a scripted run waits for and types, and the console's text that it looks at.

use crate::picture::Picture;
use regex::{Regex, RegexBuilder};

/// One step of a script.
#[derive(Clone, Debug)]
pub enum Step {
    /// Wait until this appears after what was matched before.
    Expect(Regex),
    /// Type this and Enter.
    Send(String),
}

/// A regular expression as scripts use it: `^` and `$` match at every line.
pub fn pattern(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).multi_line(true).build()
}

/// A script and how far it is.
#[derive(Debug)]
pub struct Script {
    steps: std::vec::IntoIter<Step>,
    never: Vec<Regex>,
    /// Where in the text the next expectation starts to look.
    position: usize,
}

/// What a script wants next.
#[derive(Debug)]
pub enum Progress {
    /// More text.
    Waiting,
    /// This typed.
    Type(String),
    /// It is told that this expectation was met.
    Met(String),
    /// It is done.
    Done,
    /// What must never appear did.
    Forbidden(String),
}

impl Script {
    /// A script of `steps` that fails as soon as one of `never` appears.
    pub fn new(steps: Vec<Step>, never: Vec<Regex>) -> Self {
        Self { steps: steps.into_iter(), never, position: 0 }
    }

    /// Looks at the whole console text so far. To be called until it is [`Progress::Waiting`] or
    /// ends.
    pub fn advance(&mut self, text: &str) -> Progress {
        if let Some(never) = self.never.iter().find(|never| never.is_match(text)) {
            return Progress::Forbidden(never.to_string());
        }
        match self.steps.as_slice().first() {
            None => Progress::Done,
            Some(Step::Send(line)) => {
                let line = line.clone();
                self.steps.next();
                Progress::Type(line)
            }
            // `^` must see what stands before the position, so the text is not cut.
            Some(Step::Expect(expected)) => match expected.find_at(text, self.position) {
                None => Progress::Waiting,
                Some(found) => {
                    let met = expected.to_string();
                    self.position = found.end();
                    self.steps.next();
                    Progress::Met(met)
                }
            },
        }
    }

    /// The expectation that is being waited for.
    pub fn pending(&self) -> Option<String> {
        self.steps.as_slice().iter().find_map(|step| match step {
            Step::Expect(expected) => Some(expected.to_string()),
            Step::Send(_) => None,
        })
    }
}

/// The console's text as a person sees it: no escape sequences, no carriage returns; new rows of a guest's screen as
/// lines.
#[derive(Debug, Default)]
pub struct Transcript {
    text: String,
    state: Escape,
    /// The start of a UTF-8 sequence.
    partial: Vec<u8>,
    picture: Picture,
}

/// Where in an ANSI escape sequence (ECMA-48) the stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Escape {
    #[default]
    None,
    /// After ESC.
    Started,
    /// After ESC and an intermediate character, as in the choice of a character set.
    Intermediate,
    /// After ESC `[`, up to the final character.
    Control,
    /// After ESC `]` and the like, up to BEL or ESC `\`.
    String,
    /// After ESC within such a string.
    StringEnd,
}

impl Transcript {
    /// Takes bytes as they come.
    pub fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let was_on = self.picture.is_on();
            for line in self.picture.feed(byte) {
                self.add_line(&line);
            }
            if self.is_visible(byte) && !was_on {
                self.partial.push(byte);
                self.decode();
            }
        }
    }

    /// Whether a guest's screen is shown.
    pub fn shows_picture(&self) -> bool {
        self.picture.is_on()
    }

    fn add_line(&mut self, line: &str) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The last `count` lines.
    pub fn tail(&self, count: usize) -> impl Iterator<Item = &str> {
        let lines: Vec<_> = self.text.lines().collect();
        let skipped = lines.len().saturating_sub(count);
        lines.into_iter().skip(skipped)
    }

    fn is_visible(&mut self, byte: u8) -> bool {
        let before = self.state;
        self.state = match (before, byte) {
            (Escape::None, 0x1b) => Escape::Started,
            (Escape::Started, b'[') | (Escape::Control, 0x20..=0x3f) => Escape::Control,
            (Escape::Started | Escape::Intermediate, 0x20..=0x2f) => Escape::Intermediate,
            (Escape::String, 0x1b) => Escape::StringEnd,
            (Escape::String, 0x07) | (Escape::StringEnd, b'\\') => Escape::None,
            (Escape::Started, b']' | b'P' | b'X' | b'^' | b'_') | (Escape::String | Escape::StringEnd, _) => {
                Escape::String
            }
            _ => Escape::None,
        };
        before == Escape::None && !matches!(byte, 0x1b | b'\r' | 0)
    }

    fn decode(&mut self) {
        match std::str::from_utf8(&self.partial) {
            Ok(text) => self.text.push_str(text),
            Err(error) if error.error_len().is_none() => return,
            Err(_) => self.text.push('\u{fffd}'),
        }
        self.partial.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect(text: &str) -> Step {
        Step::Expect(pattern(text).unwrap())
    }

    fn transcript(bytes: &[u8]) -> String {
        let mut transcript = Transcript::default();
        // Byte by byte: no sequence may depend on how the stream was cut.
        for byte in bytes {
            transcript.feed(&[*byte]);
        }
        transcript.text
    }

    #[test]
    fn escape_sequences_and_carriage_returns_vanish() {
        assert_eq!(transcript(b"a\r\nb"), "a\nb");
        assert_eq!(transcript(b"\x1b[1;31mred\x1b[0m"), "red");
        assert_eq!(transcript(b"\x1b[6n\x1b(Bx\x1bcy"), "xy");
        assert_eq!(transcript(b"\x1b]0;title\x07z\x1b]0;t\x1b\\w"), "zw");
    }

    #[test]
    fn a_guests_screen_becomes_lines() {
        let picture = b"pxHV: starting\r\n\x1b[?1049h\x1b[2J\x1b[1;1HA:\\>\x1b[?2026l\x1b[1;5Hver\x1b[?2026l";
        let text = "pxHV: starting\nA:\\>\nA:\\>ver\n";
        assert_eq!(transcript(picture), text);
        let end = [picture, machine::screen::LEAVE, b"pxHV: power off\r\n"].concat();
        assert_eq!(transcript(&end), format!("{text}pxHV: power off\n"));
    }

    #[test]
    fn broken_utf8_is_replaced() {
        assert_eq!(transcript("é".as_bytes()), "é");
        assert_eq!(transcript(b"a\xffb"), "a\u{fffd}b");
    }

    #[test]
    fn tail_has_the_last_lines() {
        let mut transcript = Transcript::default();
        transcript.feed(b"1\n2\n3");
        assert_eq!(transcript.tail(2).collect::<Vec<_>>(), ["2", "3"]);
        assert_eq!(transcript.tail(9).count(), 3);
    }

    #[test]
    fn expectations_are_met_in_order() {
        let mut script = Script::new(vec![expect("two"), expect("one")], vec![]);
        assert!(matches!(script.advance("one two"), Progress::Met(_)));
        assert!(matches!(script.advance("one two"), Progress::Waiting), "one came before two");
        assert_eq!(script.pending().as_deref(), Some("one"));
        assert!(matches!(script.advance("one two one"), Progress::Met(_)));
        assert!(matches!(script.advance("one two one"), Progress::Done));
    }

    #[test]
    fn text_is_typed_after_the_expectation_before_it() {
        let mut script = Script::new(vec![expect("# "), Step::Send("ls".into()), expect("x")], vec![]);
        assert!(matches!(script.advance("boot"), Progress::Waiting));
        assert!(matches!(script.advance("boot\n# "), Progress::Met(_)));
        assert!(matches!(script.advance("boot\n# "), Progress::Type(line) if line == "ls"));
        assert!(matches!(script.advance("boot\n# "), Progress::Waiting));
    }

    #[test]
    fn anchors_match_at_lines_and_not_at_the_position() {
        let mut script = Script::new(vec![expect("a"), expect("^b"), expect("^c$")], vec![]);
        script.advance("ab");
        assert!(matches!(script.advance("ab"), Progress::Waiting), "b does not start the line");
        assert!(matches!(script.advance("ab\nb"), Progress::Met(_)), "an unfinished line counts");
        assert!(matches!(script.advance("ab\nb\ncc"), Progress::Waiting));
        assert!(matches!(script.advance("ab\nb\ncc\nc\n"), Progress::Met(_)));
    }

    #[test]
    fn forbidden_text_ends_it_at_once() {
        let mut script = Script::new(vec![expect("x")], vec![pattern("^panic").unwrap()]);
        assert!(matches!(script.advance("no panic"), Progress::Waiting));
        assert!(matches!(script.advance("x\npanic"), Progress::Forbidden(_)));
    }
}
