//! Several elements of a string at once: a disk sector costs one translation of its address, and not 256.

use super::decode::StringIo;
use super::{PortBus, Run};
use crate::emulate::Mmio;
use crate::linear::{Linear, SegmentName, PAGE};
use crate::memory::Gpa;
use crate::vcpu::{Access, CpuState, Direction, Gprs, Segment};

/// Bytes that are moved at once: a sector.
const AT_ONCE: usize = 512;

impl<P: PortBus + Mmio> Run<'_, P> {
    /// Moves at most `most` elements, upwards, if the next ones lie together in RAM. How many; nothing is done if elements
    /// have to go one by one.
    pub(super) fn several(
        &mut self,
        most: u64,
        instruction: StringIo,
        state: &CpuState,
        linear: &mut Linear,
        gprs: &Gprs,
    ) -> Option<u64> {
        let mask = instruction.address_width.mask();
        let mut buffer = [0; AT_ONCE];
        match self.io.direction {
            Direction::In => {
                let destination = (SegmentName::Es, &state.es);
                let offset = gprs.rdi & mask;
                let (gpa, length) = self.together(most, mask, destination, offset, Access::Write, linear)?;
                let bytes = buffer.get_mut(..length)?;
                self.board.read_port_string(self.now, self.io.port, self.io.size, bytes);
                let written = self.memory.write(gpa, bytes);
                debug_assert!(written.is_ok(), "it is RAM");
                Some(self.elements_in(length))
            }
            Direction::Out => {
                let source = (instruction.source, instruction.source.of(state));
                let offset = gprs.rsi & mask;
                let (gpa, length) = self.together(most, mask, source, offset, Access::Read, linear)?;
                let bytes = buffer.get_mut(..length)?;
                self.memory.read(gpa, bytes).ok()?;
                Some(self.write_elements(bytes))
            }
        }
    }

    /// Writes elements until they are all written, or one of them did more to the machine than to take data.
    fn write_elements(&mut self, bytes: &[u8]) -> u64 {
        let mut moved = 0;
        for element in bytes.chunks_exact(self.io.size.bytes().into()) {
            let mut value = [0; 4];
            for (to, from) in value.iter_mut().zip(element) {
                *to = *from;
            }
            let effects =
                self.board.write_port(self.now, self.io.port, self.io.size, u32::from_le_bytes(value));
            moved += 1;
            self.output.extend(effects.output.as_slice());
            if effects.transfer {
                // It may have changed the elements that follow.
                self.board.transfer(self.memory);
            }
            self.power = effects.power;
            if effects.transfer || self.has_to_stop() {
                break;
            }
        }
        moved
    }

    /// Place and bytes of the elements from `offset` on that lie in one page of RAM; nothing unless it is several. The
    /// first of them will be moved for sure.
    fn together(
        &self,
        most: u64,
        mask: u64,
        segment: (SegmentName, &Segment),
        offset: u64,
        access: Access,
        linear: &mut Linear,
    ) -> Option<(Gpa, usize)> {
        let size = u64::from(self.io.size.bytes());
        if most < 2 {
            return None;
        }
        // Alignment and page are checked with the first element; segment limits with all of them.
        let [(gpa, first), _] = linear.locate(segment, offset, size, access).ok()?.parts();
        let in_page = (PAGE - gpa.0 % PAGE) / size;
        let before_wrap = (mask - offset) / size;
        let count = most.min(in_page).min(before_wrap).min(AT_ONCE as u64 / size);
        let length = (count * size) as usize;
        let is_ram = self.memory.layout().offset(gpa, length).is_some();
        if (first as u64) < size || count < 2 || !is_ram {
            return None;
        }
        linear.address(segment, offset, length as u64, access).ok()?;
        Some((gpa, length))
    }

    fn elements_in(&self, bytes: usize) -> u64 {
        bytes as u64 / u64::from(self.io.size.bytes())
    }
}
