//! Pseudo-terminals: what the emulators' serial ports are connected to.

use rustix::fs::{Mode, OFlags};
use rustix::io::Result;
use rustix::pty::{grantpt, openpt, ptsname, unlockpt, OpenptFlags};
use rustix::termios::{tcgetattr, tcsetattr, OptionalActions};
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// A pair: our end, which doesn't block; the other end; and the other end's name.
pub fn open() -> Result<(OwnedFd, OwnedFd, PathBuf)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = PathBuf::from(OsString::from_vec(ptsname(&ours, Vec::new())?.into_bytes()));
    let theirs = open_raw(&name)?;
    rustix::io::ioctl_fionbio(&ours, true)?;
    Ok((ours, theirs, name))
}

/// Opens a terminal and makes it pass bytes as they are.
pub fn open_raw(path: &Path) -> Result<OwnedFd> {
    let terminal = rustix::fs::open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    let mut settings = tcgetattr(&terminal)?;
    settings.make_raw();
    tcsetattr(&terminal, OptionalActions::Now, &settings)?;
    Ok(terminal)
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_pass_unchanged_both_ways() {
        let (ours, theirs, _) = super::open().unwrap();
        let mut buffer = [0; 16];
        assert_eq!(rustix::io::read(&ours, &mut buffer), Err(rustix::io::Errno::AGAIN));
        rustix::io::write(&ours, b"\x03a\r\n\x04").unwrap();
        assert_eq!(rustix::io::read(&theirs, &mut buffer), Ok(5));
        assert_eq!(&buffer[..5], b"\x03a\r\n\x04");
        rustix::io::write(&theirs, b"\nb").unwrap();
        assert_eq!(rustix::io::read(&ours, &mut buffer), Ok(2), "no echo, no translation");
        assert_eq!(&buffer[..2], b"\nb");
    }
}
