//! Commands to pxHV's monitor at a point of a counted run. The computer stands still there, until the first command waits at
//! its serial port: so it is the same point each time, and the answers are the same.

use crate::control::{Answer, Client};
use anyhow::{bail, ensure, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long QEMU may take to hand on to the port what was sent.
const DELIVERY: Duration = Duration::from_secs(1);
/// How long an answer may take. A computer that was asked is slow: see count.c.
const PATIENCE: Duration = Duration::from_mins(2);
/// What the plugin writes when the computer stands still.
const PAUSED: &str = "paused\n";

/// What is asked, and when.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// When the console ends with this for the first time.
    pub at: &'a str,
    /// The commands, in order.
    pub commands: &'a [&'a str],
}

/// The second serial port of a computer, and its plugin's options.
#[derive(Debug)]
pub struct Port<'a> {
    asking: Asking<'a>,
    socket: PathBuf,
    go: PathBuf,
}

impl<'a> Port<'a> {
    /// With files in `directory`.
    pub fn new(asking: Asking<'a>, directory: &Path) -> Self {
        Self { asking, socket: directory.join("control"), go: directory.join("go") }
    }

    /// What the plugin is told.
    pub fn plugin_options(&self) -> String {
        // A comma is written twice.
        format!(",pause={},go={}", self.asking.at.replace(',', ",,"), self.go.display())
    }

    /// Adds the port, which is the next one.
    pub fn add_to(&self, computer: &mut Command) {
        let socket = self.socket.display();
        computer.args(["-chardev", &format!("socket,id=control,path={socket},server=on,wait=off")]);
        computer.args(["-serial", "chardev:control"]);
    }

    /// Whether the computer stands still: by what the plugin wrote.
    pub fn is_time(counted: &str) -> bool {
        counted.ends_with(PAUSED)
    }

    /// Asks, and lets the computer go on.
    pub fn ask(&self) -> Result<Vec<Answer>> {
        let mut client = Client::first(&self.socket)?;
        let mut answers = Vec::new();
        for (at, command) in self.asking.commands.iter().enumerate() {
            client.ask(command)?;
            if at == 0 {
                self.deliver(&mut client)?;
            }
            let answer = client.hear(PATIENCE)?;
            if let Some(error) = &answer.error {
                bail!("the answer to {command} is: error: {error}");
            }
            answers.push(answer);
        }
        Ok(answers)
    }

    fn deliver(&self, client: &mut Client) -> Result<()> {
        while client.is_sending() {
            ensure!(client.poll()?.is_none(), "an answer came before the question");
        }
        std::thread::sleep(DELIVERY);
        std::fs::write(&self.go, "")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::fake;
    use std::io::{Read as _, Write as _};
    use std::os::fd::OwnedFd;

    const ASKING: Asking = Asking { at: "a, b# ", commands: &["vms", "vms"] };

    #[test]
    fn qemu_is_told_where_to_stand_still() {
        let port = Port::new(ASKING, Path::new("/d"));
        assert_eq!(port.plugin_options(), ",pause=a,, b# ,go=/d/go");
        let mut computer = Command::new("qemu");
        port.add_to(&mut computer);
        let arguments: Vec<_> = computer.get_args().map(|argument| argument.to_string_lossy()).collect();
        let chardev = "socket,id=control,path=/d/control,server=on,wait=off";
        assert_eq!(arguments, ["-chardev", chardev, "-serial", "chardev:control"]);
        assert!(Port::is_time("console 1 2 3 4\npaused\n"));
        assert!(!Port::is_time("console 1 2 3 4\n"));
    }

    /// What is answered by a computer that stands still until it may go on, and then does what `goes_on` does.
    fn answers(commands: &[&str], goes_on: impl FnOnce(&OwnedFd) + Send) -> Result<Vec<Answer>> {
        let theirs = fake::Port::new();
        let directory = tempfile::tempdir().unwrap();
        let asking = Asking { at: "", commands };
        let port = Port { socket: theirs.socket(), ..Port::new(asking, directory.path()) };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !port.go.exists() {
                    std::thread::sleep(Duration::from_millis(5));
                }
                goes_on(&theirs.theirs);
            });
            port.ask()
        })
    }

    #[test]
    fn the_first_command_is_all_that_waits_when_the_computer_goes_on() {
        let answers = answers(&["vms"], |theirs| {
            let mut port = std::fs::File::from(theirs.try_clone().unwrap());
            let mut waiting = [0; 16];
            let count = port.read(&mut waiting).unwrap();
            assert_eq!(&waiting[..count], b"vms\n");
            port.write_all(b"ok\n").unwrap();
        });
        assert!(answers.unwrap()[0].lines.is_empty());
    }

    #[test]
    fn all_commands_are_answered_in_order() {
        let answers = answers(&["vms", "vms"], fake::serve).unwrap();
        let last: Vec<_> = answers.iter().map(|answer| answer.lines.last().unwrap().as_str()).collect();
        assert_eq!(last, ["asked 1 times", "asked 2 times"]);
    }

    #[test]
    fn a_refusal_is_an_error() {
        let error = answers(&["vms", "start nobody"], fake::serve).unwrap_err().to_string();
        assert_eq!(error, "the answer to start nobody is: error: no VM named nobody: vms lists them");
    }
}
