//! A set of interrupt vectors: the 256-bit registers IRR, ISR and TMR.

/// The set. Bit n % 32 of word n / 32 is vector n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vectors {
    words: [u32; 8],
    /// Bit n: word n is not empty. The highest vector is asked for several times an exit.
    used: u8,
}

impl Vectors {
    pub(super) const EMPTY: Self = Self { words: [0; 8], used: 0 };

    pub(super) fn contains(&self, vector: u8) -> bool {
        self.words[usize::from(vector / 32)] >> (vector % 32) & 1 != 0
    }

    pub(super) fn insert(&mut self, vector: u8) {
        self.words[usize::from(vector / 32)] |= 1 << (vector % 32);
        self.used |= 1 << (vector / 32);
    }

    pub(super) fn remove(&mut self, vector: u8) {
        let word = &mut self.words[usize::from(vector / 32)];
        *word &= !(1 << (vector % 32));
        if *word == 0 {
            self.used &= !(1 << (vector / 32));
        }
    }

    pub(super) fn highest(&self) -> Option<u8> {
        let number = self.used.checked_ilog2()?;
        let word = self.words.get(number as usize)?;
        Some((number * 32 + word.checked_ilog2()?) as u8)
    }

    /// Register `index`, 0 to 7: 32 vectors. Zero for others.
    pub(super) fn word(&self, index: usize) -> u32 {
        self.words.get(index).copied().unwrap_or(0)
    }
}
