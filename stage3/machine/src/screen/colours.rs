//! Colours that a terminal has: the sixteen of a VGA's text. Those that a guest mixes itself become the
//! nearest one.

use crate::device::vga::Vga;

/// How strong a part of a colour is: in a plain one, and in a bright one that has the bit or not.
const PLAIN: u8 = 42;
const BRIGHT: u8 = 63;
const GREY: u8 = 21;

/// The terminal's colour for each of the guest's.
pub(super) fn table(vga: &Vga) -> [u8; 16] {
    core::array::from_fn(|pixel| nearest(vga.colour(pixel as u8)))
}

/// The colour that looks most like this one.
fn nearest(rgb: [u8; 3]) -> u8 {
    let distance = |colour: &u8| -> u16 {
        let differences = rgb.iter().zip(of(*colour)).map(|(a, b)| u16::from(a.abs_diff(b)));
        differences.map(|difference| difference * difference).sum()
    };
    (0..16).min_by_key(distance).unwrap_or(0)
}

/// Red, green and blue (0 to 63) of a colour.
fn of(colour: u8) -> [u8; 3] {
    // Dark yellow is brown.
    if colour == 6 {
        return [PLAIN, GREY, 0];
    }
    [2, 1, 0].map(|bit| match (colour & 8 != 0, colour >> bit & 1 != 0) {
        (false, false) => 0,
        (false, true) => PLAIN,
        (true, false) => GREY,
        (true, true) => BRIGHT,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_palette_is_the_terminals() {
        assert_eq!(table(&Vga::new()), core::array::from_fn(|colour| colour as u8));
    }

    #[test]
    fn others_become_the_nearest() {
        assert_eq!(nearest([60, 0, 0]), 4, "a strong red is nearer to the plain one than to light red");
        assert_eq!(nearest([63, 30, 30]), 12);
        assert_eq!(nearest([10, 10, 10]), 0);
        assert_eq!(nearest([42, 42, 0]), 6);
    }
}
