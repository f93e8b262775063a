//! Address space identifiers: they tell whose cached translations are whose (AMD APM volume 2, "TLB Control").
//!
//! A processor may have fewer of them than there are virtual CPUs. So they are given out in order, and when the last one is
//! gone a new generation begins: all translations are dropped, and every virtual CPU gets another one before it
//! runs again.

use core::cell::Cell;

/// The identifiers of this CPU. Zero is the host's.
pub struct Asids {
    count: u32,
    next: Cell<u32>,
    generation: Cell<u64>,
}

/// A virtual CPU's identifier.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asid {
    value: u32,
    generation: u64,
}

impl Asids {
    /// `count` of them, as CPUID 8000_000Ah gives in EBX; there are two at least.
    pub fn new(count: u32) -> Self {
        Self { count: count.max(2), next: Cell::new(1), generation: Cell::new(1) }
    }

    /// Whether `asid` still is its virtual CPU's alone.
    pub fn is_current(&self, asid: Asid) -> bool {
        asid.generation == self.generation.get()
    }

    /// An identifier that no other virtual CPU uses, and whether all translations have to be dropped before it is used.
    pub fn take(&self) -> (Asid, bool) {
        let begins = self.next.get() >= self.count;
        if begins {
            self.next.set(1);
            self.generation.set(self.generation.get() + 1);
        }
        let value = self.next.replace(self.next.get() + 1);
        (Asid { value, generation: self.generation.get() }, begins)
    }
}

impl Asid {
    /// The number.
    pub const fn value(self) -> u32 {
        self.value
    }
}
