//! I/O ports: access sizes, the register-width rule, and the map from ports to devices.

use alloc::vec::Vec;
use core::ops::Range;

/// Operand size of a port or memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Size {
    /// 8 bits.
    Byte = 1,
    /// 16 bits.
    Word = 2,
    /// 32 bits.
    Dword = 4,
}

impl Size {
    /// From a number of bytes.
    #[must_use]
    pub const fn from_bytes(bytes: u32) -> Option<Self> {
        match bytes {
            1 => Some(Self::Byte),
            2 => Some(Self::Word),
            4 => Some(Self::Dword),
            _ => None,
        }
    }

    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> u16 {
        self as u16
    }

    /// All bits of an operand of this size: also what a read from no device gives, since the lines
    /// of the bus float high.
    #[must_use]
    pub const fn mask(self) -> u32 {
        u32::MAX >> (32 - 8 * self as u32)
    }

    /// What RAX holds after an IN of this size: AL and AX leave the other bits alone, a 32-bit result
    /// clears the upper half (Intel SDM, "General-Purpose Registers in 64-Bit Mode").
    #[must_use]
    pub const fn merge(self, rax: u64, value: u32) -> u64 {
        match self {
            Self::Byte => (rax & !0xff) | (value & 0xff) as u64,
            Self::Word => (rax & !0xffff) | (value & 0xffff) as u64,
            Self::Dword => value as u64,
        }
    }
}

/// Two devices claim the same port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// What was to be registered.
    pub wanted: Range<u16>,
    /// What was there already.
    pub taken: Range<u16>,
}

/// Which device `D` answers at which ports. Ranges never overlap.
#[derive(Clone, Debug)]
pub struct PortMap<D> {
    /// Sorted by first port.
    ranges: Vec<(Range<u16>, D)>,
    /// Which of them was found last: what polls a port does it again.
    last: usize,
}

impl<D> Default for PortMap<D> {
    fn default() -> Self {
        Self { ranges: Vec::new(), last: 0 }
    }
}

impl<D: Copy> PortMap<D> {
    /// Gives `ports` to `device`.
    ///
    /// # Errors
    /// [`Overlap`] if one of them is taken; nothing changes then.
    pub fn register(&mut self, ports: Range<u16>, device: D) -> Result<(), Overlap> {
        let at = self.ranges.partition_point(|(range, _)| range.end <= ports.start);
        if let Some((taken, _)) = self.ranges.get(at) {
            if taken.start < ports.end {
                return Err(Overlap { wanted: ports, taken: taken.clone() });
            }
        }
        self.ranges.insert(at, (ports, device));
        Ok(())
    }

    /// The device at `port` and the offset from the start of its range.
    #[must_use]
    #[inline]
    pub fn find(&mut self, port: u16) -> Option<(D, u16)> {
        if let Some((range, device)) = self.ranges.get(self.last).filter(|(range, _)| range.contains(&port)) {
            return Some((*device, port - range.start));
        }
        self.search(port)
    }

    /// The same, by all of them.
    #[inline(never)]
    fn search(&mut self, port: u16) -> Option<(D, u16)> {
        self.last = self.ranges.partition_point(|(range, _)| range.end <= port);
        let (range, device) = self.ranges.get(self.last)?;
        (range.start <= port).then(|| (*device, port - range.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn byte_and_word_results_keep_the_rest_of_rax() {
        let rax = 0x1122_3344_5566_7788;
        assert_eq!(Size::Byte.merge(rax, 0xffff_ffaa), 0x1122_3344_5566_77aa);
        assert_eq!(Size::Word.merge(rax, 0xffff_aabb), 0x1122_3344_5566_aabb);
    }

    #[test]
    fn a_dword_result_clears_the_upper_half_of_rax() {
        assert_eq!(Size::Dword.merge(u64::MAX, 0x8000_0001), 0x8000_0001);
    }

    #[test]
    fn masks_are_as_wide_as_the_operand() {
        assert_eq!((Size::Byte.mask(), Size::Word.mask(), Size::Dword.mask()), (0xff, 0xffff, 0xffff_ffff));
    }

    #[test]
    fn overlaps_are_refused_on_both_sides() {
        let mut map = PortMap::default();
        map.register(0x60..0x65, 'a').unwrap();
        for wanted in [0x5f..0x61, 0x64..0x66, 0x61..0x62, 0x50..0x70, 0x60..0x65] {
            let overlap = Overlap { wanted: wanted.clone(), taken: 0x60..0x65 };
            assert_eq!(map.register(wanted, 'b'), Err(overlap));
        }
        map.register(0x65..0x66, 'b').unwrap();
        map.register(0x5f..0x60, 'c').unwrap();
        assert_eq!(map.find(0x60), Some(('a', 0)));
        assert_eq!(map.find(0x5f), Some(('c', 0)));
        assert_eq!(map.find(0x65), Some(('b', 0)));
        assert_eq!(map.find(0x66), None);
    }

    proptest! {
        #[test]
        fn find_agrees_with_a_plain_table(ranges in prop::collection::vec((0_u16..500, 1_u16..20), 0..40)) {
            let mut map = PortMap::default();
            let mut table = [None; 600];
            for (device, (start, length)) in ranges.into_iter().enumerate() {
                let ports = start..start + length;
                let free = ports.clone().all(|port| table[port as usize].is_none());
                prop_assert_eq!(map.register(ports.clone(), device).is_ok(), free);
                if free {
                    for port in ports {
                        table[port as usize] = Some((device, port - start));
                    }
                }
            }
            for port in 0..600 {
                prop_assert_eq!(map.find(port), table[port as usize]);
            }
        }
    }
}
