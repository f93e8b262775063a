//! Debian's package lists, of this computer's architecture and of another.

use crate::{packages, project};
use anyhow::{Context as _, Result};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What a package is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// This computer's: the lists are the system's own.
    Amd64,
    /// 32-bit x86. The system need not know it: the lists are kept in target/guests, which takes no root.
    I386,
}

impl Architecture {
    /// To be put behind the name of a package in a file's name.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Amd64 => "",
            Self::I386 => "-i386",
        }
    }

    /// A program of apt, for packages of this architecture.
    pub fn apt(self, program: &str) -> Command {
        let mut command = Command::new(program);
        // As root, apt would want its directories to be writable for its own user.
        command.args(["-q", "-o", "APT::Sandbox::User=root"]).stdin(Stdio::null());
        if let Some(directory) = self.directory() {
            for architectures in ["APT::Architecture", "APT::Architectures"] {
                command.arg("-o").arg(format!("{architectures}=i386"));
            }
            for (option, file) in
                [("Dir::State::Lists", "lists"), ("Dir::Cache", "cache"), ("Dir::State::status", "status")]
            {
                command.arg("-o").arg(format!("{option}={}", directory.join(file).display()));
            }
            command.args(["-o", "Acquire::Languages=none"]);
        }
        command
    }

    /// Where the lists are that are not the system's.
    fn directory(self) -> Option<PathBuf> {
        (self == Self::I386).then(|| project::target().join("guests/apt-i386"))
    }

    /// What apt's lists say about a package; empty if they don't have it.
    pub fn show(self, package: &str) -> Result<String> {
        let mut show = self.apt("apt-cache");
        let output = show.args(["show", "--no-all-versions", package]).stderr(Stdio::null()).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Fetches the lists.
    pub fn refresh(self) -> Result<()> {
        let Some(directory) = self.directory() else { return packages::refresh_lists() };
        for needed in ["lists/partial", "cache/archives/partial"] {
            std::fs::create_dir_all(directory.join(needed))?;
        }
        std::fs::write(directory.join("status"), "")?;
        println!("fetching Debian's list of i386 packages");
        let status = self
            .apt("apt-get")
            .arg("update")
            .stdout(Stdio::null())
            .status()
            .context("apt-get does not run")?;
        if !status.success() {
            // Of a source that fails the lists before stay, and the system may have sources without i386.
            println!("apt-get update ended with {status}; going on with the lists that are there");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(architecture: Architecture) -> String {
        let command = architecture.apt("apt-get");
        command.get_args().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn other_architectures_have_lists_of_their_own() {
        let target = project::target().display().to_string();
        let i386 = words(Architecture::I386);
        for option in
            ["APT::Architecture=i386", "APT::Architectures=i386", "Dir::State::Lists", "Dir::State::status"]
        {
            assert!(i386.contains(option), "{i386}");
        }
        assert!(i386.contains(&format!("Dir::Cache={target}")), "{i386}");
        let amd64 = words(Architecture::Amd64);
        assert!(
            !amd64.contains("Dir::") && !amd64.contains("APT::Architecture"),
            "the system's own: {amd64}"
        );
    }
}
