//! What somebody said last: a VM, or the log.

use alloc::boxed::Box;
use alloc::vec;

/// A line that is longer may be cut where the room ends. It bounds the time that [`Ring::push`] takes.
const LONG_LINE: usize = 512;

/// The newest bytes, in room that is taken once. The oldest ones go first, a whole line at a time.
///
/// It also knows which of them the operator has not seen yet.
#[derive(Clone, Debug)]
pub struct Ring {
    bytes: Box<[u8]>,
    /// Index of the oldest byte.
    start: usize,
    length: usize,
    /// The newest bytes, which nobody has seen.
    unseen: usize,
    /// Bytes that were dropped unseen.
    lost: u64,
}

impl Ring {
    /// An empty one for `capacity` bytes, at least one.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { bytes: vec![0; capacity.max(1)].into(), start: 0, length: 0, unseen: 0, lost: 0 }
    }

    /// Keeps `bytes`, unseen. Does not allocate.
    pub fn push(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(self.bytes.len()) {
            self.make_room(part.len());
            let end = (self.start + self.length) % self.bytes.len();
            let (before, after) = part.split_at(part.len().min(self.bytes.len() - end));
            self.bytes[end..][..before.len()].copy_from_slice(before);
            self.bytes[..after.len()].copy_from_slice(after);
            self.length += part.len();
            self.unseen += part.len();
        }
    }

    /// The operator has seen all of it.
    pub fn mark_seen(&mut self) {
        (self.unseen, self.lost) = (0, 0);
    }

    /// All that is kept, the older part first.
    #[must_use]
    pub fn all(&self) -> [&[u8]; 2] {
        self.newest(self.length)
    }

    /// What the operator has not seen, the older part first.
    #[must_use]
    pub fn unseen(&self) -> [&[u8]; 2] {
        self.newest(self.unseen)
    }

    /// Number of bytes that are kept.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether nothing is kept.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Number of bytes that the operator will never see.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    fn newest(&self, count: usize) -> [&[u8]; 2] {
        let from = (self.start + self.length - count) % self.bytes.len();
        let before = count.min(self.bytes.len() - from);
        [&self.bytes[from..][..before], &self.bytes[..count - before]]
    }

    /// Drops what has to go before `count` bytes fit, and the rest of its last line.
    fn make_room(&mut self, count: usize) {
        let excess = (self.length + count).saturating_sub(self.bytes.len());
        if excess == 0 {
            return;
        }
        let [before, after] = self.all();
        let line = before.iter().chain(after).skip(excess - 1).take(LONG_LINE);
        let dropped = line.clone().position(|byte| *byte == b'\n').map_or(excess, |rest| excess + rest);
        self.start = (self.start + dropped) % self.bytes.len();
        self.length -= dropped;
        let unseen = self.unseen.min(self.length);
        self.lost += (self.unseen - unseen) as u64;
        self.unseen = unseen;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn all(ring: &Ring) -> Vec<u8> {
        ring.all().concat()
    }

    #[test]
    fn the_oldest_lines_go_first() {
        let mut ring = Ring::new(10);
        ring.push(b"one\ntwo\n");
        assert_eq!(all(&ring), b"one\ntwo\n");
        ring.push(b"3\n");
        assert_eq!(all(&ring), b"one\ntwo\n3\n", "it is full now");
        ring.push(b"4");
        assert_eq!(all(&ring), b"two\n3\n4");
        ring.push(b"\n56\n");
        assert_eq!(all(&ring), b"two\n3\n4\n56\n"[4..], "the excess and no more");
        ring.push(b"a line that is longer than that\n");
        assert_eq!(all(&ring), b"than that\n");
    }

    #[test]
    fn without_lines_bytes_go() {
        let mut ring = Ring::new(4);
        ring.push(b"abcd");
        ring.push(b"ef");
        assert_eq!(all(&ring), b"cdef");
        assert_eq!(ring.len(), 4);
        assert!(Ring::new(0).is_empty());
    }

    #[test]
    fn what_was_seen_is_not_shown_again() {
        let mut ring = Ring::new(8);
        ring.push(b"ab\n");
        ring.mark_seen();
        assert_eq!(ring.unseen().concat(), b"");
        ring.push(b"cd\n");
        assert_eq!((ring.unseen().concat().as_slice(), ring.lost()), (&b"cd\n"[..], 0));
        ring.push(b"efgh");
        assert_eq!((ring.unseen().concat().as_slice(), ring.lost()), (&b"cd\nefgh"[..], 0));
        ring.push(b"ij");
        assert_eq!((ring.unseen().concat().as_slice(), ring.lost()), (&b"efghij"[..], 3));
        ring.mark_seen();
        assert_eq!((ring.unseen().concat().as_slice(), ring.lost()), (&b""[..], 0));
        assert_eq!(all(&ring), b"efghij");
    }

    /// The same on a plain vector.
    fn keep(kept: &mut Vec<u8>, bytes: &[u8], capacity: usize) {
        for part in bytes.chunks(capacity) {
            let excess = (kept.len() + part.len()).saturating_sub(capacity);
            let rest =
                |from: usize| kept[from..].iter().position(|byte| *byte == b'\n').map(|line| from + line + 1);
            let cut = if excess == 0 { 0 } else { rest(excess - 1).unwrap_or(excess) };
            kept.drain(..cut);
            kept.extend(part);
        }
    }

    proptest! {
        #[test]
        fn it_holds_the_end_of_what_was_said(
            capacity in 1..40_usize,
            pushes in prop::collection::vec((prop::collection::vec(b'\n'..b'\x0f', 0..50), any::<bool>()), 0..20),
        ) {
            let mut ring = Ring::new(capacity);
            let (mut kept, mut unseen) = (Vec::new(), 0);
            for (bytes, looked) in pushes {
                ring.push(&bytes);
                keep(&mut kept, &bytes, capacity);
                unseen += bytes.len();
                prop_assert_eq!(&all(&ring), &kept);
                prop_assert!(kept.ends_with(&ring.unseen().concat()));
                prop_assert_eq!(ring.unseen().concat().len() + ring.lost() as usize, unseen);
                if looked {
                    ring.mark_seen();
                    unseen = 0;
                }
            }
        }
    }

    #[test]
    fn a_very_long_line_is_cut() {
        let mut ring = Ring::new(3 * LONG_LINE);
        ring.push(&[b'a'; 2 * LONG_LINE]);
        ring.push(b"\n");
        ring.push(&[b'b'; LONG_LINE]);
        assert_eq!(ring.len(), 3 * LONG_LINE, "one byte went, and not the whole line");
    }
}
