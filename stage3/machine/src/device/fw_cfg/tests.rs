use super::*;
use crate::memory::test_ram::TestRam;
use crate::memory::{Gpa, GuestMemory};
use proptest::prelude::*;
use std::string::String;
use std::{format, vec};

const MIB: u64 = 1 << 20;
/// Where tests put their commands and what they read.
const COMMAND: u64 = 0x1000;
const BUFFER: u64 = 0x2000;
const ERROR: u32 = 1;
const READ: u32 = 2;
const SKIP: u32 = 4;
const SELECT: u32 = 8;
const WRITE: u32 = 16;

fn device() -> FwCfg {
    let mut device = FwCfg::new(RamLayout::new(64 * MIB), 1);
    device.add(File { name: "opt/letters".into(), content: b"abcdefgh".as_slice().into() });
    device
}

/// Selects an item and reads it by the data port.
fn item(device: &mut FwCfg, key: u16, bytes: usize) -> Vec<u8> {
    assert!(!device.write(Register::Selector, key.into()));
    (0..bytes).map(|_| device.read(1)).collect()
}

/// Executes a command; gives its control word afterwards.
fn command(device: &mut FwCfg, ram: &TestRam, control: u32, length: u32, address: u64) -> u32 {
    let bytes = [&control.to_be_bytes()[..], &length.to_be_bytes(), &address.to_be_bytes()].concat();
    ram.write(Gpa(COMMAND), &bytes).unwrap();
    start(device, ram, COMMAND);
    u32::from_be_bytes(ram.peek(COMMAND, 4).try_into().unwrap())
}

fn start(device: &mut FwCfg, ram: &TestRam, at: u64) {
    assert!(!device.write(Register::AddressHigh, ((at >> 32) as u32).swap_bytes()));
    assert!(device.write(Register::AddressLow, (at as u32).swap_bytes()));
    device.transfer(ram);
}

/// Key and length of a file, by the directory.
fn find(device: &mut FwCfg, name: &str) -> Option<(u16, u32)> {
    let count = u32::from_be_bytes(item(device, key::DIRECTORY, 4).try_into().unwrap());
    (0..count).find_map(|_| {
        let entry: Vec<u8> = (0..64).map(|_| device.read(1)).collect();
        let length = u32::from_be_bytes(entry[..4].try_into().unwrap());
        let key = u16::from_be_bytes(entry[4..6].try_into().unwrap());
        let text = String::from_utf8(entry[8..].to_vec()).unwrap();
        assert_eq!(entry[6..8], [0; 2]);
        (text.trim_end_matches('\0') == name).then_some((key, length))
    })
}

#[test]
fn it_is_found_by_its_signature_and_features() {
    let mut device = device();
    assert_eq!(item(&mut device, 0, 6), *b"QEMU\0\0");
    assert_eq!(item(&mut device, 1, 4), [3, 0, 0, 0]);
    let signature: Vec<u8> = (0..8).map(FwCfg::read_address).collect();
    assert_eq!(signature, *b"QEMU CFG");
    assert_eq!(device.read(0), 0xff, "the selector is not there to be read");
}

#[test]
fn the_computer_is_described() {
    let mut device = FwCfg::new(RamLayout::new(0x1_0000_0000), 3);
    assert_eq!(item(&mut device, 0x03, 8), 0x1_0000_0000_u64.to_le_bytes());
    assert_eq!(item(&mut device, 0x05, 2), [3, 0]);
    assert_eq!(item(&mut device, 0x0f, 2), [3, 0]);
    assert_eq!(item(&mut device, 0x02, 16), [0; 16], "no UUID: zeros, as all that is not there");
    let (key, length) = find(&mut device, "etc/e820").unwrap();
    assert_eq!((key, length), (0x20, 40));
    let map = item(&mut device, key, 40);
    let number = |at: usize| u64::from_le_bytes(map[at..at + 8].try_into().unwrap());
    assert_eq!((number(0), number(8), map[16]), (0, 0xc000_0000, 1));
    assert_eq!((number(20), number(28), map[36]), (0x1_0000_0000, 0x4000_0000, 1));
}

