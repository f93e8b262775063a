//! The way out of an interactive run.
//!
//! All keys are the computer's: the prefix and X have pxHV switch it off. Before pxHV is up, or if it hangs, nobody
//! would do that.

use std::time::{Duration, Instant};

/// How long pxHV may take to switch the computer off.
const PATIENCE: Duration = Duration::from_secs(5);

/// Knows whether the operator wants to leave.
#[derive(Debug)]
pub struct Leaving {
    prefix: u8,
    /// The prefix was typed, and the key behind it was not.
    is_pending: bool,
    /// When this run is over, whatever pxHV does.
    end: Option<Instant>,
}

impl Leaving {
    /// With this control character before pxHV's keys.
    pub fn new(prefix: u8) -> Self {
        Self { prefix, is_pending: false, end: None }
    }

    /// The operator typed `bytes`.
    pub fn typed(&mut self, bytes: &[u8], now: Instant) {
        for byte in bytes {
            if !std::mem::take(&mut self.is_pending) {
                self.is_pending = *byte == self.prefix;
            } else if byte.eq_ignore_ascii_case(&b'x') {
                // Who types it again has waited long enough.
                self.end = Some(if self.end.is_some() { now } else { now + PATIENCE });
            }
        }
    }

    /// Whether pxHV had its time.
    pub fn is_over(&self, now: Instant) -> bool {
        self.end.is_some_and(|end| end <= now)
    }

    /// What the operator has to know.
    pub fn help(&self) -> String {
        let prefix = format!("Ctrl-{}", char::from(self.prefix | 0x40));
        format!("{prefix} X  off      {prefix} {prefix}  send {prefix}      {prefix} H  all keys of pxHV\r\n")
    }
}

/// Shown if it was over.
pub const REASON: &str = "pxHV did not switch the computer off: the emulator was ended";

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether it is over when pxHV had a moment, and when it had long enough.
    fn over(prefix: u8, typed: &[&[u8]]) -> (bool, bool) {
        let mut leaving = Leaving::new(prefix);
        let now = Instant::now();
        for bytes in typed {
            leaving.typed(bytes, now);
        }
        (leaving.is_over(now + PATIENCE / 2), leaving.is_over(now + PATIENCE))
    }

    #[test]
    fn prefix_and_x_lead_out() {
        for typed in [b"\x01x".as_slice(), b"\x01X", b"ls\r\x01xls\r", b"\x01\x01\x01x", b"\x01h\x01x"] {
            assert_eq!(over(1, &[typed]), (false, true), "{typed:?}");
            let bytes: Vec<_> = typed.chunks(1).collect();
            assert_eq!(over(1, &bytes), (false, true), "{typed:?}, byte by byte");
        }
        for typed in [b"x".as_slice(), b"\x01", b"\x01\x01x", b"\x011x", b"\x02x", b"\x01\rx"] {
            assert_eq!(over(1, &[typed]), (false, false), "{typed:?}");
        }
        assert_eq!(over(0x14, &[b"\x01x"]), (false, false));
        assert_eq!(over(0x14, &[b"\x14x"]), (false, true));
    }

    #[test]
    fn twice_leads_out_at_once() {
        assert_eq!(over(1, &[b"\x01x\x01x"]), (true, true));
        assert_eq!(over(1, &[b"\x01x", b"\x01", b"X"]), (true, true));
    }

    #[test]
    fn the_help_has_the_prefix() {
        assert!(Leaving::new(1).help().starts_with("Ctrl-A X  off "));
        assert!(Leaving::new(20).help().starts_with("Ctrl-T X  off "));
    }
}
