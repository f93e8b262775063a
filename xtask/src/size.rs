//! Sizes as people write them: `512M`.

/// One MiB.
pub const MIB: u64 = 1 << 20;
/// One GiB.
pub const GIB: u64 = 1 << 30;

/// Reads a number of bytes with the suffix K, M or G.
pub fn parse(text: &str) -> Result<u64, String> {
    let wrong = || "write a number with K, M or G, for example \"512M\"".to_owned();
    let (digits, shift) = match text.char_indices().last() {
        Some((at, 'K')) => (&text[..at], 10),
        Some((at, 'M')) => (&text[..at], 20),
        Some((at, 'G')) => (&text[..at], 30),
        _ => return Err(wrong()),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = digits.parse().map_err(|_| "no computer has this much memory".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "no computer has this much memory".to_owned())
}

/// Writes a number of bytes the way [`parse`] reads it where that is exact, else with one decimal.
pub fn show(bytes: u64) -> String {
    const UNITS: [(u64, char); 3] = [(1 << 30, 'G'), (1 << 20, 'M'), (1 << 10, 'K')];
    for (unit, letter) in UNITS {
        if bytes >= unit && bytes.is_multiple_of(unit) {
            return format!("{}{letter}", bytes / unit);
        }
    }
    match UNITS.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, letter)) => {
            let tenths = u128::from(bytes) * 10 / u128::from(unit);
            format!("{}.{}{letter}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn suffixes_multiply() {
        assert_eq!(parse("4K"), Ok(4096));
        assert_eq!(parse("512M"), Ok(512 << 20));
        assert_eq!(parse("1G"), Ok(1 << 30));
    }

    #[test]
    fn everything_else_is_refused() {
        for wrong in ["", "M", "512", "512m", "512MB", "-1M", "+1M", "1.5G", " 1G", "99999999999G", "٣M"] {
            assert!(parse(wrong).is_err(), "accepted {wrong:?}");
        }
    }

    #[test]
    fn sizes_are_shown_as_they_are_written() {
        assert_eq!(show(512 << 20), "512M");
        assert_eq!(show(1536 << 10), "1536K");
        assert_eq!(show(13_212_345), "12.6M");
        assert_eq!(show(100), "100 bytes");
        assert_eq!(show(u64::MAX), "17179869183.9G");
    }

    proptest! {
        #[test]
        fn every_size_is_shown(bytes in prop_oneof![any::<u64>(), (0..64_u32).prop_map(|bit| u64::MAX >> bit), 0..1_u64 << 40]) {
            let shown = show(bytes);
            match parse(&shown) {
                Ok(read) => prop_assert_eq!(read, bytes),
                // It is no multiple of a unit.
                Err(_) => prop_assert!(bytes % 1024 != 0 || bytes == 0, "{}", shown),
            }
        }

        #[test]
        fn only_numbers_with_a_unit_are_sizes(text in "[0-9]{0,22}[KMGkmg. ]{0,2}|\\PC*") {
            if let Ok(bytes) = parse(&text) {
                prop_assert!(bytes == 0 || parse(&show(bytes)) == Ok(bytes));
            }
        }
    }
}
