//! Where the operand of a case is.

use super::{Case, Prefixes, R9, RBP, RBX, RDI, RSI};
use crate::forms::Kind;
use crate::mode::{DS, SS};
use crate::random::Random;

impl Case {
    /// ModRM and what belongs to it, with the registers set; and where in the memory of the case it points to.
    pub(super) fn memory_operand(
        &mut self,
        prefixes: Prefixes,
        field: u8,
        kind: Kind,
        random: &mut Random,
    ) -> (Vec<u8>, usize) {
        let displacement = i64::from(random.next() as i8).cast_unsigned();
        // Bases and indexes are never RAX, RCX or RDX, which have other jobs, but R9.
        let (base, index, scale, code) = if prefixes.address == 2 {
            let (base, index) = random.of(&[
                (RBX, Some(RSI)),
                (RBX, Some(RDI)),
                (RBP, Some(RSI)),
                (RBP, Some(RDI)),
                (RSI, None),
                (RDI, None),
                (RBP, None),
                (RBX, None),
            ]);
            let rm = match (base, index) {
                (RBX, Some(RSI)) => 0,
                (RBX, Some(_)) => 1,
                (RBP, Some(RSI)) => 2,
                (RBP, Some(_)) => 3,
                (RSI, _) => 4,
                (RDI, _) => 5,
                (RBP, _) => 6,
                _ => 7,
            };
            (base, index, 0, vec![0x40 | field << 3 | rm])
        } else {
            let base = random.of(&[RBX, RBP, RSI, RDI]);
            let may_index = prefixes.rex || self.mode.bits() != 64;
            if may_index && random.once_in(2) {
                let index = if self.mode.bits() == 64 {
                    R9
                } else if base == RSI {
                    RDI
                } else {
                    RSI
                };
                let scale = random.below(4) as u8;
                let sib = scale << 6 | (index as u8 & 7) << 3 | base as u8;
                (base, Some(index), scale, vec![0x44 | field << 3, sib])
            } else {
                (base, None, 0, vec![0x40 | field << 3 | base as u8])
            }
        };
        let segment = prefixes.segment.unwrap_or(if base == RBP { SS } else { DS });
        let mut offset = self.place(random, segment);
        if kind == Kind::Aligned64 {
            offset &= !0xf;
        }
        let mut rest = offset.wrapping_sub(displacement);
        if let Some(index) = index {
            let value = random.below(4);
            self.set_address(index, value, prefixes.address);
            rest = rest.wrapping_sub(value << scale);
        }
        self.set_address(base, rest, prefixes.address);
        let at = offset.wrapping_add(self.mode.base(segment)) - self.mode.space().start;
        ([code, vec![displacement as u8]].concat(), at as usize)
    }
}
