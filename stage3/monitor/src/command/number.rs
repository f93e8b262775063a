//! Numbers as the manuals and C write them.

/// `4096`, `0x1000` or `1000h`, with `_` wherever it makes them readable.
pub fn parse(word: &str) -> Option<u64> {
    let (digits, radix) = match (word.strip_prefix("0x"), word.strip_suffix(['h', 'H'])) {
        (Some(digits), _) | (None, Some(digits)) => (digits, 16),
        (None, None) => (word, 10),
    };
    let mut number: Option<u64> = None;
    for digit in digits.chars().filter(|digit| *digit != '_') {
        let digit = digit.to_digit(radix)?;
        number = Some(number.unwrap_or(0).checked_mul(radix.into())?.checked_add(digit.into())?);
    }
    number
}

#[cfg(test)]
mod tests {
    use super::parse;
    use proptest::prelude::*;
    use std::format;

    #[test]
    fn three_ways_to_write_a_number() {
        let same = ["4096", "0x1000", "1000h", "1000H", "0x10_00", "4_096"];
        assert_eq!(same.map(parse), [Some(4096); 6]);
        assert_eq!(parse("fee0_0000h"), Some(0xfee0_0000));
        assert_eq!(parse("0xFFFFffffFFFFffff"), Some(u64::MAX));
        assert_eq!(parse("18446744073709551615"), Some(u64::MAX));
    }

    #[test]
    fn everything_else_is_none() {
        let bad = ["", "_", "0x", "h", "ff", "-1", "+1", "0x1000h", "12k", "1.5", "0X10"];
        assert_eq!(bad.map(parse), [None; 11]);
        assert_eq!(["0x10000000000000000", "18446744073709551616"].map(parse), [None; 2], "too large");
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read(number: u64) {
            let words = [format!("{number}"), format!("{number:#x}"), format!("{number:x}h")];
            for word in words {
                prop_assert_eq!(parse(&word), Some(number));
            }
        }
    }
}
