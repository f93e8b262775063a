//! Keys: what they send in each set, and how the controller passes it on.

use super::*;
use crate::device::i8042::queue::CAPACITY;
use proptest::prelude::*;
use std::vec;

/// A controller with this command byte, and the keyboard in scan code set `set`.
fn controller(config: u8, set: u8) -> I8042 {
    let mut controller = I8042::new();
    controller.write(Command, 0x60);
    controller.write(Data, config);
    keyboard(&mut controller, 0xf0);
    assert_eq!(keyboard(&mut controller, set), [0xfa]);
    controller
}

/// What the guest reads when these keys go down (`true`) and up.
fn typed(config: u8, set: u8, keys: &[(Key, bool)]) -> Vec<u8> {
    let mut controller = controller(config, set);
    let mut bytes = Vec::new();
    for (key, down) in keys {
        controller.key(*key, *down);
        bytes.extend(answers(&mut controller));
    }
    bytes
}

/// Keys whose codes in set 1 follow each other: the first code, and the keys.
const SET_1: &[(u8, &[Key])] = {
    use Key::*;
    &[
        (0x01, &[Escape, Digit1, Digit2, Digit3, Digit4, Digit5, Digit6, Digit7, Digit8, Digit9, Digit0]),
        (0x0c, &[Minus, Equals, Backspace, Tab, Q, W, E, R, T, Y, U, I, O, P, LeftBracket, RightBracket]),
        (0x1c, &[Enter, LeftControl, A, S, D, F, G, H, J, K, L, Semicolon, Apostrophe, Grave, LeftShift]),
        (0x2b, &[Backslash, Z, X, C, V, B, N, M, Comma, Period, Slash, RightShift, PadMultiply, LeftAlt]),
        (0x39, &[Space, CapsLock, F1, F2, F3, F4, F5, F6, F7, F8, F9, F10, NumLock, ScrollLock]),
        (0x47, &[Pad7, Pad8, Pad9, PadMinus, Pad4, Pad5, Pad6, PadPlus, Pad1, Pad2, Pad3, Pad0, PadPeriod]),
        (0x56, &[Extra, F11, F12]),
    ]
};

/// Keys with the prefix E0h, and their codes in set 1.
const SET_1_EXTENDED: &[(u8, Key)] = {
    use Key::*;
    &[
        (0x1c, PadEnter),
        (0x1d, RightControl),
        (0x35, PadDivide),
        (0x38, RightAlt),
        (0x47, Home),
        (0x48, Up),
        (0x49, PageUp),
        (0x4b, Left),
        (0x4d, Right),
        (0x4f, End),
        (0x50, Down),
        (0x51, PageDown),
        (0x52, Insert),
        (0x53, Delete),
        (0x5b, LeftWindows),
        (0x5c, RightWindows),
        (0x5d, Menu),
    ]
};

#[test]
fn every_key_has_its_codes_in_set_1_with_translation_and_without() {
    let mut count = 2;
    for (config, set) in [(config::TRANSLATE, 2), (0, 1)] {
        count = 2;
        for (first, keys) in SET_1 {
            for (code, key) in (*first..).zip(*keys) {
                let bytes = typed(config, set, &[(*key, true), (*key, false)]);
                assert_eq!(bytes, [code, code | 0x80], "{key:?}");
                count += 1;
            }
        }
        for (code, key) in SET_1_EXTENDED {
            let bytes = typed(config, set, &[(*key, true), (*key, false)]);
            assert_eq!(bytes, [0xe0, *code, 0xe0, code | 0x80], "{key:?}");
            count += 1;
        }
        let pressed = |key| typed(config, set, &[(key, true), (key, false)]);
        assert_eq!(pressed(Key::Pause), [0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5]);
        assert_eq!(pressed(Key::PrintScreen), [0xe0, 0x2a, 0xe0, 0x37, 0xe0, 0xb7, 0xe0, 0xaa]);
    }
    assert_eq!(count, Key::ALL.len());
}

#[test]
fn break_codes_have_a_prefix_in_set_2() {
    assert_eq!(typed(0, 2, &[(Key::A, true), (Key::A, true), (Key::A, false)]), [0x1c, 0x1c, 0xf0, 0x1c]);
    assert_eq!(typed(0, 2, &[(Key::F7, true), (Key::F7, false)]), [0x83, 0xf0, 0x83]);
    assert_eq!(typed(0, 2, &[(Key::Up, true), (Key::Up, false)]), [0xe0, 0x75, 0xe0, 0xf0, 0x75]);
    let pause = [0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77];
    assert_eq!(typed(0, 2, &[(Key::Pause, true), (Key::Pause, false)]), pause);
}

