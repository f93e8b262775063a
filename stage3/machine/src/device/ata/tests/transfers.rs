//! Reading and writing.

use super::*;

const READ: u8 = 0x20;
const READ_EXT: u8 = 0x24;
const READ_MULTIPLE: u8 = 0xc4;
const VERIFY_EXT: u8 = 0x42;
const WRITE: u8 = 0x30;
const WRITE_EXT: u8 = 0x34;
const WRITE_MULTIPLE: u8 = 0xc5;
const SET_MULTIPLE: u8 = 0xc6;

#[test]
fn a_read_interrupts_before_each_sector() {
    let mut channel = channel();
    short(&mut channel, READ, 700, 3);
    for sector in 700..703 {
        assert!(channel.irq());
        assert_eq!(channel.status(), DATA, "Alternate Status acknowledges nothing");
        assert!(channel.irq());
        assert_eq!(channel.read(STATUS), DATA);
        assert!(!channel.irq());
        assert_eq!(read_sector(&mut channel), sector);
    }
    assert_eq!((channel.status(), channel.irq()), (IDLE, false), "and not after the last");
    assert_eq!(place(&mut channel), [0, 0xbe, 2, 0]);
    assert_eq!(channel.read_data(), 0xffff, "nothing is left");
}

#[test]
fn a_write_interrupts_after_each_sector() {
    let mut channel = channel();
    short(&mut channel, WRITE, 5, 2);
    for word in [0xaaaa, 0xbbbb] {
        assert_eq!((channel.read(STATUS), channel.irq()), (DATA, false));
        write_sector(&mut channel, word);
        assert!(channel.irq());
    }
    assert_eq!(channel.read(STATUS), IDLE);
    short(&mut channel, READ, 4, 4);
    let sectors: Vec<u16> = (0..4).map(|_| read_sector(&mut channel)).collect();
    assert_eq!(sectors, [4, 0xaaaa, 0xbbbb, 7]);
}

#[test]
fn a_count_of_zero_is_the_most() {
    let mut channel = channel();
    short(&mut channel, READ, 0, 0);
    let sectors: Vec<u16> = (0..256).map(|_| read_sector(&mut channel)).collect();
    assert_eq!((sectors[255], channel.status()), (255, IDLE));
    // 65,536 of them are too many for a disk that lacks one.
    for (sectors, status) in [(0x1_0000, IDLE), (0xffff, FAILED)] {
        let mut large = Channel::new([Some(disk(sectors)), None]);
        extended(&mut large, VERIFY_EXT, 0, 0);
        assert_eq!(large.status(), status);
    }
}

#[test]
fn long_addresses_are_written_in_two_halves() {
    let mut channel = channel();
    extended(&mut channel, WRITE_EXT, 2998, 2);
    for word in [1, 2] {
        write_sector(&mut channel, word);
    }
    assert_eq!(channel.read(STATUS), IDLE);
    extended(&mut channel, READ_EXT, 2997, 3);
    let sectors: Vec<u16> = (0..3).map(|_| read_sector(&mut channel)).collect();
    assert_eq!(sectors, [2997, 1, 2]);
    // Where it ended: 2999 = BB7h. The upper halves can be seen, until something is written.
    assert_eq!(place(&mut channel), [0, 0xb7, 0x0b, 0]);
    channel.write_control(0x80);
    assert_eq!(place(&mut channel), [0; 4]);
    set(&mut channel, &[(LOW, 0x11), (LOW, 0x22)]);
    assert_eq!(channel.read(LOW), 0x22);
    channel.write_control(0x80);
    assert_eq!(channel.read(LOW), 0x11);
}

#[test]
fn blocks_of_several_sectors_interrupt_once() {
    let mut channel = channel();
    set(&mut channel, &[(COUNT, 4), (COMMAND, SET_MULTIPLE)]);
    assert_eq!(channel.read(STATUS), IDLE);
    short(&mut channel, READ_MULTIPLE, 100, 6);
    let mut seen = Vec::new();
    for sector in 100..106 {
        seen.push(channel.irq());
        channel.read(STATUS);
        assert_eq!(read_sector(&mut channel), sector);
    }
    assert_eq!(seen, [true, false, false, false, true, false]);
    short(&mut channel, WRITE_MULTIPLE, 100, 6);
    let mut seen = Vec::new();
    for word in 0..6 {
        write_sector(&mut channel, word);
        seen.push(channel.irq());
        channel.read(STATUS);
    }
    assert_eq!(seen, [false, false, false, true, false, true]);
    assert_eq!(channel.status(), IDLE);
}

#[test]
fn sectors_are_found_by_cylinder_head_and_sector() {
    // 3000 sectors are 2 cylinders of 16 heads and 63 sectors.
    let mut channel = channel();
    for (cylinder, head, sector, number) in [(0, 0, 1, 0), (0, 0, 63, 62), (0, 1, 1, 63), (1, 15, 63, 2015)] {
        set(&mut channel, &[(COUNT, 1), (LOW, sector), (MID, cylinder), (HIGH, 0), (DEVICE, 0xa0 | head)]);
        channel.write(COMMAND, READ);
        assert_eq!(read_sector(&mut channel), number);
        assert_eq!(place(&mut channel), [0, sector, cylinder, 0], "where it ended");
        assert_eq!(channel.read(DEVICE), 0xa0 | head);
    }
    // Across the end of a cylinder: it ends at 1, 0, 1.
    set(&mut channel, &[(COUNT, 2), (LOW, 63), (MID, 0), (HIGH, 0), (DEVICE, 0xaf), (COMMAND, READ)]);
    assert_eq!((read_sector(&mut channel), read_sector(&mut channel)), (1007, 1008));
    assert_eq!((place(&mut channel), channel.read(DEVICE)), ([0, 1, 1, 0], 0xa0));
}

#[test]
fn interrupts_can_be_switched_off_and_wait() {
    let mut channel = channel();
    channel.write_control(2);
    short(&mut channel, READ, 0, 1);
    assert!(!channel.irq());
    channel.write_control(0);
    assert!(channel.irq());
    channel.take_drop();
    short(&mut channel, READ, 1, 1);
    assert!(channel.irq() && channel.take_drop(), "a new command's interrupt is a new edge");
    assert!(!channel.take_drop());
}

#[test]
fn strings_are_as_many_words() {
    for length in [2, 6, 512, 700, 1100, 5000] {
        let (mut words, mut strings) = (channel(), channel());
        for channel in [&mut words, &mut strings] {
            short(channel, READ, 700, 4);
        }
        let mut bytes = std::vec![0; length];
        for _ in 0..2 {
            let expected: Vec<u8> = (0..length / 2).flat_map(|_| words.read_data().to_le_bytes()).collect();
            strings.read_data_string(&mut bytes);
            assert_eq!(bytes, expected, "{length}");
            assert_eq!((strings.status(), strings.irq()), (words.status(), words.irq()), "{length}");
        }
    }
    let mut nothing = Channel::default();
    let mut bytes = [0; 6];
    nothing.read_data_string(&mut bytes);
    assert_eq!(bytes, [0xff; 6], "an empty channel's lines float");
}
