//! Noise on both lines.

use crate::front::Front;
use crate::testing::{Mock, Paper};
use crate::{Console, Hypervisor, Protocol};
use std::string::String;

/// Bytes on each line.
const BYTES: usize = 1_000_000;

/// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled").
struct Noise(u64);

impl Noise {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as usize % below
    }

    /// A byte that is often a part of something.
    fn byte(&mut self) -> u8 {
        const WORDS: &[u8] =
            b"\x01\x1b[ABCDm12 \t\r\n\x08\x7fvms show log help mem linux 0x10 attach joined send";
        if self.next(4) == 0 {
            self.next(256) as u8
        } else {
            WORDS[self.next(WORDS.len())]
        }
    }
}

#[test]
fn noise_at_the_console_leaves_it_alive() {
    let (mut mock, mut paper) = (Mock::default(), Paper::default());
    let mut console = Console::new(1, mock.vms.len());
    for seed in [1, 2] {
        let mut noise = Noise(seed);
        for count in 0..BYTES / 2 {
            // The second half is for the monitor, mostly.
            if seed == 2 && count % 64 == 0 {
                mock.attach(Front::Monitor);
            }
            console.input(noise.byte(), &mut mock, &mut paper);
            let vm = noise.next(3);
            if console.output(vm, "vm", &[noise.byte()], count as u64, &mut paper) {
                console.pause(count as u64, &mock, &mut paper);
            }
            if count % 1000 == 0 {
                paper.take();
                mock.vms.iter_mut().for_each(|vm| vm.typed.clear());
            }
        }
    }
    // Whatever was begun is ended first.
    for byte in b"\x01\x01\x01m\x03version\r" {
        console.input(*byte, &mut mock, &mut paper);
    }
    let shown = paper.take();
    assert!(shown.ends_with("up         1 h 02 min\r\npxHV> "), "{shown}");
}

#[test]
fn noise_on_the_second_serial_port_leaves_it_alive() {
    let (mut mock, mut protocol, mut out) = (Mock::default(), Protocol::new(), String::new());
    let (mut noise, mut ends) = (Noise(3), 0);
    for count in 0..BYTES {
        // Half of it are lines of text.
        let byte = match (noise.byte(), count < BYTES / 2) {
            (byte, true) => byte,
            (b'\n', false) => b'\n',
            (byte, false) => byte & 0x7f | 0x20,
        };
        ends += usize::from(byte == b'\n');
        protocol.byte(byte, &mut mock, &mut out).unwrap();
        if count % 1000 == 0 {
            assert!(out
                .lines()
                .all(|line| line.starts_with("| ") || line == "ok" || line.starts_with("error: ")));
            ends -= out.lines().filter(|line| !line.starts_with("| ")).count();
            out.clear();
            mock.vms.iter_mut().for_each(|vm| vm.typed.clear());
        }
    }
    ends -= out.lines().filter(|line| !line.starts_with("| ")).count();
    assert_eq!(ends, 0, "each line has one answer");
    out.clear();
    for byte in b"\nversion\n" {
        protocol.byte(*byte, &mut mock, &mut out).unwrap();
    }
    assert!(out.ends_with("\nok\n") && out.contains("| pxHV 0.1.0\n"), "{out}");
}