#[test]
fn navigation_keys_work_whatever_shift_and_num_lock_are() {
    // The make and break codes of a key when these keys are down, with Num Lock on or off.
    let around = |num_lock: bool, held: &[Key], key: Key| {
        let mut controller = controller(0, 2);
        keyboard(&mut controller, 0xed);
        keyboard(&mut controller, if num_lock { 0b010 } else { 0b101 });
        for key in held {
            controller.key(*key, true);
            answers(&mut controller);
        }
        controller.key(key, true);
        let make = answers(&mut controller);
        controller.key(key, false);
        (make, answers(&mut controller))
    };
    let expect = |seen: (Vec<u8>, Vec<u8>), make: &[u8], break_: &[u8]| {
        assert_eq!((seen.0.as_slice(), seen.1.as_slice()), (make, break_));
    };
    let (left, right) = (Key::LeftShift, Key::RightShift);
    expect(around(false, &[], Key::Home), &[0xe0, 0x6c], &[0xe0, 0xf0, 0x6c]);
    expect(around(true, &[left], Key::Home), &[0xe0, 0x6c], &[0xe0, 0xf0, 0x6c]);
    let released = [0xe0, 0xf0, 0x12, 0xe0, 0x6c];
    expect(around(false, &[left], Key::Home), &released, &[0xe0, 0xf0, 0x6c, 0xe0, 0x12]);
    let released = [0xe0, 0xf0, 0x12, 0xe0, 0xf0, 0x59, 0xe0, 0x6c];
    let pressed = [0xe0, 0xf0, 0x6c, 0xe0, 0x12, 0xe0, 0x59];
    expect(around(false, &[left, right], Key::Home), &released, &pressed);
    let released = [0xe0, 0xf0, 0x6c, 0xe0, 0xf0, 0x12];
    expect(around(true, &[], Key::Home), &[0xe0, 0x12, 0xe0, 0x6c], &released);
    let divide = [0xe0, 0xf0, 0x59, 0xe0, 0x4a];
    expect(around(true, &[right], Key::PadDivide), &divide, &[0xe0, 0xf0, 0x4a, 0xe0, 0x59]);
    expect(around(true, &[], Key::PadDivide), &[0xe0, 0x4a], &[0xe0, 0xf0, 0x4a]);
}

#[test]
fn print_screen_and_pause_depend_on_the_modifiers() {
    let with = |modifier, key| typed(0, 2, &[(modifier, true), (key, true), (key, false), (modifier, false)]);
    assert_eq!(with(Key::LeftAlt, Key::PrintScreen), [0x11, 0x84, 0xf0, 0x84, 0xf0, 0x11]);
    let printed = [0xe0, 0x7c, 0xe0, 0xf0, 0x7c];
    for modifier in [Key::LeftShift, Key::RightShift, Key::LeftControl] {
        assert!(with(modifier, Key::PrintScreen)[1..].starts_with(&printed), "{modifier:?}");
    }
    let broken = [0xe0, 0x14, 0xe0, 0x7e, 0xe0, 0xf0, 0x7e, 0xe0, 0xf0, 0x14];
    assert_eq!(with(Key::RightControl, Key::Pause), broken);
    let request = [(Key::RightAlt, true), (Key::PrintScreen, true), (Key::PrintScreen, false)];
    assert_eq!(typed(config::TRANSLATE, 2, &request), [0xe0, 0x38, 0x54, 0xd4]);
}

#[test]
fn set_3_has_one_code_for_each_key_and_breaks_as_asked_for() {
    let mut codes: Vec<_> = Key::ALL.iter().map(|key| typed(0, 3, &[(*key, true)])).collect();
    assert!(codes.iter().all(|bytes| bytes.len() == 1));
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), Key::ALL.len());

    let mut controller = controller(0, 3);
    let mut releases = |command: &[u8]| -> Vec<Key> {
        for byte in command {
            assert_eq!(keyboard(&mut controller, *byte), [0xfa]);
        }
        let mut released = Key::ALL.to_vec();
        released.retain(|key| {
            controller.key(*key, false);
            let bytes = answers(&mut controller);
            assert!(bytes.is_empty() || bytes[0] == 0xf0 && bytes.len() == 2);
            !bytes.is_empty()
        });
        released
    };
    let default = [Key::CapsLock, Key::LeftShift, Key::RightShift, Key::LeftControl, Key::LeftAlt];
    assert_eq!(releases(&[]), default);
    assert_eq!(
        releases(&[0xfd, 0x14, 0x59, 0xfc, 0x8b]),
        [Key::LeftShift, Key::LeftControl, Key::LeftWindows, Key::LeftAlt]
    );
    for (command, count) in [(0xf7, 0), (0xf8, Key::ALL.len()), (0xf9, 0), (0xfa, Key::ALL.len())] {
        assert_eq!(releases(&[command]).len(), count, "{command:#x}");
    }
    assert_eq!(releases(&[0xf6, 0xf0, 3]), default, "back to the default");
}

