//! Conversations with controller and keyboard.

mod keys;

use super::Register::{Command, Data};
use super::*;
use std::vec::Vec;

/// Everything that can be read, with whether it is from the auxiliary port.
fn drain(controller: &mut I8042) -> Vec<(u8, bool)> {
    let mut bytes = Vec::new();
    while controller.read(Command) & status::OUTPUT != 0 {
        let aux = controller.read(Command) & status::AUX != 0;
        bytes.push((controller.read(Data), aux));
    }
    bytes
}

fn answers(controller: &mut I8042) -> Vec<u8> {
    drain(controller).into_iter().map(|(byte, _)| byte).collect()
}

fn command(controller: &mut I8042, byte: u8) -> Vec<u8> {
    assert!(!controller.write(Command, byte));
    answers(controller)
}

fn keyboard(controller: &mut I8042, byte: u8) -> Vec<u8> {
    assert!(!controller.write(Data, byte));
    answers(controller)
}

#[test]
fn the_status_tells_command_or_data_and_the_self_test() {
    let mut controller = I8042::new();
    assert_eq!(controller.read(Command), status::UNLOCKED);
    assert_eq!(command(&mut controller, 0xaa), [0x55]);
    assert_eq!(controller.read(Command), status::UNLOCKED | status::COMMAND | config::SYSTEM);
    controller.write(Data, 0xee);
    assert_eq!(controller.read(Command), status::UNLOCKED | config::SYSTEM | status::OUTPUT);
}

#[test]
fn controller_commands_have_their_answers() {
    let mut controller = I8042::new();
    for (byte, answer) in [(0xa4, 0xf1), (0xab, 0), (0xa9, 2), (0xc0, 0xa0), (0xe0, 0b11), (0x20, 0x20)] {
        assert_eq!(command(&mut controller, byte), [answer], "{byte:#x}");
    }
    for silent in [0xa7, 0xa8, 0xad, 0xae, 0xdd, 0xdf, 0xff, 0x00] {
        assert_eq!(command(&mut controller, silent), [], "{silent:#x}");
    }
}

#[test]
fn ram_is_kept_and_the_auxiliary_port_stays_disabled() {
    let mut controller = I8042::new();
    for index in 0..32 {
        controller.write(Command, 0x60 | index);
        assert!(keyboard(&mut controller, 0x40 | index).is_empty());
    }
    for index in 1..32 {
        assert_eq!(command(&mut controller, 0x20 | index), [0x40 | index]);
    }
    command(&mut controller, 0xa8);
    assert_eq!(command(&mut controller, 0x20), [0x40 | config::AUX_OFF]);
}

#[test]
fn a20_and_the_output_port() {
    let mut controller = I8042::new();
    assert_eq!(command(&mut controller, 0xd0), [0xcf]);
    command(&mut controller, 0xdd);
    assert_eq!(command(&mut controller, 0xd0), [0xcd]);
    command(&mut controller, 0xdf);
    assert_eq!(command(&mut controller, 0xd0), [0xcf]);
    controller.write(Command, 0xd1);
    assert!(!controller.write(Data, 0x01));
    assert_eq!(command(&mut controller, 0xd0), [0x01]);
    controller.write(Data, 0xee);
    controller.write(Command, 0xd0);
    assert_eq!(answers(&mut controller), [0xee, 0x01 | port::KEYBOARD_FULL]);
}

#[test]
fn pulses_and_the_output_port_reset() {
    for byte in 0xf0..=0xff {
        assert_eq!(I8042::new().write(Command, byte), byte & 1 == 0, "{byte:#x}");
    }
    let mut controller = I8042::new();
    controller.write(Command, 0xd1);
    assert!(controller.write(Data, 0xfe));
    controller.write(Command, 0xd1);
    controller.write(Command, 0xae);
    assert!(!controller.write(Data, 0xfe), "a new command drops the parameter");
}

