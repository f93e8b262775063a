//! Random bytes for a serial port.

/// Where they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Port {
    /// The first serial port.
    Console,
    /// The second one.
    Control,
}

/// Random bytes, which are the same for the same seed.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    /// How many.
    pub bytes: usize,
    /// Which ones.
    pub seed: u64,
    /// Where they go.
    pub to: Port,
}

impl Noise {
    /// The bytes. No `x` is behind a control character: this would switch the computer off. The last byte is none, or
    /// it would change what is typed next.
    pub fn make(self) -> Vec<u8> {
        let (mut state, mut last) = (self.seed, 0);
        let mut byte = || {
            let byte = (next(&mut state) >> 56) as u8;
            let is_off = (1..=26).contains(&last) && byte.eq_ignore_ascii_case(&b'x');
            last = if is_off { b'_' } else { byte };
            last
        };
        let mut bytes: Vec<_> = (0..self.bytes).map(|_| byte()).collect();
        if let Some(last) = bytes.last_mut() {
            *last = b'.';
        }
        bytes
    }
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut value = *state;
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_every_byte_and_no_power_off() {
        let of = |seed| Noise { bytes: 1_000_000, seed, to: Port::Console }.make();
        let noise = of(1);
        assert!(noise == of(1) && noise != of(2));
        assert_eq!(noise.len(), 1_000_000);
        assert!((0..=255).all(|byte| noise.contains(&byte)));
        let is_off = |pair: &[u8]| (1..=26).contains(&pair[0]) && matches!(pair[1], b'x' | b'X');
        assert!(!noise.windows(2).any(is_off));
        let ends = (0..300).map(|seed| Noise { bytes: 3, seed, to: Port::Console }.make()[2]);
        assert!(ends.into_iter().all(|end| end >= b' '));
    }
}
