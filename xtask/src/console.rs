//! The console of a running emulator: what it says, what is typed, and how it ends.

use crate::control::{Answer, Client};
use crate::emulator::Emulator;
use crate::noise::{Noise, Port};
use crate::transcript::Transcript;
use crate::typing::{Typing, PACE};
use anyhow::{Context, Result};
use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::{pipe, unregister};
use signal_hook::SigId;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long an emulator may take to end after pxHV's last line.
const POWER_OFF_PATIENCE: Duration = Duration::from_secs(5);
/// How long the lines after a panic or a refusal may take.
const LAST_WORDS_PATIENCE: Duration = Duration::from_secs(2);
/// How long to wait at most before looking whether the emulator is still there.
const GLANCE: Duration = Duration::from_millis(50);

/// What happened on the console.
#[derive(Debug)]
pub enum Event {
    /// The computer printed this.
    Output(Vec<u8>),
    /// This was typed at the keyboard; nothing means that it is closed.
    Input(Vec<u8>),
    /// The answer to the command on the control port.
    Answer(Answer),
    /// Nothing for a moment.
    Quiet,
    /// The computer is off, as it should be.
    PoweredOff,
    /// It is no use to wait any longer, for this reason.
    Failed(String),
}

/// A console.
#[derive(Debug)]
pub struct Console {
    emulator: Emulator,
    log: Option<File>,
    transcript: Transcript,
    typing: Typing,
    /// On the control port, if it was needed.
    control: Option<Client>,
    last_output: Instant,
    /// Readable once a signal that ends this program has arrived.
    signals: UnixStream,
    registered: Vec<SigId>,
}

