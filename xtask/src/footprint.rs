//! How large pxHV itself is: stages 1 to 3 as they lie in the image.

use crate::test::Count;
use crate::{image, size};
use anyhow::Result;

/// What they may have together. docs/performance.md tells what the bytes are; who lowers their number lowers this.
const BOUND: usize = 209 << 10;

/// Fails if they have more.
pub fn check() -> Result<Count> {
    let own = image::own_sizes()?;
    image::report_own(own);
    Ok(Count::one(is_within(own)))
}

fn is_within(own: [usize; 3]) -> bool {
    let total: usize = own.iter().sum();
    if total > BOUND {
        println!("pxHV itself has {total} bytes, and may have {}", size::show(BOUND as u64));
    }
    total <= BOUND
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_too_many_is_too_many() {
        assert!(is_within([512, 6 << 10, BOUND - 512 - (6 << 10)]));
        assert!(!is_within([512, 6 << 10, BOUND - 511 - (6 << 10)]));
    }
}