#[test]
fn keys_are_sent_only_while_the_keyboard_scans() {
    let mut controller = I8042::new();
    let mut press = |command: u8| {
        keyboard(&mut controller, command);
        controller.key(Key::Space, true);
        answers(&mut controller)
    };
    assert_eq!((press(0xf5), press(0xf4), press(0xf5)), (vec![], vec![0x29], vec![]));
    assert_eq!((press(0xf6), press(0xf5), press(0xff)), (vec![0x29], vec![], vec![0x29]));
}

#[test]
fn commands_that_clear_the_buffer_clear_it() {
    for command in [0xf4, 0xf6, 0xf7, 0xff] {
        let mut controller = I8042::new();
        for key in [Key::A, Key::B, Key::C] {
            controller.key(key, true);
        }
        let bytes = keyboard(&mut controller, command);
        assert_eq!(bytes[..2], [0x1c, 0xfa], "A was in the output buffer already");
        assert!(bytes[2..].iter().all(|byte| *byte == 0xaa));
    }
}

#[test]
fn the_scan_code_set_is_translated_too() {
    for (set, answer) in [(1, 0x43), (2, 0x41), (3, 0x3f)] {
        let mut controller = controller(config::TRANSLATE, set);
        keyboard(&mut controller, 0xf0);
        assert_eq!(keyboard(&mut controller, 0), [0xfa, answer]);
    }
}

#[test]
fn indicators_and_repeat_rate_are_remembered_until_a_reset() {
    let mut controller = I8042::new();
    for byte in [0xed, 0b101, 0xf3, 0x7f] {
        keyboard(&mut controller, byte);
    }
    assert_eq!((controller.indicators(), controller.repeat_rate()), (0b101, 0x7f));
    keyboard(&mut controller, 0xff);
    assert_eq!((controller.indicators(), controller.repeat_rate()), (0, 0x2b));
}

#[test]
fn what_finds_no_room_is_lost_whole_and_an_overrun_code_tells_where() {
    for (config, set, overrun) in [(0, 2, 0x00), (config::TRANSLATE, 2, 0xff), (0, 1, 0xff), (0, 3, 0x00)] {
        let mut controller = controller(config, set);
        command(&mut controller, 0xad);
        for _ in 0..15 {
            controller.key(Key::Space, true);
        }
        let space = if overrun == 0xff { 0x39 } else { 0x29 };
        if set == 3 {
            controller.key(Key::Space, true);
        } else {
            controller.key(Key::Up, true);
        }
        controller.key(Key::Space, true);
        let bytes = command(&mut controller, 0xae);
        assert!(bytes[..15].iter().all(|byte| *byte == space));
        let rest: &[u8] = if set == 3 { &[0x29, overrun] } else { &[overrun] };
        assert_eq!(&bytes[15..], rest);
    }
}

fn key() -> impl Strategy<Value = Key> {
    prop::sample::select(Key::ALL)
}

proptest! {
    /// Whatever is pressed: the controller's translation of set 2 is what a keyboard sends in set 1.
    #[test]
    fn translated_set_2_is_set_1(keys in prop::collection::vec((key(), any::<bool>()), 1..30)) {
        prop_assert_eq!(typed(config::TRANSLATE, 2, &keys), typed(0, 1, &keys));
    }

    /// No byte is lost, and none is changed, while they have room. One waits in the controller.
    #[test]
    fn nothing_is_lost_while_there_is_room(keys in prop::collection::vec((key(), any::<bool>()), 1..12), set in 1..=3_u8) {
        let mut waiting = controller(0, set);
        let expected = typed(0, set, &keys);
        for (key, down) in &keys {
            waiting.key(*key, *down);
        }
        let bytes = answers(&mut waiting);
        if expected.len() <= CAPACITY + 1 {
            prop_assert_eq!(bytes, expected);
        } else {
            prop_assert!(bytes.len() <= CAPACITY + 2);
        }
    }

    /// Nothing that a guest and a user do stops it, and after a reset it is a keyboard again.
    #[test]
    fn nothing_hangs_it(steps in prop::collection::vec((0..4_u8, any::<u8>(), key(), any::<bool>()), 1..300)) {
        let mut controller = I8042::new();
        for (step, byte, key, down) in steps {
            match step {
                0 => controller.key(key, down),
                1 => drop(controller.read(if down { Data } else { Command })),
                2 => drop(controller.write(Command, byte)),
                _ => drop(controller.write(Data, byte)),
            }
            controller.take_drop();
        }
        controller.write(Command, 0x60);
        controller.write(Data, config::KEYBOARD_IRQ);
        answers(&mut controller);
        prop_assert_eq!(keyboard(&mut controller, 0xff), [0xfa, 0xaa]);
        controller.key(Key::A, false);
        prop_assert_eq!(answers(&mut controller), [0xf0, 0x1c]);
        prop_assert!(!controller.keyboard_irq());
    }
}