impl Console {
    /// The console of `emulator`, written to the file `log` as well.
    pub fn new(emulator: Emulator, log: Option<&Path>) -> Result<Self> {
        let log = match log {
            Some(path) => {
                Some(File::create(path).with_context(|| format!("can't write {}", path.display()))?)
            }
            None => None,
        };
        let (signals, sender) = UnixStream::pair()?;
        let mut registered = Vec::new();
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            registered.push(pipe::register(signal, sender.try_clone()?)?);
        }
        Ok(Self {
            emulator,
            log,
            transcript: Transcript::default(),
            typing: Typing::default(),
            control: None,
            last_output: Instant::now(),
            signals,
            registered,
        })
    }

    /// Everything that was printed so far.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Types `bytes`, one after the other.
    pub fn send(&mut self, bytes: &[u8]) {
        self.typing.send(bytes);
    }

    /// Sends random bytes.
    pub fn disturb(&mut self, noise: Noise) -> Result<()> {
        match noise.to {
            Port::Console => self.typing.flood(noise.make()),
            Port::Control => self.control()?.flood(noise.make()),
        }
        Ok(())
    }

    /// Whether there is something left to send.
    pub fn is_sending(&self) -> bool {
        !self.typing.is_done() || self.control.as_ref().is_some_and(Client::is_sending)
    }

    /// Sends a command to the control port, which leads to [`Event::Answer`].
    pub fn ask(&mut self, command: &str) -> Result<()> {
        self.control()?.ask(command)
    }

    fn control(&mut self) -> Result<&mut Client> {
        match &mut self.control {
            Some(client) => Ok(client),
            none => Ok(none.insert(Client::connect(self.emulator.control.socket())?)),
        }
    }

    /// Waits for the next event, a moment at most.
    pub fn next(&mut self, keyboard: Option<BorrowedFd>) -> Result<Event> {
        self.typing.step(&self.emulator.serial)?;
        if let Some(answer) = self.control.as_mut().map(Client::poll).transpose()?.flatten() {
            return Ok(Event::Answer(answer));
        }
        let [output, signal, input] = self.wait(keyboard)?;
        if signal {
            return Ok(Event::Failed("interrupted".into()));
        }
        if output {
            if let Some(bytes) = self.read()? {
                return Ok(Event::Output(bytes));
            }
        }
        if let (true, Some(keyboard)) = (input, keyboard) {
            let mut buffer = [0; 1024];
            let count = rustix::io::read(keyboard, &mut buffer).unwrap_or(0);
            return Ok(Event::Input(buffer[..count].to_vec()));
        }
        if let Some(end) = self.end()? {
            return Ok(end);
        }
        Ok(Event::Quiet)
    }

    /// Which of serial port, signals and keyboard have something to read.
    fn wait(&self, keyboard: Option<BorrowedFd>) -> Result<[bool; 3]> {
        let mut files = vec![
            PollFd::new(&self.emulator.serial, PollFlags::IN),
            PollFd::new(&self.signals, PollFlags::IN),
        ];
        files.extend(keyboard.map(|keyboard| PollFd::from_borrowed_fd(keyboard, PollFlags::IN)));
        files.extend(self.control.as_ref().map(|control| PollFd::new(control, PollFlags::IN)));
        let patience = if self.is_sending() { PACE } else { GLANCE };
        let patience = Timespec::try_from(patience)?;
        match poll(&mut files, Some(&patience)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready = |at: usize| files.get(at).is_some_and(|file| !file.revents().is_empty());
        Ok([ready(0), ready(1), ready(2)])
    }

    fn read(&mut self) -> Result<Option<Vec<u8>>> {
        let mut buffer = [0; 4096];
        match rustix::io::read(&self.emulator.serial, &mut buffer) {
            Ok(0) | Err(Errno::AGAIN | Errno::INTR | Errno::IO) => Ok(None),
            Ok(count) => {
                let bytes = buffer[..count].to_vec();
                if let Some(log) = &mut self.log {
                    log.write_all(&bytes).context("can't write the log")?;
                }
                self.transcript.feed(&bytes);
                self.last_output = Instant::now();
                Ok(Some(bytes))
            }
            Err(error) => Err(error).context("can't read the serial port"),
        }
    }

    /// Whether this is the end. Called when there was nothing to read.
    fn end(&mut self) -> Result<Option<Event>> {
        let quiet = self.last_output.elapsed();
        let has_ended = self.emulator.ended()?.is_some();
        let last_words = last_words(self.transcript.text());
        Ok(match last_words {
            // The emulators' exit statuses tell nothing: Bochs gives 1 for a proper power-off.
            LastWords::PowerOff if has_ended || quiet > POWER_OFF_PATIENCE => Some(Event::PoweredOff),
            LastWords::Bad(line) if has_ended || quiet > LAST_WORDS_PATIENCE => {
                Some(Event::Failed(line.to_owned()))
            }
            _ if has_ended => {
                let complaints = self.emulator.complaints();
                let reason = "the emulator ended, but pxHV did not power it off";
                Some(Event::Failed(format!("{reason}\n{complaints}").trim_end().to_owned()))
            }
            _ => None,
        })
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            unregister(id);
        }
    }
}

/// What pxHV said at last.
#[derive(Debug, PartialEq, Eq)]
enum LastWords<'a> {
    /// It goes on.
    None,
    /// `pxHV: power off` is the last line.
    PowerOff,
    /// It gave up with this line.
    Bad(&'a str),
}

fn last_words(text: &str) -> LastWords<'_> {
    let bad = |line: &&str| {
        ["pxHV panic", "pxHV can't start", "pxHV stage 1:"].iter().any(|start| line.starts_with(start))
    };
    if let Some(line) = text.lines().rev().take(200).find(bad) {
        return LastWords::Bad(line);
    }
    // A guest may print this line too, but then something follows: at least a prompt.
    match text.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(line) if line.starts_with("pxHV: power off") => LastWords::PowerOff,
        _ => LastWords::None,
    }
}

/// The keyboard.
pub fn keyboard(input: &std::io::Stdin) -> BorrowedFd<'_> {
    input.as_fd()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_recognised() {
        assert_eq!(last_words("pxHV: vm linux: ended\npxHV: power off\n\n"), LastWords::PowerOff);
        assert_eq!(last_words("# echo pxHV: power off\npxHV: power off\n# "), LastWords::None);
        assert_eq!(last_words("a\npxHV panic: no\nrax 0\n"), LastWords::Bad("pxHV panic: no"));
        assert_eq!(last_words("pxHV can't start: no EPT"), LastWords::Bad("pxHV can't start: no EPT"));
        assert_eq!(last_words(""), LastWords::None);
    }
}
