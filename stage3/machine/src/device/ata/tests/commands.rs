//! The other commands, resets, and two drives on one channel.

use super::*;

/// A command with these features and count; its status, once it is done.
fn command(channel: &mut Channel, code: u8, features: u8, count: u8) -> u8 {
    set(channel, &[(FEATURES, features), (COUNT, count), (COMMAND, code)]);
    assert!(channel.irq(), "{code:x}");
    let status = channel.read(STATUS);
    assert!(!channel.irq());
    status
}

fn identify(channel: &mut Channel) -> Vec<u16> {
    channel.write(COMMAND, 0xec);
    assert!(channel.irq());
    assert_eq!(channel.read(STATUS), DATA);
    let words = (0..256).map(|_| channel.read_data()).collect();
    assert_eq!((channel.status(), channel.irq()), (IDLE, false));
    words
}

#[test]
fn a_drive_tells_what_it_is() {
    let mut channel = channel();
    let words = identify(&mut channel);
    let text = |words: &[u16]| -> Vec<u8> { words.iter().flat_map(|word| word.to_be_bytes()).collect() };
    assert_eq!((words[0], words[1], words[3], words[6]), (0x40, 2, 16, 63));
    assert!(text(&words[10..20]).starts_with(b"PXHV0000"), "{words:x?}");
    assert!(text(&words[27..47]).starts_with(b"pxHV disk          "), "{words:x?}");
    assert_eq!((words[47], words[49] >> 8 & 0b11), (0x8010, 0b10), "by number, and no DMA");
    assert_eq!((words[54], words[55], words[56], words[57], words[58]), (2, 16, 63, 2016, 0));
    assert_eq!((words[60], words[61], words[100], words[101]), (3000, 0, 3000, 0));
    assert_eq!((words[63], words[88]), (0, 0), "no DMA modes");
    assert_eq!(words[83] >> 10 & 1, 1, "48 bits");
    assert_eq!(words[93] & 0xdf61, 0x4041, "device 0 answers for device 1, which is not there");
    let bytes = words.iter().copied().flat_map(u16::to_le_bytes);
    let sum = bytes.fold(0_u8, u8::wrapping_add);
    assert_eq!((sum, words[255] & 0xff), (0, 0xa5));
}

#[test]
fn settings_are_told_and_end_with_a_reset_unless_they_are_to_be_kept() {
    for keep in [false, true] {
        let mut channel = channel();
        assert_eq!(command(&mut channel, 0xef, if keep { 0x66 } else { 0xcc }, 0), IDLE);
        assert_eq!(command(&mut channel, 0xef, 0x82, 0), IDLE);
        assert_eq!(command(&mut channel, 0xef, 0x55, 0), IDLE);
        assert_eq!(command(&mut channel, 0xc6, 0, 8), IDLE);
        // 4 heads of 17 sectors.
        channel.write(DEVICE, 0xa3);
        assert_eq!(command(&mut channel, 0x91, 0, 17), IDLE);
        let words = identify(&mut channel);
        assert_eq!((words[59], words[85], words[54], words[55], words[56]), (0x108, 8, 44, 4, 17));
        assert_eq!((words[1], words[3], words[6]), (2, 16, 63), "what it was made with");
        channel.write_control(4);
        channel.write_control(0);
        let words = identify(&mut channel);
        let expected = if keep { (0x108, 8, 4) } else { (0, 0x68, 16) };
        assert_eq!((words[59], words[85], words[55]), expected, "kept: {keep}");
    }
}

#[test]
fn a_reset_leaves_the_signature() {
    let mut channel = channel();
    short(&mut channel, 0x20, 9, 9);
    channel.write_control(4);
    assert_eq!((channel.status(), channel.irq()), (0x80, false), "busy as long as it lasts");
    short(&mut channel, 0x20, 9, 9);
    channel.write_control(0);
    assert_eq!((channel.status(), channel.irq(), channel.read(ERROR)), (IDLE, false, 1));
    assert_eq!((place(&mut channel), channel.read(DEVICE)), ([1, 1, 0, 0], 0));
    assert_eq!(channel.read_data(), 0xffff, "the transfer is gone");
}

