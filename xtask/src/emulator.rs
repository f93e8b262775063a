//! Starts an emulator with an image and connects its serial ports.

mod bochs;
mod clock;
mod kvm;
mod qemu;

pub use bochs::{drain_screen, logging as logging_bochs};
pub use clock::Clock;

use crate::control::Relay;
use crate::{packages, pty, size};
use anyhow::{Context, Result};
use rustix::process::{kill_process_group, Pid, Signal};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// The computers that pxHV can be tried on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// QEMU without KVM: AMD with SVM
    Qemu,
    /// Bochs: Intel with VMX
    Bochs,
    /// Bochs: AMD with SVM
    BochsSvm,
    /// QEMU with KVM: the host's own CPU, nested
    Kvm,
}

impl On {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Qemu => "qemu",
            Self::Bochs => "bochs",
            Self::BochsSvm => "bochs-svm",
            Self::Kvm => "kvm",
        }
    }

    /// Installs the emulator if it is missing, and fails if it can't run here.
    pub fn ensure(self) -> Result<()> {
        match self {
            Self::Qemu => packages::ensure(&[packages::Purpose::Qemu]),
            Self::Kvm => kvm::check().and_then(|()| packages::ensure(&[packages::Purpose::Qemu])),
            Self::Bochs | Self::BochsSvm => packages::ensure(&[packages::Purpose::Bochs]),
        }
    }
}

/// A computer to be emulated.
#[derive(Clone, Debug)]
pub struct Computer {
    /// Which emulator.
    pub on: On,
    /// The CPU's model, in the emulator's words; None is the usual one.
    pub cpu: Option<String>,
    /// Number of CPUs.
    pub cpus: u32,
    /// RAM in bytes.
    pub memory: u64,
    /// The boot disk. It is not written to.
    pub image: PathBuf,
    /// What its clock shows at first; None is the time of day.
    pub clock: Option<Clock>,
    /// Who stops it before the first instruction.
    pub debugger: Option<Debugger>,
}

/// How to debug what runs in the emulator.
#[derive(Clone, Debug)]
pub enum Debugger {
    /// gdb will connect to this socket (QEMU).
    Gdb(PathBuf),
    /// The emulator's own, on our terminal, with these commands first (Bochs).
    Own(String),
}

/// A running emulator. Dropping it ends it and removes its files.
#[derive(Debug)]
pub struct Emulator {
    child: Child,
    /// The serial port: reads and writes don't block.
    pub serial: OwnedFd,
    /// The way to the second serial port.
    pub control: Relay,
    /// Kept open, or reading from the ports would fail as soon as the emulator has ended.
    #[cfg_attr(not(test), expect(dead_code, reason = "they are held, not used"))]
    terminals: [OwnedFd; 2],
    /// Its own messages.
    messages: PathBuf,
    _directory: tempfile::TempDir,
}

impl Emulator {
    /// Starts `computer`.
    pub fn start(computer: &Computer) -> Result<Self> {
        let command = |ports: [&Path; 2], directory: &Path| match computer.on {
            On::Qemu | On::Kvm => Ok(qemu::command(computer, ports)),
            On::Bochs | On::BochsSvm => bochs::command(computer, ports, directory),
        };
        Self::spawn(&command, matches!(computer.debugger, Some(Debugger::Own(_))))
    }

    /// Starts what `command` makes of the terminals at the serial ports and a directory for its files.
    fn spawn(command: &dyn Fn([&Path; 2], &Path) -> Result<Command>, has_terminal: bool) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("pxhv-").tempdir()?;
        let open = || pty::open().context("can't make a pseudo-terminal");
        let ((serial, terminal1, path1), (control, terminal2, path2)) = (open()?, open()?);
        let mut command = command([&path1, &path2], directory.path())?;
        let messages = directory.path().join("messages.txt");
        let mut child = spawn(command.stderr(Stdio::piped()), has_terminal)?;
        if let Some(stderr) = child.stderr.take() {
            bochs::keep_messages(stderr, &messages)?;
        }
        let control = Relay::start(control, directory.path().join("control"))?;
        Ok(Self {
            child,
            serial,
            control,
            terminals: [terminal1, terminal2],
            messages,
            _directory: directory,
        })
    }

    /// A computer without a processor, and its ends of the serial ports.
    #[cfg(test)]
    pub fn pretended() -> (Self, [OwnedFd; 2]) {
        let sleep = |_: [&Path; 2], _: &Path| {
            let mut command = Command::new("sleep");
            command.arg("600");
            Ok(command)
        };
        let emulator = Self::spawn(&sleep, false).unwrap();
        let ends = [0, 1].map(|port| emulator.terminals[port].try_clone().unwrap());
        (emulator, ends)
    }

    /// Its exit status, once it has ended.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// What the emulator itself said, without its routine messages.
    pub fn complaints(&self) -> String {
        let text = std::fs::read(&self.messages).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let routine = |line: &&str| !(line.starts_with("0000000000") || line.starts_with("ALSA"));
        text.lines().filter(routine).collect::<Vec<_>>().join("\n").trim().to_owned()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
                _ = kill_process_group(group, Signal::KILL);
            }
            _ = self.child.kill();
            _ = self.child.wait();
        }
    }
}

/// Starts an emulator that ends when this program does.
pub fn spawn(command: &mut Command, has_terminal: bool) -> Result<Child> {
    let name = command.get_program().to_string_lossy().into_owned();
    if !has_terminal {
        // A group of its own: Ctrl-C at our terminal is ours to handle.
        command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
    }
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; this one is a bare
    // system call.
    unsafe {
        command.pre_exec(|| {
            // Should this program be killed, nobody would end the emulator.
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            Ok(())
        });
    }
    command.spawn().with_context(|| format!("can't start {name}"))
}

/// Whole MiB of the computer's RAM.
fn mebibytes(computer: &Computer) -> u64 {
    computer.memory / size::MIB
}
