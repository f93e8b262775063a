//! What a guest said, as text that does nothing to a terminal and can be turned back.

use core::fmt::{self, Write};

/// Writes `parts`: lines end with LF; what is not printable is a C escape, and so is the backslash.
pub fn write(parts: [&[u8]; 2], out: &mut dyn Write) -> fmt::Result {
    let mut bytes = parts.into_iter().flatten().peekable();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\n' => out.write_char('\n')?,
            // The usual end of a line.
            b'\r' if bytes.peek() == Some(&&b'\n') => {}
            b' '..=b'~' if byte != b'\\' => out.write_char(byte.into())?,
            b'\\' | b'\r' | b'\t' => write!(out, "{}", char::from(byte).escape_default())?,
            _ => write!(out, "\\x{byte:02x}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    #[test]
    fn nothing_but_printable_ascii_comes_out() {
        let mut text = String::new();
        write([b"a\\b\tc\r", b"\nd\re'\"\x1b[1m\xff\0\x7f\r"], &mut text).unwrap();
        assert_eq!(text, "a\\\\b\\tc\nd\\re'\"\\x1b[1m\\xff\\x00\\x7f\\r");
    }
}
