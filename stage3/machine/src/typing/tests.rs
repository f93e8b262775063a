//! Bytes of terminals, and the keys that they mean.

use super::*;
use crate::device::i8042::{Register, I8042};
use proptest::prelude::*;
use std::format;
use std::string::String;
use std::vec::Vec;

/// A stroke in short: `C-A-S-Key`.
fn name(stroke: Stroke) -> String {
    let mark = |is_held: bool, mark: &'static str| if is_held { mark } else { "" };
    let (control, alt, shift) =
        (mark(stroke.control, "C-"), mark(stroke.alt, "A-"), mark(stroke.shift, "S-"));
    format!("{control}{alt}{shift}{:?}", stroke.key)
}

/// What all of `bytes` mean that come at once, with a pause behind them.
fn typed(bytes: &[u8]) -> String {
    let mut translator = Translator::new();
    let mut all: Vec<_> = bytes.iter().filter_map(|byte| translator.byte(Instant(0), *byte)).collect();
    all.extend(translator.pause(Instant(PAUSE)));
    let names = all.into_iter().map(|typed| match typed {
        Typed::Stroke(stroke) => name(stroke),
        Typed::Redraw => "redraw".into(),
    });
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn characters_are_keys_of_an_american_keyboard() {
    assert_eq!(typed(b"dir A:"), "D I R Space S-A S-Semicolon");
    assert_eq!(typed(b"1!-_=+[{]}\\|'\"`~,<.>/?"), "Digit1 S-Digit1 Minus S-Minus Equals S-Equals LeftBracket S-LeftBracket RightBracket S-RightBracket Backslash S-Backslash Apostrophe S-Apostrophe Grave S-Grave Comma S-Comma Period S-Period Slash S-Slash");
    assert_eq!(typed(b"\r\n\t\x08\x7f"), "Enter Enter Tab Backspace Backspace");
    assert_eq!(typed(b"\x01\x03\x1a\0\x1c\x1e\x1f"), "C-A C-C C-Z C-Digit2 C-Backslash C-Digit6 C-Minus");
    assert_eq!(typed("é".as_bytes()), "", "no key has it");
}

#[test]
fn every_printable_character_has_a_key() {
    let strokes: Vec<_> = (b' '..=b'~').map(|byte| layout::stroke(byte).unwrap()).collect();
    for (index, stroke) in strokes.iter().enumerate() {
        assert!(!strokes[..index].contains(stroke), "{stroke:?} has two characters");
        assert!(!stroke.control && !stroke.alt);
    }
}

#[test]
fn sequences_are_the_other_keys() {
    assert_eq!(typed(b"\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F"), "Up Down Right Left Home End");
    assert_eq!(typed(b"\x1bOA\x1bOP\x1bOS\x1bOH\x1bOM"), "Up F1 F4 Home PadEnter");
    assert_eq!(
        typed(b"\x1b[1~\x1b[2~\x1b[3~\x1b[4~\x1b[5~\x1b[6~"),
        "Home Insert Delete End PageUp PageDown"
    );
    assert_eq!(typed(b"\x1b[11~\x1b[15~\x1b[17~\x1b[21~\x1b[24~"), "F1 F5 F6 F10 F12");
    assert_eq!(typed(b"\x1b[[A\x1b[[E"), "F1 F5");
    assert_eq!(typed(b"\x1b[Z"), "S-Tab");
}

#[test]
fn modifiers_are_the_second_number() {
    assert_eq!(
        typed(b"\x1b[1;2A\x1b[1;5D\x1b[1;3P\x1b[3;7~\x1b[5;8~"),
        "S-Up C-Left A-F1 C-A-Delete C-A-S-PageUp"
    );
}

#[test]
fn escape_and_a_character_is_that_key_with_alt() {
    assert_eq!(typed(b"\x1bf\x1bX\x1b\r"), "A-F A-S-X A-Enter");
    assert_eq!(typed(b"\x1b["), "A-LeftBracket");
    assert_eq!(typed(b"\x1bO"), "A-S-O");
}

#[test]
fn escape_alone_is_known_by_the_pause() {
    let mut translator = Translator::new();
    assert_eq!(translator.next_deadline(), None);
    assert_eq!(translator.byte(Instant(5), 0x1b), None);
    assert_eq!(translator.next_deadline(), Some(Instant(5 + PAUSE)));
    assert_eq!(translator.pause(Instant(4 + PAUSE)), None);
    assert_eq!(translator.pause(Instant(5 + PAUSE)), Some(Typed::Stroke(Stroke::plain(Key::Escape))));
    assert_eq!((translator.next_deadline(), translator.pause(Instant(u64::MAX))), (None, None));
    assert_eq!(typed(b"\x1b\x1b\x1b[A"), "Escape Escape Up");
}

#[test]
fn ctrl_right_bracket_begins_commands() {
    assert_eq!(typed(b"\x1dd\x1dR\x1d\x1d\x1dxa"), "C-A-Delete redraw C-RightBracket A");
    let mut translator = Translator::new();
    translator.byte(Instant(0), PREFIX);
    assert_eq!(translator.next_deadline(), None, "a command may take its time");
}

#[test]
fn unknown_sequences_vanish() {
    assert_eq!(typed(b"\x1b[99~a\x1b[?1;2cb\x1bOyc\x1b[[zd\x1b[1;2;3;4;555Ae"), "A B C D S-Up E");
}

#[test]
fn modifiers_go_down_before_the_key_and_up_behind_it() {
    let events: Vec<_> = Stroke::RESTART.events().collect();
    let keys = [Key::LeftControl, Key::LeftAlt, Key::Delete];
    let expected: Vec<_> =
        keys.iter().map(|key| (*key, true)).chain(keys.iter().rev().map(|key| (*key, false))).collect();
    assert_eq!(events, expected);
}

#[test]
fn a_keyboard_that_is_read_sends_the_scan_codes_of_a_stroke() {
    let mut controller = I8042::new();
    // The controller translates to set 1.
    controller.write(Register::Command, 0x60);
    controller.write(Register::Data, 0x41);
    let mut codes = Vec::new();
    let Some(Typed::Stroke(stroke)) = Translator::new().byte(Instant(0), b'A') else { panic!("a key") };
    for (key, down) in stroke.events() {
        assert!(controller.is_idle());
        controller.key(key, down);
        while !controller.is_idle() {
            codes.push(controller.read(Register::Data));
        }
    }
    assert_eq!(codes, [0x2a, 0x1e, 0x9e, 0xaa]);
}

proptest! {
    #[test]
    fn nothing_is_held_for_ever(bytes in prop::collection::vec((any::<u8>(), 0_u64..2 * PAUSE), 0..200)) {
        let (mut translator, mut now) = (Translator::new(), Instant(0));
        for (byte, pause) in bytes {
            now = now + pause;
            translator.pause(now);
            translator.byte(now, byte);
        }
        translator.pause(now + PAUSE);
        prop_assert_eq!(translator.next_deadline(), None);
    }
}
