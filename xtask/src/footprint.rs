//! How large pxHV itself is: stages 1 to 3 as they lie in the image.

use crate::test::Count;
use crate::toolchain::Toolchain;
use crate::{image, size};
use anyhow::Result;

/// What they may have together. docs/performance.md tells what the bytes are; who lowers their number lowers this.
const BOUND: usize = 209 << 10;
/// The same with a core that was built for speed, and with what Debug writes.
const BOUND_WITH_FAST_CORE: usize = BOUND + BOUND / 4;

/// Fails if they have more.
pub fn check() -> Result<Count> {
    let own = image::own_sizes()?;
    image::report_own(own);
    let builds_core = Toolchain::find().is_some_and(|toolchain| toolchain.builds_core());
    Ok(Count::one(is_within(own, if builds_core { BOUND } else { BOUND_WITH_FAST_CORE })))
}

fn is_within(own: [usize; 3], bound: usize) -> bool {
    let total: usize = own.iter().sum();
    if total > bound {
        println!("pxHV itself has {total} bytes, and may have {}", size::show(bound as u64));
    }
    total <= bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_too_many_is_too_many() {
        assert!(is_within([512, 6 << 10, BOUND - 512 - (6 << 10)], BOUND));
        assert!(!is_within([512, 6 << 10, BOUND - 511 - (6 << 10)], BOUND));
    }
}
