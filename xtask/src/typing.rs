//! What is sent to an emulated serial port, at a pace that it follows.

use anyhow::{Context, Result};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Between two typed characters: an emulated serial port holds few, and no person types faster.
pub const PACE: Duration = Duration::from_millis(5);

/// What waits to be sent, in order.
#[derive(Debug)]
pub struct Typing {
    waiting: VecDeque<Part>,
    last_typed: Instant,
}

/// Bytes of one kind.
#[derive(Debug)]
enum Part {
    /// Typed one after the other.
    Typed(VecDeque<u8>),
    /// Sent as fast as the port takes them.
    Flood(VecDeque<u8>),
}

impl Default for Typing {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), last_typed: Instant::now() }
    }
}

impl Typing {
    /// Types `bytes`, one after the other.
    pub fn send(&mut self, bytes: &[u8]) {
        if let Some(Part::Typed(last)) = self.waiting.back_mut() {
            last.extend(bytes);
        } else {
            self.waiting.push_back(Part::Typed(bytes.iter().copied().collect()));
        }
    }

    /// Sends `bytes` without a pause.
    pub fn flood(&mut self, bytes: Vec<u8>) {
        self.waiting.push_back(Part::Flood(bytes.into()));
    }

    /// Whether nothing waits.
    pub fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Sends what can be sent now to `port`, which does not block.
    pub fn step(&mut self, port: impl AsFd) -> Result<()> {
        while let Some(part) = self.waiting.front_mut() {
            let (bytes, next) = match part {
                Part::Typed(_) if self.last_typed.elapsed() < PACE => break,
                Part::Typed(bytes) => {
                    let length = unit(bytes.make_contiguous()).len();
                    (bytes, length)
                }
                Part::Flood(bytes) => {
                    let length = bytes.make_contiguous().len();
                    (bytes, length)
                }
            };
            match rustix::io::write(&port, &bytes.make_contiguous()[..next]) {
                Ok(count) => {
                    bytes.drain(..count);
                    self.last_typed = Instant::now();
                }
                Err(Errno::AGAIN | Errno::INTR) => break,
                Err(error) => return Err(error).context("can't type"),
            }
            if bytes.is_empty() {
                self.waiting.pop_front();
            }
        }
        Ok(())
    }
}

/// What is typed at once: a character, or the whole sequence of a key. pxHV knows the key Esc by the pause behind it,
/// and the time of an idle emulated computer flies.
fn unit(typed: &[u8]) -> &[u8] {
    let length = match typed {
        [0x1b, b'[', rest @ ..] => {
            let is_last = |byte: &u8| matches!(byte, b'@'..=b'Z' | b'\\'..=b'~');
            3 + rest.iter().position(is_last).unwrap_or(rest.len())
        }
        [0x1b, b'O', ..] => 3,
        [0x1b, ..] => 2,
        _ => 1,
    };
    &typed[..length.min(typed.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;
    use std::os::unix::net::UnixStream;

    #[test]
    fn sequences_are_typed_at_once() {
        let mut typed: &[u8] = b"a\x1b[A\x1bOP\x1bf\x1b[3;5~\x1b[[Ab\x1b";
        let mut units = Vec::new();
        while !typed.is_empty() {
            let unit = unit(typed);
            units.push(unit);
            typed = &typed[unit.len()..];
        }
        let expected: [&[u8]; 8] =
            [b"a", b"\x1b[A", b"\x1bOP", b"\x1bf", b"\x1b[3;5~", b"\x1b[[A", b"b", b"\x1b"];
        assert_eq!(units, expected);
    }

    #[test]
    fn what_is_typed_and_what_is_not_comes_in_order() {
        let (port, mut other) = UnixStream::pair().unwrap();
        port.set_nonblocking(true).unwrap();
        let flood = vec![b'f'; 1_000_000];
        let mut typing = Typing::default();
        typing.send(b"ab");
        typing.flood(flood.clone());
        typing.send(b"c");
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            other.read_to_end(&mut all).map(|_| all)
        });
        while !typing.is_done() {
            typing.step(&port).unwrap();
        }
        drop(port);
        assert!(reader.join().unwrap().unwrap() == [b"ab".as_slice(), &flood, b"c"].concat());
    }
}