#[test]
fn diagnostics_leave_it_too_and_interrupt() {
    let mut channel = Channel::new([Some(disk(10)), Some(disk(20))]);
    set(&mut channel, &[(DEVICE, 0xb0), (COUNT, 7), (COMMAND, 0x90)]);
    assert!(channel.irq());
    assert_eq!((channel.read(STATUS), channel.read(ERROR)), (IDLE, 1));
    assert_eq!((place(&mut channel), channel.read(DEVICE)), ([1, 1, 0, 0], 0));
}

#[test]
fn power_modes_are_remembered() {
    let mut channel = channel();
    let check = |channel: &mut Channel, code| {
        assert_eq!(command(channel, code, 0, 0x55), IDLE);
        channel.read(COUNT)
    };
    for (standby, idle, mode) in
        [(0xe0, 0xe1, 0xe5), (0xe2, 0xe3, 0xe5), (0x94, 0x95, 0x98), (0x96, 0x97, 0x98)]
    {
        assert_eq!(check(&mut channel, mode), 0xff);
        assert_eq!(command(&mut channel, standby, 0, 0), IDLE);
        assert_eq!(check(&mut channel, mode), 0, "{standby:x}");
        assert_eq!(command(&mut channel, idle, 0, 0), IDLE);
        assert_eq!(check(&mut channel, mode), 0xff, "{idle:x}");
    }
    for sleep in [0xe6, 0x99] {
        command(&mut channel, sleep, 0, 0);
        assert_eq!(check(&mut channel, 0xe5), 0);
        // Whoever wants data wakes it.
        short(&mut channel, 0x20, 0, 1);
        read_sector(&mut channel);
        assert_eq!(check(&mut channel, 0xe5), 0xff);
    }
}

#[test]
fn what_has_nothing_to_do_succeeds() {
    let mut channel = channel();
    for code in [0x10, 0x1f, 0xe7, 0xea] {
        assert_eq!(command(&mut channel, code, 0, 0), IDLE, "{code:x}");
    }
    for mode in [0x00, 0x01, 0x08, 0x0c] {
        assert_eq!(command(&mut channel, 0xef, 3, mode), IDLE, "{mode:x}");
    }
    // Seek, to the last sector.
    set(&mut channel, &[(LOW, 0xb7), (MID, 0xb), (HIGH, 0), (DEVICE, 0xe0), (COMMAND, 0x70)]);
    assert_eq!(channel.read(STATUS), IDLE);
    short(&mut channel, 0x40, 2990, 10);
    assert_eq!((channel.read(STATUS), place(&mut channel)), (IDLE, [0, 0xb7, 0xb, 0]));
    extended(&mut channel, 0x42, 0, 3000);
    assert_eq!(channel.read(STATUS), IDLE);
}

#[test]
fn two_drives_share_the_registers_and_not_the_rest() {
    let mut channel = Channel::new([Some(disk(10)), Some(disk(20))]);
    set(&mut channel, &[(COUNT, 1), (LOW, 15), (MID, 0), (HIGH, 0), (DEVICE, 0xf0), (COMMAND, 0x20)]);
    assert_eq!((channel.read(STATUS), channel.irq()), (DATA, false));
    channel.write(DEVICE, 0xe0);
    assert_eq!((channel.read(STATUS), channel.read_data()), (IDLE, 0xffff), "the first has nothing");
    channel.write(DEVICE, 0xf0);
    assert_eq!(read_sector(&mut channel), 15);
    let words = identify(&mut channel);
    assert_eq!((words[60], words[93] >> 8 & 1), (20, 1));
    channel.write(DEVICE, 0xe0);
    let words = identify(&mut channel);
    assert_eq!((words[60], words[93] & 0x41), (10, 1), "it does not answer for the other");
}

#[test]
fn a_drive_that_is_not_there_is_seen_to_be_missing() {
    let mut channel = channel();
    set(&mut channel, &[(DEVICE, 0xb0), (COUNT, 0x55), (LOW, 0xaa)]);
    assert_eq!((channel.read(DEVICE), channel.read(COUNT), channel.read(LOW)), (0xb0, 0x55, 0xaa));
    assert_eq!(channel.read(STATUS), 0);
    channel.write(COMMAND, 0xec);
    assert_eq!((channel.read(STATUS), channel.irq(), channel.read_data()), (0, false, 0xffff));
    let mut nothing = Channel::default();
    nothing.write(COMMAND, 0xec);
    assert_eq!((nothing.read(COUNT), nothing.read_data()), (0xff, 0xffff));
}
