use super::*;
use proptest::prelude::*;

const SIZES: [Size; 3] = [Size::Byte, Size::Word, Size::Dword];

/// CONFIG_ADDRESS for a register of a function.
fn address(bus: u8, device: u8, function: u8, register: u8) -> u32 {
    ADDRESS_ENABLE
        | u32::from(bus) << 16
        | u32::from(device) << 11
        | u32::from(function) << 8
        | u32::from(register)
}

impl Pci {
    fn read_config(&mut self, address: u32) -> u32 {
        self.write(Register::Address, Size::Dword, address);
        self.read(Register::Data(0), Size::Dword)
    }
}

#[test]
fn probing_finds_the_mechanism() {
    let mut pci = Pci::new();
    assert_eq!(pci.read(Register::Address, Size::Dword), 0);
    pci.write(Register::Address, Size::Dword, 0x8000_0000);
    assert_eq!(pci.read(Register::Address, Size::Dword), 0x8000_0000);
    pci.write(Register::Address, Size::Dword, 0xffff_ffff);
    assert_eq!(pci.read(Register::Address, Size::Dword), 0x80ff_fffc);
}

#[test]
fn ports_belong_to_the_bus_where_the_access_has_the_right_size() {
    for port in 0..=u16::MAX {
        for size in SIZES {
            let expected = match (port, size) {
                (0xcf8, Size::Dword) => Some(Register::Address),
                (0xcfc..=0xcff, Size::Byte) | (0xcfc..=0xcfe, Size::Word) | (0xcfc, Size::Dword) => {
                    Some(Register::Data((port - 0xcfc) as u8))
                }
                _ => None,
            };
            assert_eq!(Register::at(port, size), expected, "{port:#x} {size:?}");
        }
    }
}

#[test]
fn the_bus_is_empty_but_for_its_host_bridge() {
    let mut pci = Pci::new();
    for bus in [0, 1, 0xff] {
        for device in 0..32 {
            for function in 0..8 {
                let id = pci.read_config(address(bus, device, function, 0));
                let expected = if (bus, device, function) == (0, 0, 0) { 0x0d57_8086 } else { u32::MAX };
                assert_eq!(id, expected, "{bus:02x}:{device:02x}.{function}");
            }
        }
    }
    assert_eq!(pci.read_config(address(0, 0, 0, 0x08)), 0x0600_0000);
    assert_eq!(pci.read_config(address(0, 0, 0, 0x04)), 0x0000_0006);
    // Header type 0, one function; no BAR, no capabilities.
    for register in (0x0c..=0xfc).step_by(4) {
        assert_eq!(pci.read_config(address(0, 0, 0, register)), 0, "{register:#x}");
    }
}

#[test]
fn data_floats_and_ignores_writes_while_the_address_is_not_enabled() {
    let mut pci = Pci::new();
    pci.add(Location::new(1, 0), ConfigSpace::default().with(0x40, Size::Dword, 1, u32::MAX)).unwrap();
    let register = address(0, 1, 0, 0x40);
    pci.write(Register::Address, Size::Dword, register & !ADDRESS_ENABLE);
    for size in SIZES {
        assert_eq!(pci.read(Register::Data(0), size), size.mask());
        pci.write(Register::Data(0), size, 0x55);
    }
    assert_eq!(pci.read_config(register), 1);
}

#[test]
fn two_functions_cant_be_at_the_same_place() {
    let mut pci = Pci::new();
    let bridge = pci.function(Location::new(0, 0)).cloned();
    assert_eq!(pci.add(Location::new(0, 0), ConfigSpace::default()), Err(Taken(Location::new(0, 0))));
    assert_eq!(pci.function(Location::new(0, 0)).cloned(), bridge);
    assert_eq!(pci.add(Location::new(0, 1), ConfigSpace::default()), Ok(()));
    assert_eq!(pci.add(Location::new(0, 1), ConfigSpace::default()), Err(Taken(Location::new(0, 1))));
}

#[test]
fn what_is_behind_the_end_of_configuration_space_is_not_there() {
    let mut space = ConfigSpace::default().with(0xfe, Size::Dword, 0x4433_2211, u32::MAX);
    assert_eq!(space.read(0xfe, Size::Dword), 0x2211);
    space.write(0xff, Size::Dword, 0x8877_6655);
    assert_eq!(space.read(0xfc, Size::Dword), 0x5511_0000);
    assert_eq!(space.read(0x00, Size::Dword), 0);
}

/// An access to CONFIG_DATA: register, byte of the data ports, size, and the value if it is a write.
fn access() -> impl Strategy<Value = (u8, u16, Size, Option<u32>)> {
    let place = (prop::sample::select(&SIZES[..]), any::<u8>(), 0_u16..4, any::<bool>(), any::<u32>());
    place.prop_map(|(size, register, byte, write, value)| {
        (register, byte.min(4 - size.bytes()), size, write.then_some(value))
    })
}

/// Values of CONFIG_ADDRESS; half of them lead to the host bridge.
fn any_address() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), any::<u8>().prop_map(|register| address(0, 0, 0, register))]
}

proptest! {
    #[test]
    fn accesses_agree_with_an_array(
        initial in prop::collection::vec(any::<u32>(), 64),
        writable in prop::collection::vec(any::<u32>(), 64),
        accesses in prop::collection::vec(access(), 0..60),
    ) {
        let mut space = ConfigSpace::default();
        for (register, (value, writable)) in (0..=0xfc).step_by(4).zip(initial.iter().zip(&writable)) {
            space = space.with(register, Size::Dword, *value, *writable);
        }
        let bytes = |dwords: &[u32]| dwords.iter().flat_map(|dword| dword.to_le_bytes()).collect::<Vec<u8>>();
        let (mut reference, writable) = (bytes(&initial), bytes(&writable));
        let mut pci = Pci::new();
        pci.add(Location::new(3, 5), space).unwrap();
        for (register, byte, size, value) in accesses {
            pci.write(Register::Address, Size::Dword, address(0, 3, 5, register));
            let target = Register::at(DATA_PORT + byte, size).unwrap();
            let start = usize::from(register & 0xfc) + usize::from(byte);
            let range = start..start + usize::from(size.bytes());
            if let Some(value) = value {
                pci.write(target, size, value);
                for (at, byte) in range.clone().zip(value.to_le_bytes()) {
                    for bit in (0..8).filter(|bit| writable[at] & 1 << bit != 0) {
                        reference[at] = (reference[at] & !(1 << bit)) | (byte & 1 << bit);
                    }
                }
            }
            let expected = range.rev().fold(0, |value, at| value << 8 | u32::from(reference[at]));
            prop_assert_eq!(pci.read(target, size), expected);
        }
    }

    #[test]
    fn no_access_panics(
        accesses in prop::collection::vec((any_address(), any::<u8>(), any::<u32>()), 0..60),
    ) {
        let mut pci = Pci::new();
        for (address, byte, value) in accesses {
            pci.write(Register::Address, Size::Dword, address);
            for size in SIZES {
                pci.write(Register::Data(byte), size, value);
                let read = pci.read(Register::Data(byte), size);
                prop_assert_eq!(read & !size.mask(), 0);
            }
        }
        // And nothing of that changed the host bridge.
        prop_assert_eq!(pci.function(Location::new(0, 0)), Some(&host_bridge::config_space()));
    }
}
