//! The receiver FIFO.

/// Characters that fit.
pub(super) const CAPACITY: u8 = 16;

/// A character with its own LSR error bits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Received {
    pub(super) byte: u8,
    pub(super) errors: u8,
}

/// A queue of received characters.
#[derive(Clone, Debug)]
pub(super) struct Fifo {
    characters: [Received; CAPACITY as usize],
    first: u8,
    len: u8,
}

impl Fifo {
    pub(super) const fn new() -> Self {
        Self { characters: [Received { byte: 0, errors: 0 }; CAPACITY as usize], first: 0, len: 0 }
    }

    pub(super) const fn len(&self) -> u8 {
        self.len
    }

    /// Appends a character. The caller has seen that there is room; without room nothing happens.
    pub(super) fn push(&mut self, received: Received) {
        if self.len < CAPACITY {
            let index = (self.first + self.len) % CAPACITY;
            self.characters[usize::from(index)] = received;
            self.len += 1;
        }
    }

    /// Removes the oldest character; the last one read again if there is none.
    pub(super) fn pop(&mut self) -> u8 {
        if self.len == 0 {
            let last = (self.first + CAPACITY - 1) % CAPACITY;
            return self.characters[usize::from(last)].byte;
        }
        let Received { byte, .. } = self.characters[usize::from(self.first)];
        self.first = (self.first + 1) % CAPACITY;
        self.len -= 1;
        byte
    }

    /// Takes the error bits of the oldest character.
    pub(super) fn take_errors(&mut self) -> u8 {
        if self.len == 0 {
            return 0;
        }
        core::mem::take(&mut self.characters[usize::from(self.first)].errors)
    }

    /// Whether a waiting character has error bits that were not taken.
    pub(super) fn has_errors(&self) -> bool {
        (0..self.len).any(|offset| {
            let index = (self.first + offset) % CAPACITY;
            self.characters[usize::from(index)].errors != 0
        })
    }
}
