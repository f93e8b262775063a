//! A pxHV that knows three commands, at the other end of a serial port.

use super::Relay;
use crate::pty;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// The computer's end of the port, in the place of an emulator, and the socket that leads to it.
pub struct Port {
    pub relay: Relay,
    pub theirs: OwnedFd,
    _directory: tempfile::TempDir,
}

impl Port {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (ours, theirs, _) = pty::open().unwrap();
        let relay = Relay::start(ours, directory.path().join("control")).unwrap();
        Self { relay, theirs, _directory: directory }
    }

    pub fn socket(&self) -> PathBuf {
        self.relay.socket().into()
    }
}

/// Answers at the computer's end of a port until that is closed.
pub fn serve(theirs: &OwnedFd) {
    let mut port = std::fs::File::from(theirs.try_clone().unwrap());
    std::thread::spawn(move || answer(&mut port));
}

fn answer(port: &mut std::fs::File) {
    let (mut line, mut byte, mut vms) = (Vec::new(), [0], 0);
    while port.read_exact(&mut byte).is_ok() {
        if byte != *b"\n" {
            line.push(byte[0]);
            continue;
        }
        let answer = match line.as_slice() {
            b"" => "ok\n".into(),
            b"vms" => {
                vms += 1;
                format!("| 1 linux running\n| \n| 2 dos off\n| asked {vms} times\nok\n")
            }
            b"start nobody" => "error: no VM named nobody: vms lists them\n".into(),
            b"garble" => "what?\n".into(),
            other => format!("error: no command named {}\n", String::from_utf8_lossy(other).escape_default()),
        };
        line.clear();
        if port.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
