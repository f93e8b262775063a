//! Which keys have break codes in set 3: there software decides that key by key.

/// Codes of the keys that have one unless a command changes it: left Control, left Shift, Caps Lock, left
/// Alt, right Shift.
const DEFAULT: [u8; 5] = [0x11, 0x12, 0x14, 0x19, 0x59];

/// A set of codes of set 3: bit n % 32 of word n / 32 is code n.
#[derive(Clone, Copy, Debug)]
pub(super) struct Breaks([u32; 8]);

impl Breaks {
    pub(super) const NONE: Self = Self([0; 8]);
    pub(super) const ALL: Self = Self([u32::MAX; 8]);

    pub(super) const fn new() -> Self {
        let mut breaks = Self::NONE;
        let mut index = 0;
        while index < DEFAULT.len() {
            breaks.set(DEFAULT[index], true);
            index += 1;
        }
        breaks
    }

    pub(super) const fn has(&self, code: u8) -> bool {
        self.0[code as usize / 32] >> (code % 32) & 1 != 0
    }

    pub(super) const fn set(&mut self, code: u8, breaks: bool) {
        let word = &mut self.0[code as usize / 32];
        let bit = 1 << (code % 32);
        *word = if breaks { *word | bit } else { *word & !bit };
    }
}
