//! Conversations with the controllers, and transfers.

use super::*;
use crate::memory::test_ram::TestRam;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

/// Sets channel 2 up: mode, address with page, and count less one.
fn set_up(dma: &mut Dma, mode: u8, address: u32, count: u16) {
    let [low, high, page, _] = address.to_le_bytes();
    let [count_low, count_high] = count.to_le_bytes();
    dma.write(Group::First, 12, 0);
    for (register, value) in [(4, low), (4, high), (5, count_low), (5, count_high), (11, mode | 2), (10, 2)] {
        dma.write(Group::First, register, value);
    }
    dma.write(Group::Page, 0, page);
}

#[test]
fn addresses_and_counts_are_written_and_read_in_halves() {
    let mut dma = Dma::new();
    set_up(&mut dma, 0x44, 0x12_3456, 0x789a);
    let mut read = |register| dma.read(Group::First, register);
    assert_eq!([read(4), read(4), read(5), read(5)], [0x56, 0x34, 0x9a, 0x78]);
    read(4);
    dma.write(Group::First, 12, 0);
    assert_eq!(dma.read(Group::First, 4), 0x56, "the flip-flop was cleared");
    assert_eq!(dma.read(Group::Page, 0), 0x12);
    dma.write(Group::Second, 8, 0x11);
    dma.write(Group::Second, 9, 0x22);
    assert_eq!(dma.read(Group::Second, 24 + 2), 0);
    dma.write(Group::Second, 24, 0);
    assert_eq!(dma.read(Group::Second, 9), 0x11, "each register has two ports");
}

#[test]
fn bytes_go_to_memory_until_the_count_ends() {
    let (mut dma, ram) = (Dma::new(), TestRam::new(2 << 20));
    set_up(&mut dma, 0x44, 0x1_2345, 5);
    assert!(dma.is_ready(2));
    assert_eq!(dma.to_memory(2, b"abcd", &ram), Moved { bytes: 4, is_last: false });
    assert_eq!(dma.to_memory(2, b"efgh", &ram), Moved { bytes: 2, is_last: true });
    assert_eq!(ram.peek(0x1_2344, 8), b"\0abcdef\0");
    assert!(!dma.is_ready(2), "it masked itself");
    assert_eq!((dma.read(Group::First, 8), dma.read(Group::First, 8)), (0b100, 0));
    assert_eq!((dma.read(Group::First, 5), dma.read(Group::First, 5)), (0xff, 0xff));
}

#[test]
fn a_channel_may_start_again_and_go_down() {
    let (mut dma, ram) = (Dma::new(), TestRam::new(2 << 20));
    set_up(&mut dma, 0x74, 0x2_0001, 2);
    assert!(dma.to_memory(2, b"abc", &ram).is_last);
    assert!(dma.is_ready(2));
    assert_eq!(ram.peek(0x2_0000, 2), b"ba");
    assert_eq!(ram.peek(0x2_ffff, 1), b"c", "addresses stay in their page");
    assert_eq!(dma.read(Group::First, 4), 1);
}

#[test]
fn the_direction_is_the_channels() {
    let (mut dma, ram) = (Dma::new(), TestRam::new(2 << 20));
    ram.write(Gpa(0x3_0000), b"memory").unwrap();
    let mut buffer = [0; 6];
    set_up(&mut dma, 0x48, 0x3_0000, 5);
    assert!(dma.from_memory(2, &mut buffer, &ram).is_last);
    assert_eq!(&buffer, b"memory");
    set_up(&mut dma, 0x40, 0x3_0000, 5);
    assert!(dma.to_memory(2, b"device", &ram).is_last, "verifying counts");
    assert_eq!(ram.peek(0x3_0000, 6), b"memory");
    set_up(&mut dma, 0x44, 0x3_0000, 5);
    dma.from_memory(2, &mut buffer, &ram);
    assert_eq!(buffer, [0xff; 6]);
}

#[test]
fn addresses_wrap_in_their_page_and_may_lead_nowhere() {
    let (mut dma, ram) = (Dma::new(), TestRam::new(2 << 20));
    set_up(&mut dma, 0x44, 0x1_fffe, 3);
    dma.to_memory(2, b"abcd", &ram);
    assert_eq!((ram.peek(0x1_fffe, 2), ram.peek(0x1_0000, 2)), (b"ab".to_vec(), b"cd".to_vec()));
    // The end of memory in the middle.
    set_up(&mut dma, 0x44, 0x9_fffe, 3);
    assert_eq!(dma.to_memory(2, b"abcd", &ram).bytes, 4);
    assert_eq!(ram.peek(0x9_fffe, 2), b"ab");
    set_up(&mut dma, 0x48, 0xff_fffe, 3);
    let mut buffer = [0; 4];
    dma.from_memory(2, &mut buffer, &ram);
    assert_eq!(buffer, [0xff; 4]);
}

#[test]
fn a_controller_that_is_off_or_a_masked_channel_serves_nobody() {
    let mut dma = Dma::new();
    assert!(!dma.is_ready(2), "all are masked after a reset");
    set_up(&mut dma, 0x44, 0, 0);
    dma.write(Group::First, 8, 4);
    assert!(!dma.is_ready(2));
    dma.write(Group::First, 8, 0);
    dma.write(Group::First, 10, 6);
    assert!(!dma.is_ready(2));
    dma.write(Group::First, 14, 0);
    assert!(dma.is_ready(2));
    dma.write(Group::First, 15, 4);
    assert!(!dma.is_ready(2));
    dma.write(Group::First, 14, 0);
    dma.write(Group::First, 13, 0);
    assert!(!dma.is_ready(2), "a master clear masks all");
}

proptest! {
    /// Whatever is written: a transfer moves as many bytes as the count has, where address and page say.
    #[test]
    fn transfers_are_as_long_as_their_count(
        writes in prop::collection::vec((0_u16..16, any::<u8>()), 0..60),
        address in 0_u32..0x10_0000,
        count in 0_u16..2000,
        lengths in prop::collection::vec(1_usize..700, 1..8),
    ) {
        let (mut dma, ram) = (Dma::new(), TestRam::new(2 << 20));
        for (register, value) in writes {
            dma.write(Group::First, register, value);
            dma.read(Group::First, register);
        }
        dma.write(Group::First, 13, 0);
        set_up(&mut dma, 0x44, address, count);
        let mut total = 0;
        for length in lengths {
            let bytes: Vec<u8> = vec![0xa5; length];
            let moved = dma.to_memory(2, &bytes, &ram);
            total += moved.bytes;
            prop_assert_eq!(moved.is_last, total == usize::from(count) + 1);
            if moved.is_last {
                break;
            }
        }
        prop_assert!(total <= usize::from(count) + 1);
        let page = address & 0xf_0000;
        for at in 0..total as u32 {
            let gpa = Gpa((page | (address + at) & 0xffff).into());
            let mut byte = [0xa5];
            _ = ram.read(gpa, &mut byte);
            prop_assert_eq!(byte, [0xa5]);
        }
    }
}
