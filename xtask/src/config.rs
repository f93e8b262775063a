//! pxhv.toml: the virtual machines of an image. Everything is checked here, before anything is written.

mod checks;

use crate::project;
use anyhow::{bail, Context, Result};
use bundle::manifest::LogLevel;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// A configuration that passed every check, with the files that it names.
#[derive(Debug)]
pub struct Config {
    /// How much the hypervisor says.
    pub log: LogLevel,
    /// The virtual machines, in the file's order.
    pub vms: Vec<Vm>,
}

/// One virtual machine that boots Linux.
#[derive(Debug)]
pub struct Vm {
    /// Unique name.
    pub name: String,
    /// RAM in bytes.
    pub memory: u64,
    /// The kernel.
    pub kernel: File,
    /// The initial RAM disk.
    pub initrd: Option<File>,
    /// The kernel's command line.
    pub cmdline: String,
}

/// Gets a file's path, may make the file, and returns the path of the file to read.
pub type Provide<'a> = &'a dyn Fn(&Path) -> Result<PathBuf>;

/// A file that goes into the image.
#[derive(Debug)]
pub struct File {
    /// Its name without directories.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Config {
    /// Reads and checks `path` and the files that it names. `provide` is called with each of these
    /// files, may make it, and returns the file to read.
    pub fn load(path: &Path, provide: Provide) -> Result<Self> {
        let shown = project::shown(path).to_string();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("can't read {shown}; name another file with --config"))?;
        let source = Source { name: shown, text: &text, directory: path.parent().unwrap_or(Path::new("")) };
        source.check(provide)
    }

    /// RAM of all virtual machines together.
    pub fn memory(&self) -> u64 {
        self.vms.iter().map(|vm| vm.memory).sum()
    }
}

/// The file as TOML sees it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    host: RawHost,
    #[serde(default)]
    vm: Vec<Spanned<RawVm>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHost {
    log: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVm {
    name: Spanned<String>,
    memory: Spanned<String>,
    vcpus: Option<Spanned<i64>>,
    boot: Spanned<String>,
    kernel: Option<Spanned<String>>,
    initrd: Option<Spanned<String>>,
    cmdline: Option<Spanned<String>>,
}

/// The text of a configuration, for checks that name the line.
struct Source<'a> {
    name: String,
    text: &'a str,
    directory: &'a Path,
}

impl Source<'_> {
    /// An error about the value of a key: file, line, key, value, and what would be right.
    fn wrong<T: std::fmt::Debug>(&self, key: &str, value: &Spanned<T>, reason: &str) -> anyhow::Error {
        anyhow::anyhow!("{}: {key} = {:?}: {reason}", self.at(value.span().start), value.get_ref())
    }

    /// `pxhv.toml:5`.
    fn at(&self, offset: usize) -> String {
        let line = self.text[..offset.min(self.text.len())].matches('\n').count() + 1;
        format!("{}:{line}", self.name)
    }

    fn parse(&self) -> Result<Raw> {
        // The error shows the line, the key, and the keys that exist.
        toml::from_str(self.text).map_err(|error| anyhow::anyhow!("{}: {error}", self.name))
    }

    /// The file that a key names: relative to the configuration.
    fn file(&self, key: &str, value: &Spanned<String>, provide: Provide) -> Result<File> {
        let path = provide(&self.directory.join(value.get_ref()))?;
        let bytes = std::fs::read(&path).map_err(|error| {
            let hint =
                format!("can't read {} ({error}); name a file, relative to {}", path.display(), self.name);
            self.wrong(key, value, &hint)
        })?;
        if bytes.is_empty() {
            bail!(self.wrong(key, value, "the file is empty"));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(File { name, bytes })
    }
}
