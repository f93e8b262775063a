//! Which large pages of a VM's memory are ready for use, and what the others will hold.
//!
//! A large page holds what others left there until it is made ready: it is filled when something in it is needed for the
//! first time, by the guest or by whoever does something for it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

/// Bytes in a large page.
pub const LARGE_PAGE: u64 = 2 << 20;

/// A set of large pages, each known by the offset of any of its bytes into the VM's memory. The VM's CPUs share it.
#[derive(Debug)]
pub struct LargePages(Box<[AtomicU64]>);

impl LargePages {
    /// None of those that `bytes` of memory have.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let words = bytes.div_ceil(LARGE_PAGE).div_ceil(u64::BITS.into());
        Self((0..words).map(|_| AtomicU64::new(0)).collect())
    }

    /// Whether the one with `offset` is in the set. Who sees that sees what was stored there before it came in.
    #[inline]
    #[must_use]
    pub fn contains(&self, offset: u64) -> bool {
        let (word, bit) = place(offset);
        self.0.get(word).is_some_and(|word| word.load(Ordering::Acquire) & bit != 0)
    }

    /// Takes the one with `offset` into the set.
    pub fn insert(&self, offset: u64) {
        let (word, bit) = place(offset);
        if let Some(word) = self.0.get(word) {
            word.fetch_or(bit, Ordering::Release);
        }
    }

    /// Takes the one with `offset` out of the set.
    pub fn remove(&self, offset: u64) {
        let (word, bit) = place(offset);
        if let Some(word) = self.0.get(word) {
            word.fetch_and(!bit, Ordering::Release);
        }
    }

    /// Empties the set.
    pub fn clear(&self) {
        for word in &self.0 {
            word.store(0, Ordering::Release);
        }
    }

    /// The offset of the first byte of the first one.
    #[must_use]
    pub fn first(&self) -> Option<u64> {
        let words = self.0.iter().map(|word| word.load(Ordering::Acquire));
        let (at, word) = words.enumerate().find(|(_, word)| *word != 0)?;
        Some((at as u64 * u64::from(u64::BITS) + u64::from(word.trailing_zeros())) * LARGE_PAGE)
    }
}

/// The files that a VM's memory will hold, where they were placed. All else is zero.
#[derive(Debug, Default)]
pub struct Files<'f>(Vec<(u64, &'f [u8])>);

impl<'f> Files<'f> {
    /// One more, from `offset` on; where it meets another one, it is the later one that counts.
    pub fn place(&mut self, offset: u64, file: &'f [u8]) {
        self.0.push((offset, file));
    }

    /// There are none any more.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What of them is in the large page with `offset`: at which offsets which bytes, in the order to be copied.
    pub fn in_page(&self, offset: u64) -> impl Iterator<Item = (u64, &'f [u8])> + '_ {
        let first = offset / LARGE_PAGE * LARGE_PAGE;
        let behind = first.saturating_add(LARGE_PAGE);
        self.0.iter().filter_map(move |(start, file)| {
            let from = first.saturating_sub(*start) as usize;
            let to = (behind.saturating_sub(*start) as usize).min(file.len());
            file.get(from..to).filter(|part| !part.is_empty()).map(|part| (first.max(*start), part))
        })
    }
}

/// The word of the one with `offset`, and its bit there.
const fn place(offset: u64) -> (usize, u64) {
    let page = offset / LARGE_PAGE;
    ((page / u64::BITS as u64) as usize, 1 << (page % u64::BITS as u64))
}

/// How many of the `bytes` from `offset` on lie in the same large page.
#[must_use]
pub const fn together(offset: u64, bytes: usize) -> usize {
    let left = (LARGE_PAGE - offset % LARGE_PAGE) as usize;
    if left < bytes {
        left
    } else {
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn beyond_the_end_there_is_none() {
        let pages = LargePages::new(64 * LARGE_PAGE);
        for offset in [64 * LARGE_PAGE, u64::MAX] {
            pages.insert(offset);
            assert!(!pages.contains(offset));
        }
        assert_eq!(pages.first(), None);
    }

    #[test]
    fn an_access_ends_with_its_large_page() {
        assert_eq!(together(0, 10), 10);
        assert_eq!(together(LARGE_PAGE - 1, 1), 1);
        assert_eq!(together(LARGE_PAGE - 1, 2), 1);
        assert_eq!(together(5 * LARGE_PAGE, 1 << 30), 2 << 20);
    }

    proptest! {
        /// What writing them to zeros at once does.
        #[test]
        fn files_come_page_by_page(
            files in prop::collection::vec((0_u64..5 * LARGE_PAGE, 0_usize..3 << 20, 1_u8..), 0..4),
        ) {
            let mut memory = vec![0; 8 << 20 << 1];
            let contents: Vec<_> = files.iter().map(|(start, length, byte)| (*start, vec![*byte; *length])).collect();
            let mut placed = Files::default();
            for (start, file) in &contents {
                memory[*start as usize..][..file.len()].copy_from_slice(file);
                placed.place(*start, file);
            }
            for (page, expected) in memory.chunks(LARGE_PAGE as usize).enumerate() {
                let mut found = vec![0; LARGE_PAGE as usize];
                for (at, part) in placed.in_page(page as u64 * LARGE_PAGE + 5) {
                    found[(at % LARGE_PAGE) as usize..][..part.len()].copy_from_slice(part);
                }
                prop_assert!(found == expected, "page {page}");
            }
        }

        /// What a set of numbers does.
        #[test]
        fn it_is_a_set(steps in prop::collection::vec((0_u64..150, 0..LARGE_PAGE, 0_u8..8), 1..200)) {
            let (pages, mut model) = (LargePages::new(150 * LARGE_PAGE), BTreeSet::new());
            for (page, inside, step) in steps {
                let offset = page * LARGE_PAGE + inside;
                match step {
                    0 => {
                        pages.clear();
                        model.clear();
                    }
                    1 | 2 => {
                        pages.remove(offset);
                        model.remove(&page);
                    }
                    _ => {
                        pages.insert(offset);
                        model.insert(page);
                    }
                }
                for page in 0..150 {
                    prop_assert_eq!(pages.contains(page * LARGE_PAGE + inside), model.contains(&page));
                }
                prop_assert_eq!(pages.first(), model.first().map(|page| page * LARGE_PAGE));
            }
        }
    }
}