#[test]
fn bytes_for_the_auxiliary_device_time_out_and_its_output_can_be_faked() {
    let mut controller = I8042::new();
    controller.write(Command, 0x60);
    controller.write(Data, config::AUX_IRQ | config::KEYBOARD_IRQ);
    controller.write(Command, 0xd4);
    controller.write(Data, 0xff);
    let full = status::OUTPUT | status::AUX | status::TIMEOUT;
    assert_eq!(controller.read(Command) & full, full);
    assert!(controller.aux_irq() && !controller.keyboard_irq());
    assert_eq!(drain(&mut controller), [(0xfe, true)]);
    controller.write(Command, 0xd3);
    controller.write(Data, 0x5a);
    assert_eq!(drain(&mut controller), [(0x5a, true)]);
    controller.write(Command, 0xd2);
    controller.write(Data, 0x1e);
    assert!(!controller.aux_irq() && controller.keyboard_irq());
    assert_eq!(drain(&mut controller), [(0x1e, false)]);
}

#[test]
fn keyboard_commands_have_their_answers() {
    let mut controller = I8042::new();
    for (byte, answer) in [
        (0xff, &[0xfa, 0xaa][..]),
        (0xf2, &[0xfa, 0xab, 0x83]),
        (0xfe, &[0x83]),
        (0xee, &[0xee]),
        (0xf4, &[0xfa]),
        (0xf5, &[0xfa]),
        (0xf6, &[0xfa]),
        (0xf7, &[0xfa]),
        (0xed, &[0xfa]),
        (0x07, &[0xfa]),
        (0xf3, &[0xfa]),
        (0x00, &[0xfa]),
        (0xf0, &[0xfa]),
        (0x00, &[0xfa, 2]),
        (0xf0, &[0xfa]),
        (0x03, &[0xfa]),
        (0xf0, &[0xfa]),
        (0x00, &[0xfa, 3]),
        (0xf0, &[0xfa]),
        (0x04, &[0xfe]),
        (0xfb, &[0xfa]),
        (0x1c, &[0xfa]),
        (0x1b, &[0xfa]),
        (0xed, &[0xfa]),
        (0xf6, &[0xfa]),
        (0x07, &[0xfe]),
        (0xf0, &[0xfa]),
        (0x00, &[0xfa, 2]),
        (0xef, &[0xfe]),
    ] {
        assert_eq!(keyboard(&mut controller, byte), answer, "{byte:#x}");
    }
}

#[test]
fn the_identification_is_translated_if_asked_for() {
    let mut controller = I8042::new();
    controller.write(Command, 0x60);
    controller.write(Data, config::TRANSLATE);
    assert_eq!(keyboard(&mut controller, 0xf2), [0xfa, 0xab, 0x41]);
}

#[test]
fn a_disabled_keyboard_waits() {
    let mut controller = I8042::new();
    command(&mut controller, 0xad);
    controller.key(Key::A, true);
    assert!(answers(&mut controller).is_empty());
    assert_eq!(command(&mut controller, 0xae), [0x1c]);
    command(&mut controller, 0xad);
    controller.key(Key::A, false);
    assert_eq!(keyboard(&mut controller, 0xee), [0xee, 0xf0, 0x1c], "a command enables it");
    assert_eq!(command(&mut controller, 0x20), [config::AUX_OFF]);
}

#[test]
fn each_byte_is_an_edge_of_its_own() {
    let mut controller = I8042::new();
    controller.write(Data, 0xf2);
    assert!(!controller.keyboard_irq());
    controller.write(Command, 0x60);
    controller.write(Data, config::KEYBOARD_IRQ);
    for _ in 0..2 {
        assert!(controller.keyboard_irq() && !controller.take_drop());
        controller.read(Data);
        assert!(controller.take_drop());
    }
    controller.read(Data);
    assert!(!controller.keyboard_irq());
    assert_eq!(controller.read(Data), 0x83, "an empty buffer shows its last byte");
}

#[test]
fn the_input_port_can_be_polled_in_the_status() {
    let mut controller = I8042::new();
    for (poll, upper) in [(0xc1, 0x00), (0xc2, 0xa0)] {
        controller.write(Command, poll);
        controller.key(Key::A, true);
        for _ in 0..2 {
            assert_eq!(controller.read(Command), upper | status::COMMAND | status::OUTPUT);
        }
        controller.write(Command, 0xff);
        assert_eq!(controller.read(Command), status::UNLOCKED | status::COMMAND | status::OUTPUT);
        controller.read(Data);
    }
}

#[test]
fn a_command_takes_the_place_of_what_was_left_of_an_answer() {
    let mut controller = I8042::new();
    controller.write(Data, 0xf2);
    assert_eq!(keyboard(&mut controller, 0xee), [0xfa, 0xee]);
}
