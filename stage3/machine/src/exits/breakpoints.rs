//! Breakpoints on ports, of instructions that exit: the processor does not look at them (Intel SDM volume 3, "Debug
//! Control Register (DR7)", "Breakpoint Field Recognition", "I/O Breakpoint Exception Conditions"; AMD APM volume 2,
//! "I/O Breakpoints").

use crate::port::Size;
use crate::vcpu::{Vcpu, CR4_DE, DR7_ENABLED};

/// DR7.R/W: input and output, with CR4.DE.
const INPUT_OR_OUTPUT: u64 = 2;
/// Bytes by DR7.LEN. The third is undefined for ports; for data it is 8.
const LENGTHS: [u64; 4] = [1, 2, 8, 4];

/// The enabled breakpoints that an access of `size` to `port` meets, as bits of DR6.
pub fn met<V: Vcpu>(vcpu: &V, port: u16, size: Size) -> u64 {
    let dr7 = vcpu.dr7();
    if dr7 & DR7_ENABLED == 0 || vcpu.cr4() & CR4_DE == 0 {
        return 0;
    }
    let first = u64::from(port);
    let last = first + u64::from(size.bytes()) - 1;
    let mut met = 0;
    for (number, address) in vcpu.breakpoint_addresses().into_iter().enumerate() {
        let is_enabled = dr7 >> (2 * number) & 3 != 0;
        let control = dr7 >> (16 + 4 * number);
        let length = LENGTHS[(control >> 2 & 3) as usize];
        // The address is aligned, whatever its low bits say.
        let start = address & !(length - 1);
        let overlaps = start <= last && first <= start + (length - 1);
        if is_enabled && control & 3 == INPUT_OR_OUTPUT && overlaps {
            met |= 1 << number;
        }
    }
    met
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exits::mock::MockVcpu;

    /// Breakpoints that an access meets when this address is in DR0, with this LEN and R/W, and enabled so in DR7.
    fn meets(address: u64, control: u64, enabled: u64, port: u16, size: Size) -> bool {
        let mut vcpu = MockVcpu { dr7: control << 16 | enabled, ..MockVcpu::default() };
        vcpu.state.cr4 = CR4_DE;
        vcpu.breakpoints = [address, 0, 0, 0];
        met(&vcpu, port, size) == 1
    }

    #[test]
    fn bytes_that_overlap_meet() {
        let one_byte = |port, size| meets(0x3fd, 0b0010, 2, port, size);
        let met = [(0x3fd, Size::Byte), (0x3fc, Size::Word), (0x3fa, Size::Dword), (0x3fd, Size::Dword)];
        assert!(met.into_iter().all(|(port, size)| one_byte(port, size)));
        let missed = [(0x3fc, Size::Byte), (0x3fe, Size::Dword), (0x3fb, Size::Word), (0x3f9, Size::Dword)];
        assert!(!missed.into_iter().any(|(port, size)| one_byte(port, size)));
    }

    #[test]
    fn a_range_is_aligned_to_its_length() {
        for (len, length) in [(1, 2), (3, 4), (2, 8)] {
            let start = 0x60 / length * length;
            let port = |port| meets(0x60 + length - 1, len << 2 | 2, 1, port, Size::Byte);
            let ports: std::vec::Vec<u16> = (0x50..0x80).filter(|number| port(*number)).collect();
            assert_eq!(ports, (start as u16..(start + length) as u16).collect::<std::vec::Vec<_>>());
        }
        assert!(!meets(u64::MAX, 0b1010, 1, 0xffff, Size::Byte), "the address has 64 bits");
        assert!(meets(0xffff, 0b0010, 1, 0xffff, Size::Dword), "the last port");
    }

    #[test]
    fn only_enabled_breakpoints_on_ports_count() {
        let port = |control, enabled| meets(0x60, control, enabled, 0x60, Size::Byte);
        assert!(port(0b0010, 0b01) && port(0b0010, 0b10));
        assert!(!port(0b0010, 0) && !port(0b0010, 0b1100), "not enabled");
        assert!(![0b0000, 0b0001, 0b0011].into_iter().any(|control| port(control, 3)), "code and data");
        let mut vcpu =
            MockVcpu { dr7: 0x2222_00ff, breakpoints: [0x60, 0x61, 0x60, 0], ..MockVcpu::default() };
        assert_eq!(met(&vcpu, 0x60, Size::Byte), 0, "without CR4.DE");
        vcpu.state.cr4 = CR4_DE;
        assert_eq!(met(&vcpu, 0x60, Size::Byte), 0b0101);
        assert_eq!(met(&vcpu, 0x60, Size::Word), 0b0111);
    }
}
