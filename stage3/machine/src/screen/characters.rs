//! Code page 437, which the fonts of a PC's display have, in Unicode.

/// What stands for 00h to 1Fh: on the screen these are pictures, not control characters.
const LOW: [char; 32] = [
    ' ', '☺', '☻', '♥', '♦', '♣', '♠', '•', '◘', '○', '◙', '♂', '♀', '♪', '♫', '☼', '►', '◄', '↕', '‼', '¶',
    '§', '▬', '↨', '↑', '↓', '→', '←', '∟', '↔', '▲', '▼',
];
/// 7Fh.
const HOUSE: char = '⌂';
/// 80h to FFh.
const HIGH: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å', 'É', 'æ', 'Æ', 'ô', 'ö',
    'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', '¢', '£', '¥', '₧', 'ƒ', 'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '⌐',
    '¬', '½', '¼', '¡', '«', '»', '░', '▒', '▓', '│', '┤', '╡', '╢', '╖', '╕', '╣', '║', '╗', '╝', '╜', '╛',
    '┐', '└', '┴', '┬', '├', '─', '┼', '╞', '╟', '╚', '╔', '╩', '╦', '╠', '═', '╬', '╧', '╨', '╤', '╥', '╙',
    '╘', '╒', '╓', '╫', '╪', '┘', '┌', '█', '▄', '▌', '▐', '▀', 'α', 'ß', 'Γ', 'π', 'Σ', 'σ', 'µ', 'τ', 'Φ',
    'Θ', 'Ω', 'δ', '∞', 'φ', 'ε', '∩', '≡', '±', '≥', '≤', '⌠', '⌡', '÷', '≈', '°', '∙', '·', '√', 'ⁿ', '²',
    '■', '\u{a0}',
];

/// The character with this code. None of them is a control character.
pub(super) const fn unicode(code: u8) -> char {
    match code {
        0..0x20 => LOW[code as usize],
        0x7f => HOUSE,
        0x80.. => HIGH[code as usize - 0x80],
        _ => code as char,
    }
}

#[cfg(test)]
mod tests {
    use super::unicode;

    #[test]
    fn every_code_has_a_picture_of_its_own_but_the_three_spaces() {
        let mut all: std::vec::Vec<_> = (0..=255).map(unicode).collect();
        assert!(all.iter().all(|character| !character.is_control()));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 255, "00h and 20h are the same");
        assert_eq!([0x41, 0x82, 0xb3, 0xdb, 0xe1, 0xfd].map(unicode), ['A', 'é', '│', '█', 'ß', '²']);
    }
}
