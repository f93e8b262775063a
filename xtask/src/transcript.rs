//! The console's text that scripts look at.

use crate::picture::Picture;

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
}
