//! A set of interrupt vectors: the 256-bit registers IRR, ISR and TMR.

/// The set. Bit n % 32 of word n / 32 is vector n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vectors([u32; 8]);

impl Vectors {
    pub(super) const EMPTY: Self = Self([0; 8]);

    pub(super) fn contains(&self, vector: u8) -> bool {
        self.0[usize::from(vector / 32)] >> (vector % 32) & 1 != 0
    }

    pub(super) fn insert(&mut self, vector: u8) {
        self.0[usize::from(vector / 32)] |= 1 << (vector % 32);
    }

    pub(super) fn remove(&mut self, vector: u8) {
        self.0[usize::from(vector / 32)] &= !(1 << (vector % 32));
    }

    pub(super) fn highest(&self) -> Option<u8> {
        let word = self.0.iter().rposition(|word| *word != 0)?;
        Some((word as u32 * 32 + self.0[word].ilog2()) as u8)
    }

    /// Register `index`, 0 to 7: 32 vectors. Zero for others.
    pub(super) fn word(&self, index: usize) -> u32 {
        self.0.get(index).copied().unwrap_or(0)
    }
}
