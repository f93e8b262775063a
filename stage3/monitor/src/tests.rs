//! The monitor as its users know it: commands through the second serial port, keys at the console.

mod commands;
mod console;
mod looks;
mod protocol;
mod random;

use crate::testing::Mock;
use crate::Protocol;
use std::string::String;
use std::vec::Vec;

/// A program at the second serial port.
#[derive(Default)]
struct Program {
    protocol: Protocol,
    mock: Mock,
}

impl Program {
    /// Sends bytes as they are, and returns what comes back.
    fn send(&mut self, bytes: &[u8]) -> String {
        let mut out = String::new();
        for byte in bytes {
            self.protocol.byte(*byte, &mut self.mock, &mut out).unwrap();
        }
        out
    }

    /// Sends a line that is answered with text.
    fn ask(&mut self, line: &str) -> String {
        let answer = self.send(&[line.as_bytes(), b"\n"].concat());
        let text = answer.strip_suffix("ok\n").unwrap_or_else(|| panic!("{line}: {answer}"));
        let lines: Vec<_> = text.lines().map(|line| line.strip_prefix("| ").expect("marked")).collect();
        assert!(lines.iter().all(|line| line.len() <= 80), "wider than a screen: {text}");
        assert!(lines.iter().all(|line| line.bytes().all(|byte| (b' '..=b'~').contains(&byte))), "{text}");
        lines.join("\n")
    }

    /// Sends a line that is answered with nothing else than `ok`.
    fn order(&mut self, line: &str) {
        assert_eq!(self.ask(line), "", "{line}");
    }

    /// Sends a line that is refused.
    fn refusal(&mut self, line: &str) -> String {
        let answer = self.send(&[line.as_bytes(), b"\n"].concat());
        let words = answer.strip_prefix("error: ").and_then(|words| words.strip_suffix('\n'));
        words.unwrap_or_else(|| panic!("{line}: {answer}")).into()
    }
}
