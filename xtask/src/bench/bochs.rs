//! A run in Bochs, by its ticks: one for each instruction that is executed, and those that pass while the processor waits
//! in HLT. Bochs's log tells at which tick what was sent to the console.

use super::counts::{text, At, Counts};
use crate::emulator::{self, Clock, Computer, Debugger, On};
use crate::transcript::Transcript;
use crate::{packages, pty};
use anyhow::{bail, Context as _, Error, Result};
use regex::Regex;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{channel, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// No boot is silent for so long, not even on a busy computer.
const PATIENCE: Duration = Duration::from_mins(5);
/// What the clock shows at first.
const CLOCK: &str = "2026-01-01T00:00:00";
/// What precedes a byte written to the transmitter holding register, and one written to the line control register, in the
/// log.
const WRITES: [&[u8]; 2] = [
    b"[SER   ] com1 register write to  address: 0x03f8 = 0x",
    b"[SER   ] com1 register write to  address: 0x03fb = 0x",
];
/// In the line control register: 3F8h is the divisor now.
const DLAB: u8 = 0x80;
/// What the debugger says when it has stopped.
const STOPPED: &[u8] = b"Next at t=";

/// What happened at a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// A byte was written to the console's data register.
    Data(u8),
    /// One was written to its line control register.
    LineControl(u8),
    /// The debugger has stopped the processor.
    Stopped,
}

/// Boots `image` with `memory` bytes of RAM until `until` is on the console. `start` is an address (linear) whose first
/// execution is noted.
pub fn count(on: On, memory: u64, image: &Path, until: &Regex, start: Option<u64>) -> Result<Counts> {
    packages::ensure(&[packages::Purpose::Bochs])?;
    let clock = Clock::try_from(CLOCK.parse::<toml::value::Datetime>()?).map_err(Error::msg)?;
    let commands = match start {
        Some(address) => format!("lb {address:#x}\ncontinue\ndelete 1\ncontinue\n"),
        None => "continue\n".to_owned(),
    };
    let debugger = Some(Debugger::Own(commands));
    let (cpu, cpus, image, clock) = (None, 1, image.into(), Some(clock));
    let computer = Computer { on, cpu, cpus, memory, image, clock, debugger };

    let directory = tempfile::Builder::new().prefix("pxhv-bench-").tempdir()?;
    let mut command = emulator::logging_bochs(&computer, directory.path())?;
    // What is no terminal it would fill in large pieces only.
    let (debugger, terminal, _) = pty::open()?;
    rustix::io::ioctl_fionbio(&debugger, false)?;
    command.stdin(Stdio::null()).stdout(terminal).stderr(Stdio::piped());
    let mut run = Run(emulator::spawn(&mut command, true)?);
    drop(command);
    let (sender, events) = channel();
    let log = run.0.stderr.take().context("a pipe was asked for")?;
    listen(log, sender.clone());
    listen(std::fs::File::from(debugger), sender);

    let (begun, mut listener) = (Instant::now(), Listener::default());
    loop {
        match events.recv_timeout(PATIENCE) {
            Ok((tick, event)) => listener.take(tick, event),
            Err(RecvTimeoutError::Timeout) => bail!("time-out; console:\n{}", listener.console()),
            Err(RecvTimeoutError::Disconnected) => bail!("Bochs ended; console:\n{}", listener.console()),
        }
        if until.is_match(listener.transcript.text()) {
            return Ok(Counts { elapsed: begun.elapsed(), ..listener.counts });
        }
    }
}

/// A running Bochs. Dropping it ends it.
struct Run(Child);

impl Drop for Run {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Tells what happens according to the lines that `source` gives.
fn listen(source: impl Read + Send + 'static, events: Sender<(u64, Event)>) {
    std::thread::spawn(move || {
        for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
            emulator::drain_screen(&line);
            // When nobody is interested any more, Bochs has ended.
            if event(&line).is_some_and(|event| events.send(event).is_err()) {
                break;
            }
        }
    });
}

/// What a line tells: the tick and the event.
fn event(line: &[u8]) -> Option<(u64, Event)> {
    let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.trim().parse().ok();
    if let Some(at) = line.windows(STOPPED.len()).position(|part| part == STOPPED) {
        return Some((number(&line[at + STOPPED.len()..])?, Event::Stopped));
    }
    // Eleven digits or more, and a letter for the kind of message.
    let (tick, message) = line.split_at_checked(line.iter().position(|byte| *byte == b'[')?)?;
    let tick = number(tick.split_last()?.1)?;
    let [data, control] = WRITES.map(|start| {
        let digits = std::str::from_utf8(message.strip_prefix(start)?).ok()?;
        u8::from_str_radix(digits.trim_end(), 16).ok()
    });
    data.map(Event::Data).or(control.map(Event::LineControl)).map(|event| (tick, event))
}

/// Puts together what is on the console.
#[derive(Default)]
struct Listener {
    counts: Counts,
    transcript: Transcript,
    line_control: u8,
}

impl Listener {
    fn take(&mut self, tick: u64, event: Event) {
        match event {
            Event::LineControl(value) => self.line_control = value,
            Event::Data(_) if self.line_control & DLAB != 0 => {}
            Event::Data(byte) => {
                self.counts.console.push(byte);
                self.transcript.feed(&[byte]);
                let at = At { count: tick, ..At::default() };
                self.counts.sent.push((at, self.counts.console.len()));
            }
            // Before the first instruction it stops, too.
            Event::Stopped if tick == 0 => {}
            Event::Stopped => _ = self.counts.start.get_or_insert(tick),
        }
    }

    fn console(&self) -> String {
        text(&self.counts.console)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_and_the_debugger_tell_what_happened_when() {
        let lines = [
            "00000000000d[SER   ] com1 initialize register for read/write: 0x03f8",
            "00000000008d[SER   ] com1 register write to  address: 0x03fb = 0x83",
            "00000000009d[SER   ] com1 register write to  address: 0x03f8 = 0x01",
            "00000000010d[SER   ] com1 register write to  address: 0x03fb = 0x03",
            "02296981554d[SER   ] com1 register write to  address: 0x03f8 = 0x6f",
            "02296981555d[SER   ] com1 register read from address: 0x03fd = 0x60",
            "02296981556e[CPU0  ] VMEXIT: EPT violation for guest paddr 0x0000fec00010",
            "123456789012d[SER   ] com1 register write to  address: 0x03f8 = 0x6B\r",
            "Next at t=0\r",
            "(0) Breakpoint 1, in 0000000001000000 ()",
            "<bochs:2> Next at t=794203074\r",
            "Next at t=900000000",
            "[",
        ];
        let mut listener = Listener::default();
        for (tick, event) in lines.iter().filter_map(|line| event(line.as_bytes())) {
            listener.take(tick, event);
        }
        assert_eq!(listener.console(), "ok");
        assert_eq!(listener.transcript.text(), "ok");
        let ticks: Vec<_> = listener.counts.sent.iter().map(|(at, bytes)| (at.count, *bytes)).collect();
        assert_eq!(ticks, [(2_296_981_554, 1), (123_456_789_012, 2)]);
        assert_eq!(listener.counts.start, Some(794_203_074), "the first stop");
    }
}