#[test]
fn files_are_found_by_name_and_end_in_zeros() {
    let mut device = device();
    assert_eq!(find(&mut device, "opt/letters"), Some((0x21, 8)));
    assert_eq!(find(&mut device, "opt/letter"), None);
    assert_eq!(item(&mut device, 0x21, 10), *b"abcdefgh\0\0");
    let long = "x".repeat(60);
    device.add(File { name: long.clone().into(), content: Vec::new().into() });
    assert_eq!(find(&mut device, &long[..55]), Some((0x22, 0)), "names end with a zero in 56 bytes");
}

#[test]
fn registers_take_accesses_of_their_size_only() {
    for (port, size, register) in [
        (0x510, Size::Word, Some(Register::Selector)),
        (0x510, Size::Byte, None),
        (0x510, Size::Dword, None),
        (0x511, Size::Byte, None),
        (0x514, Size::Dword, Some(Register::AddressHigh)),
        (0x518, Size::Dword, Some(Register::AddressLow)),
        (0x518, Size::Word, None),
        (0x516, Size::Dword, None),
    ] {
        assert_eq!(Register::at(port, size), register, "{port:#x} {size:?}");
    }
}

#[test]
fn a_command_copies_what_the_data_port_would_give() {
    let (mut device, ram) = (device(), TestRam::new(1 << 20));
    ram.write(Gpa(BUFFER), &[0xee; 16]).unwrap();
    assert_eq!(command(&mut device, &ram, 0x21 << 16 | SELECT | READ, 10, BUFFER), 0);
    assert_eq!(ram.peek(BUFFER, 11), *b"abcdefgh\0\0\xee");
    assert_eq!(command(&mut device, &ram, 0x21 << 16 | SELECT | SKIP, 3, 0), 0);
    assert_eq!(device.read(1), b'd', "data port and commands go on where the other ended");
    assert_eq!(command(&mut device, &ram, READ, 2, BUFFER), 0);
    assert_eq!(ram.peek(BUFFER, 2), *b"ef");
    assert_eq!(command(&mut device, &ram, 0, 100, BUFFER), 0, "nothing asked, nothing done");
    assert_eq!(device.read(1), b'g');
    assert_eq!(command(&mut device, &ram, 0x77 << 16 | SELECT | READ, 0x1_2345, 0x3000), 0);
    assert_eq!(ram.peek(0x3000, 0x1_2345), vec![0; 0x1_2345], "an item that is not there is zeros");
}

#[test]
fn what_can_t_be_done_is_an_error() {
    let (mut device, ram) = (device(), TestRam::new(1 << 20));
    for (control, length, address) in [
        (READ, 4, 0xf_fffe),
        (READ, 4, 0x9_fffe),
        (READ, 4, u64::MAX - 1),
        (READ, u32::MAX, 0),
        (WRITE, 4, BUFFER),
    ] {
        assert_eq!(
            command(&mut device, &ram, control, length, address),
            ERROR,
            "{control} {length} {address:#x}"
        );
    }
    assert_eq!(ram.peek(0xf_fffe, 2), [0; 2], "nothing of it was copied");
    let large = TestRam::new(24 << 20);
    assert_eq!(command(&mut device, &large, READ, 0x100_0000, 0x10_0000), 0);
    assert_eq!(command(&mut device, &large, READ, 0x100_0001, 0x10_0000), ERROR, "too much at once");
    // The descriptor itself is nowhere: nobody can be told.
    for at in [0xa_0000, 0x10_0000, u64::MAX - 8] {
        start(&mut device, &ram, at);
    }
}

proptest! {
    /// Whatever a guest puts into descriptors, they end and reach nothing but RAM.
    #[test]
    fn any_command_ends(commands in prop::collection::vec((any::<[u32; 4]>(), 0..0x12_0000_u64), 1..20)) {
        let (mut device, ram) = (device(), TestRam::new(1 << 20));
        for ([control, length, high, low], at) in commands {
            let bytes: Vec<u8> = [control, length >> (control % 32), high & control, low]
                .iter().flat_map(|word| word.to_be_bytes()).collect();
            let written = ram.write(Gpa(at), &bytes).is_ok();
            start(&mut device, &ram, at);
            if written {
                let control = u32::from_be_bytes(ram.peek(at, 4).try_into().unwrap());
                // A command may copy zeros or letters over its own descriptor; the last word is the device's.
                prop_assert!(control <= ERROR, "{}", format!("{control:#x}"));
            }
        }
    }
}
