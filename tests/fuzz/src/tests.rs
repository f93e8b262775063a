//! The targets on random bytes, so that they stay sound while nobody fuzzes.

use super::*;

/// Inputs for each target.
const INPUTS: u64 = 300;
/// Longest input.
const LONGEST: usize = 2048;

/// The n-th input: the same in each run (xorshift64*; Vigna, "An experimental exploration of Marsaglia's xorshift
/// generators, scrambled").
fn input(number: u64) -> Vec<u8> {
    let mut state = number * 2 + 1;
    let mut next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32
    };
    for _ in 0..16 {
        next();
    }
    let length = next() as usize % LONGEST;
    // Small numbers are choices more often than large ones.
    (0..length).map(|_| if next() % 4 == 0 { next() as u8 % 16 } else { next() as u8 }).collect()
}

#[test]
fn targets_hold_on_random_bytes() {
    for (name, target) in TARGETS {
        println!("{name}");
        for number in 0..INPUTS {
            run(*target, &input(number));
        }
    }
}
