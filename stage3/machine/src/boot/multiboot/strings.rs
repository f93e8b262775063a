//! Strings as C knows them.

use alloc::vec::Vec;

/// Appends `text` and a zero.
pub fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
    out.push(0);
}
