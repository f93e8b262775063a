//! Between the emulated serial port and a socket.

use anyhow::{Context, Result};
use rustix::event::{poll, PollFd, PollFlags};
use rustix::io::Errno;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

/// What is kept for a client that reads slowly. The kernel's own buffer is no measure: a port that speaks in single
/// bytes fills it with a few hundred of them.
const BACKLOG: usize = 1024 * 1024;

/// A socket that leads to the port, as long as this lives. It has one client at a time; others wait. Without a client,
/// what the port says is lost.
#[derive(Debug)]
pub struct Relay {
    socket: PathBuf,
    /// Closed to end the thread.
    running: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// Between `port`, which does not block, and the new `socket`.
    pub fn start(port: OwnedFd, socket: PathBuf) -> Result<Self> {
        let listener =
            UnixListener::bind(&socket).with_context(|| format!("can't make {}", socket.display()))?;
        listener.set_nonblocking(true)?;
        let (running, end) = UnixStream::pair()?;
        let (to_port, to_client) = (Vec::new(), Vec::new());
        let line = Line { port, listener, end, client: None, to_port, to_client };
        // Without the port there is nothing left to do.
        let thread = std::thread::spawn(move || _ = line.serve());
        Ok(Self { socket, running: Some(running), thread: Some(thread) })
    }

    /// Where clients connect.
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.running = None;
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

/// Both ends, on a thread of their own.
struct Line {
    port: OwnedFd,
    listener: UnixListener,
    /// Readable when it is time to end.
    end: UnixStream,
    client: Option<UnixStream>,
    /// What a client sent and the port has not taken.
    to_port: Vec<u8>,
    /// What the port said and the client has not taken.
    to_client: Vec<u8>,
}

impl Line {
    fn serve(mut self) -> Result<(), Errno> {
        loop {
            let [end, port, other] = self.wait()?;
            if end {
                return Ok(());
            }
            if port {
                self.read_port()?;
                self.write_port()?;
            }
            if other && self.client.is_none() {
                self.accept();
            } else if other {
                self.write_client();
                self.read_client();
                self.write_port()?;
            }
        }
    }

    /// Which of end, port and client there is something to do for.
    fn wait(&self) -> Result<[bool; 3], Errno> {
        let wanted = if self.to_port.is_empty() { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT };
        let mut files = vec![PollFd::new(&self.end, PollFlags::IN), PollFd::new(&self.port, wanted)];
        match &self.client {
            None => files.push(PollFd::new(&self.listener, PollFlags::IN)),
            Some(client) => {
                let mut wanted = PollFlags::empty();
                wanted.set(PollFlags::IN, self.is_listening());
                wanted.set(PollFlags::OUT, !self.to_client.is_empty());
                // One that is gone would be ready all the time.
                if !wanted.is_empty() {
                    files.push(PollFd::new(client, wanted));
                }
            }
        }
        match poll(&mut files, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
        let ready = |at: usize| files.get(at).is_some_and(|file| !file.revents().is_empty());
        Ok([ready(0), ready(1), ready(2)])
    }

    fn read_port(&mut self) -> Result<(), Errno> {
        let mut buffer = [0; 4096];
        let count = match rustix::io::read(&self.port, &mut buffer) {
            Ok(count) => count,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(()),
            Err(error) => return Err(error),
        };
        self.to_client.extend(&buffer[..count]);
        self.write_client();
        Ok(())
    }

    /// The emulator must not wait for a client that does not read: such a one has to go.
    fn write_client(&mut self) {
        match self.client.as_mut().map(|client| client.write(&self.to_client)) {
            Some(Ok(count)) => _ = self.to_client.drain(..count),
            Some(Err(error)) if may_work_later(&error) && self.to_client.len() <= BACKLOG => {}
            Some(Err(_)) | None => self.leave(),
        }
    }

    fn leave(&mut self) {
        self.client = None;
        self.to_client.clear();
    }

    fn accept(&mut self) {
        let Ok((client, _)) = self.listener.accept() else { return };
        self.client = client.set_nonblocking(true).is_ok().then_some(client);
    }

    /// A client is heard when the port has taken what it said before.
    fn is_listening(&self) -> bool {
        self.to_port.is_empty()
    }

    fn read_client(&mut self) {
        let is_listening = self.is_listening();
        let Some(client) = self.client.as_mut().filter(|_| is_listening) else { return };
        let mut buffer = [0; 4096];
        match client.read(&mut buffer) {
            Ok(count @ 1..) => self.to_port.extend(&buffer[..count]),
            Err(error) if may_work_later(&error) => {}
            Ok(0) | Err(_) => self.leave(),
        }
    }

    fn write_port(&mut self) -> Result<(), Errno> {
        match rustix::io::write(&self.port, &self.to_port) {
            Ok(count) => {
                self.to_port.drain(..count);
                Ok(())
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn may_work_later(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
