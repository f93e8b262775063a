//! What can't be done, and how the drive says so.

use super::*;

const ABORT: u8 = 1 << 2;
const NOT_FOUND: u8 = 1 << 4;

/// The command failed with this error.
fn fails(channel: &mut Channel, error: u8) {
    assert!(channel.irq());
    assert_eq!((channel.read(STATUS), channel.read(ERROR)), (FAILED, error));
    assert!(!channel.irq());
    assert_eq!(channel.read_data(), 0xffff, "no data are there");
}

#[test]
fn commands_that_do_not_exist_are_aborted() {
    let mut channel = channel();
    // NOP, DEVICE RESET, PACKET, IDENTIFY PACKET DEVICE, SMART, READ DMA, READ NATIVE MAX, SECURITY, ...
    for code in [0x00, 0x08, 0xa0, 0xa1, 0xb0, 0xc8, 0xca, 0x25, 0x35, 0xf5, 0xf8, 0x9a, 0xff] {
        channel.write(COMMAND, code);
        fails(&mut channel, ABORT);
    }
    channel.write(COMMAND, 0xe7);
    assert_eq!((channel.read(STATUS), channel.read(ERROR)), (IDLE, 0), "the next one knows nothing of it");
}

#[test]
fn parameters_that_are_not_supported_are_aborted() {
    let mut channel = channel();
    for (code, features, count) in [
        (0xef, 0x01, 0),
        (0xef, 0x99, 0),
        (0xef, 0x03, 0x20),
        (0xef, 0x03, 0x45),
        (0xef, 0x03, 0x0d),
        (0xc6, 0, 3),
        (0xc6, 0, 32),
        (0x91, 0, 0),
    ] {
        set(&mut channel, &[(FEATURES, features), (COUNT, count), (COMMAND, code)]);
        fails(&mut channel, ABORT);
    }
    for code in [0xc4, 0xc5, 0x29, 0x39] {
        short(&mut channel, code, 0, 1);
        fails(&mut channel, ABORT);
    }
}

#[test]
fn sectors_behind_the_end_are_not_found() {
    let mut channel = channel();
    for code in [0x20, 0x21, 0x30, 0x31, 0x40] {
        short(&mut channel, code, 3000, 1);
        fails(&mut channel, NOT_FOUND);
        assert_eq!(place(&mut channel), [1, 0xb8, 0x0b, 0], "{code:x}");
        short(&mut channel, code, 0x0fff_ffff, 0);
        fails(&mut channel, NOT_FOUND);
    }
    for code in [0x24, 0x34, 0x42] {
        extended(&mut channel, code, 0xffff_ffff_ffff, 0);
        fails(&mut channel, NOT_FOUND);
    }
    set(&mut channel, &[(LOW, 0xb8), (MID, 0xb), (HIGH, 0), (DEVICE, 0xe0), (COMMAND, 0x70)]);
    fails(&mut channel, ABORT);
}

#[test]
fn a_transfer_ends_with_the_last_sector_that_there_is() {
    let mut channel = channel();
    short(&mut channel, 0x20, 2998, 4);
    assert_eq!((read_sector(&mut channel), read_sector(&mut channel)), (2998, 2999));
    fails(&mut channel, NOT_FOUND);
    assert_eq!(place(&mut channel), [2, 0xb8, 0x0b, 0], "the first that is missing, and how many are");
    // A block gets shorter.
    set(&mut channel, &[(COUNT, 4), (COMMAND, 0xc6)]);
    short(&mut channel, 0xc5, 2997, 8);
    for word in [1, 2, 3] {
        write_sector(&mut channel, word);
    }
    fails(&mut channel, NOT_FOUND);
    short(&mut channel, 0x40, 2990, 20);
    fails(&mut channel, NOT_FOUND);
    assert_eq!(place(&mut channel), [10, 0xb8, 0x0b, 0]);
}

#[test]
fn places_that_a_geometry_does_not_have_are_not_found() {
    let mut channel = channel();
    // Sector 0, sector 64, cylinder 2; and head 4, when there are 4.
    for (cylinder, head, sector) in [(0, 0, 0), (0, 0, 64), (2, 0, 1)] {
        set(&mut channel, &[(COUNT, 1), (LOW, sector), (MID, cylinder), (HIGH, 0), (DEVICE, 0xa0 | head)]);
        channel.write(COMMAND, 0x20);
        fails(&mut channel, NOT_FOUND);
    }
    set(&mut channel, &[(DEVICE, 0xa3), (COUNT, 17), (COMMAND, 0x91)]);
    set(&mut channel, &[(COUNT, 1), (LOW, 1), (MID, 0), (HIGH, 0), (DEVICE, 0xa4), (COMMAND, 0x20)]);
    fails(&mut channel, NOT_FOUND);
}

#[test]
fn without_memory_a_write_is_a_fault_of_the_drive() {
    let mut channel = Channel::new([Some(Drive::new(Medium::new(&[0; 4 * SECTOR]))), None]);
    short(&mut channel, 0x30, 1, 1);
    write_sector(&mut channel, 5);
    assert!(channel.irq());
    assert_eq!((channel.read(STATUS), channel.read(ERROR)), (FAILED | 0x20, ABORT));
    short(&mut channel, 0x20, 1, 1);
    assert_eq!(read_sector(&mut channel), 0, "what was there is there");
}
