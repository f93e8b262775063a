//! What a processor takes as an address.

/// The bits of a physical address that a processor with `width` bits does not have.
#[must_use]
pub const fn beyond_physical(width: u32) -> u64 {
    if width < 64 {
        u64::MAX << width
    } else {
        0
    }
}

/// Bits 63:`width` are equal.
#[must_use]
pub const fn is_sign_extended(address: u64, width: u32) -> bool {
    width >= 64 || matches!(address.cast_signed() >> width, 0 | -1)
}

/// Canonical for a processor with linear addresses of `width` bits: bits 63:`width - 1` are equal.
#[must_use]
pub const fn is_canonical(address: u64, width: u32) -> bool {
    is_sign_extended(address, width.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_addresses_end_at_half_the_width() {
        for (address, canonical, extended) in [
            (0, true, true),
            (0x7fff_ffff_ffff, true, true),
            (0x8000_0000_0000, false, true),
            (0x1_0000_0000_0000, false, false),
            (0xffff_0000_0000_0000, false, true),
            (0xffff_8000_0000_0000, true, true),
            (u64::MAX, true, true),
        ] {
            assert_eq!(is_canonical(address, 48), canonical, "{address:#x}");
            assert_eq!(is_sign_extended(address, 48), extended, "{address:#x}");
            assert!(is_canonical(address, 64), "{address:#x}");
        }
        assert!(is_canonical(0x00ff_ffff_ffff_ffff, 57));
        assert!(!is_canonical(0x0100_0000_0000_0000, 57));
    }

    #[test]
    fn a_physical_address_ends_at_the_width() {
        assert_eq!(beyond_physical(40), 0xffff_ff00_0000_0000);
        assert_eq!(beyond_physical(64), 0);
    }
}
