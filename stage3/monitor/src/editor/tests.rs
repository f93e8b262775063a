//! What is typed, and what a terminal shows of it.

use super::*;
use crate::testing::Mock;
use std::string::ToString;

/// An operator at an editor.
struct Desk {
    editor: Editor,
    mock: Mock,
    lines: Vec<String>,
    /// The terminal's line, as far as an editor changes it: ECMA-48's CUB, CUF, DCH, ICH and EL.
    shown: Vec<char>,
    column: usize,
    all: String,
}

impl Desk {
    fn new() -> Self {
        let (editor, mock) = (Editor::new(), Mock::default());
        Self { editor, mock, lines: vec![], shown: vec![], column: 0, all: String::new() }
    }

    fn types(&mut self, text: &str) -> &mut Self {
        for byte in text.bytes() {
            let mut out = String::new();
            if let Some(line) = self.editor.byte(byte, &self.mock, &mut out).unwrap() {
                self.lines.push(line);
                self.editor.prompt(&mut out).unwrap();
            }
            self.show(&out);
        }
        self
    }

    fn show(&mut self, out: &str) {
        self.all.push_str(out);
        let mut rest = out.chars();
        while let Some(character) = rest.next() {
            match character {
                '\n' => (self.shown, self.column) = (vec![], 0),
                '\r' => self.column = 0,
                '\x1b' => {
                    let sequence: String = rest.by_ref().take(2).collect();
                    match sequence.as_str() {
                        "[C" => self.column += 1,
                        "[D" => self.column -= 1,
                        "[P" => _ = self.shown.remove(self.column),
                        "[@" => self.shown.insert(self.column, ' '),
                        "[2" => {
                            assert_eq!(rest.next(), Some('K'));
                            self.shown.fill(' ');
                        }
                        other => panic!("{other:?}"),
                    }
                }
                _ => {
                    if self.shown.len() <= self.column {
                        self.shown.resize(self.column + 1, ' ');
                    }
                    self.shown[self.column] = character;
                    self.column += 1;
                }
            }
        }
    }

    fn shown(&self) -> String {
        self.shown.iter().collect::<String>().trim_end().to_string()
    }

    /// Presses Enter, and returns the line.
    fn enters(&mut self) -> String {
        self.types("\r").lines.pop().unwrap()
    }
}

#[test]
fn a_line_is_edited() {
    let mut desk = Desk::new();
    desk.editor.prompt(&mut desk.all).unwrap();
    desk.show("pxHV> ");
    desk.types("shaw  \x7flinux\x1b[H\x1b[C\x1b[C\x1b[3~o");
    assert_eq!(desk.shown(), "pxHV> show linux");
    desk.types("\x1b[F\x1b[3~s\x1b[D\x1b[D\x08").types("");
    assert_eq!(desk.shown(), "pxHV> show linxs");
    assert_eq!(desk.enters(), "show linxs");
    assert_eq!(desk.types("abc\x03\x03").shown(), "pxHV>");
    assert_eq!(desk.types("abc\x1b[D\x15d").shown(), "pxHV> d");
    assert_eq!(desk.enters(), "d");
    assert_eq!(desk.types("say \"a  b\\").enters(), "say \"a  b\\", "as it was typed");
    assert_eq!(desk.types("a\u{e4}b\x01").enters(), "ab");
}

#[test]
fn earlier_lines_come_back() {
    let mut desk = Desk::new();
    desk.types("vms\rshow linux\r\r");
    assert_eq!(desk.lines, ["vms", "show linux", ""]);
    assert_eq!(desk.types("\x1b[A").shown(), "pxHV> show linux");
    assert_eq!(desk.types("\x1b[A").shown(), "pxHV> vms");
    assert_eq!(desk.types("\x1b[A\x1b[B").shown(), "pxHV> show linux");
    assert_eq!(desk.types("\x1b[B").shown(), "pxHV>");
    assert_eq!(desk.types("\x1b[A\x1b[A!").enters(), "vms!");
}

#[test]
fn tab_completes_commands_and_arguments() {
    let mut desk = Desk::new();
    assert_eq!(desk.types("ver\t").enters(), "version ");
    assert_eq!(desk.types("sho\tl\t").enters(), "show linux ");
    assert_eq!(desk.types("m\t").shown(), "pxHV> mem", "what they have in common");
    desk.all.clear();
    desk.types("\t");
    assert!(desk.all.contains("\nmem  memory\n"), "{}", desk.all);
    assert_eq!(desk.shown(), "pxHV> mem", "and it goes on there");
    assert_eq!(desk.types(" li\x1b[D\x1b[D\t").enters(), "mem linux ", "at the end of the line");
    assert_eq!(desk.types("\x03no\tthing").enters(), "nothing");
}

#[test]
fn the_line_is_shown_again_after_a_message() {
    let mut desk = Desk::new();
    desk.types("\rsho\x1b[D");
    let mut out = String::new();
    desk.editor.redraw(&mut out).unwrap();
    desk.show("\n");
    desk.show(&out);
    assert_eq!((desk.shown().as_str(), desk.column), ("pxHV> sho", 9));
    assert_eq!(desk.types("w").enters(), "show");
}

#[test]
fn a_line_has_an_end() {
    let mut desk = Desk::new();
    assert_eq!(desk.types(&"x".repeat(LINE + 10)).enters().len(), LINE);
    desk.types(&"sh".repeat(LINE / 2 - 1)).types("ow\tx\t\t\x1b[A\x1b[A\x1b[B");
    assert!(desk.enters().len() <= LINE);
}
