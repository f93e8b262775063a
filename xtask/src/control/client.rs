//! A client of the control port.

use crate::typing::{Typing, PACE};
use anyhow::{bail, Context, Result};
use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use std::io::{ErrorKind, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long to wait before asking again whether pxHV listens; then twice as long, and so on.
const FIRST_PATIENCE: Duration = Duration::from_secs(1);
/// How long to sleep at most while waiting.
const GLANCE: Duration = Duration::from_millis(50);

/// What pxHV says to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its lines, without the marks in front of them.
    pub lines: Vec<String>,
    /// Why the command was not done, if it was not.
    pub error: Option<String>,
}

/// A connection to the control port.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    typing: Typing,
    received: Vec<u8>,
    last_heard: Instant,
    state: State,
}

/// How far a command is.
#[derive(Debug)]
enum State {
    /// None is under way. What was sent before, and by whom, is not known: there may be half a line, and answers to come.
    Unknown,
    /// To get behind all that, a word was sent that is no command. When pxHV says so, it is this command's turn.
    Meeting { word: String, since: Instant, patience: Duration, command: String },
    /// None is under way.
    Idle,
    /// It was sent, and these are the lines of its answer.
    Asked(Vec<String>),
}

impl Client {
    /// Connects to a relay's socket.
    pub fn connect(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket).context("can't connect to the control port")?;
        stream.set_nonblocking(true)?;
        let (typing, state) = (Typing::default(), State::Unknown);
        Ok(Self { stream, typing, received: Vec::new(), last_heard: Instant::now(), state })
    }

    /// Connects to a port at which nobody has ever said a word.
    pub fn first(socket: &Path) -> Result<Self> {
        Ok(Self { state: State::Idle, ..Self::connect(socket)? })
    }

    /// Sends a command. The answer comes by [`Client::poll`].
    pub fn ask(&mut self, command: &str) -> Result<()> {
        if command.contains(|c: char| !(' '..='~').contains(&c)) {
            bail!("{command:?} is no command: write one line of ASCII");
        }
        match self.state {
            State::Idle => self.send(command),
            _ => self.meet(command.into(), FIRST_PATIENCE),
        }
        self.last_heard = Instant::now();
        Ok(())
    }

    /// Sends a command and waits for the answer, for `patience` after each sign of life.
    pub fn answer(&mut self, command: &str, patience: Duration) -> Result<Answer> {
        self.ask(command)?;
        self.hear(patience)
    }

    /// Waits for the answer to what was asked, for `patience` after each sign of life.
    pub fn hear(&mut self, patience: Duration) -> Result<Answer> {
        loop {
            if let Some(answer) = self.poll()? {
                return Ok(answer);
            }
            if self.last_heard.elapsed() > patience {
                bail!(
                    "no answer for {} s: pxHV is not up yet, or hangs, or another client is connected; --wait SECONDS is more patient",
                    patience.as_secs()
                );
            }
            self.wait()?;
        }
    }

    /// Sends bytes that are no commands.
    pub fn flood(&mut self, bytes: Vec<u8>) {
        self.typing.flood(bytes);
        self.state = State::Unknown;
    }

    /// Whether there is something left to send.
    pub fn is_sending(&self) -> bool {
        !self.typing.is_done()
    }

    /// Does what there is to do now. The answer, when it is complete.
    pub fn poll(&mut self) -> Result<Option<Answer>> {
        if let State::Meeting { since, patience, command, .. } = &self.state {
            if since.elapsed() > *patience && self.typing.is_done() {
                let (command, patience) = (command.clone(), *patience * 2);
                self.meet(command, patience);
            }
        }
        self.typing.step(&self.stream)?;
        self.receive()?;
        while let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.received.drain(..=end).collect();
            if let Some(answer) = self.line(&String::from_utf8_lossy(&line[..end]))? {
                return Ok(Some(answer));
            }
        }
        Ok(None)
    }

    fn meet(&mut self, command: String, patience: Duration) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Nobody said it before, and it may not be heard as a whole.
        let word = format!("hello-{:x}", now.as_nanos());
        self.typing.send(format!("\n{word}\n").as_bytes());
        self.state = State::Meeting { word, since: Instant::now(), patience, command };
    }

    fn send(&mut self, command: &str) {
        self.typing.send(format!("{command}\n").as_bytes());
        self.state = State::Asked(Vec::new());
    }

    fn receive(&mut self) -> Result<()> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => bail!("the computer was switched off"),
            Ok(count) => {
                self.received.extend(&buffer[..count]);
                self.last_heard = Instant::now();
                Ok(())
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(()),
            Err(error) => Err(error).context("can't read the control port"),
        }
    }

    fn line(&mut self, line: &str) -> Result<Option<Answer>> {
        match &mut self.state {
            State::Unknown | State::Idle => {}
            State::Meeting { word, command, .. } => {
                if line.starts_with("error: ") && line.contains(word.as_str()) {
                    let command = std::mem::take(command);
                    self.send(&command);
                }
            }
            State::Asked(lines) => {
                if let Some(text) = line.strip_prefix("| ") {
                    lines.push(text.into());
                    return Ok(None);
                }
                let error = line.strip_prefix("error: ").map(str::to_owned);
                let lines = std::mem::take(lines);
                self.state = State::Idle;
                if error.is_none() && line != "ok" {
                    self.state = State::Unknown;
                    bail!("this is no answer: {line:?}");
                }
                return Ok(Some(Answer { lines, error }));
            }
        }
        Ok(None)
    }

    /// Waits a moment, or until there is something to do.
    fn wait(&self) -> Result<()> {
        let patience = Timespec::try_from(if self.typing.is_done() { GLANCE } else { PACE })?;
        match poll(&mut [PollFd::new(&self.stream, PollFlags::IN)], Some(&patience)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
