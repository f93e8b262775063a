//! pxhv.toml: the virtual machines of an image. Everything is checked here, before anything is written.

mod bios;
mod boot;
mod checks;
mod operation;
mod pretend;
mod raw;
#[cfg(test)]
mod tests;
mod volume;

pub use operation::USUAL_PREFIX;

use crate::project;
use anyhow::{bail, Context, Result};
use bundle::manifest::{Display, LogLevel, OnExit};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use toml::Spanned;

/// A configuration that passed every check, with the files that it names.
#[derive(Debug)]
pub struct Config {
    /// How much the hypervisor says.
    pub log: LogLevel,
    /// The control character that the operator's commands begin with.
    pub prefix: u8,
    /// The virtual machines, in the file's order.
    pub vms: Vec<Vm>,
}

/// One virtual machine.
#[derive(Debug)]
pub struct Vm {
    /// Unique name.
    pub name: String,
    /// RAM in bytes.
    pub memory: u64,
    /// What it boots.
    pub boot: Boot,
    /// How its operator sees it.
    pub display: Display,
    /// The port whose writes end it.
    pub debug_exit: Option<u16>,
    /// The port whose bytes join its console.
    pub debugcon: Option<u16>,
    /// Whether it starts with pxHV.
    pub autostart: bool,
    /// Its share of the processor.
    pub weight: u32,
    /// What follows when it has ended.
    pub on_exit: OnExit,
}

/// What a virtual machine boots.
#[derive(Debug)]
pub enum Boot {
    /// A bzImage, perhaps with an initial RAM disk.
    Linux {
        /// The kernel.
        kernel: File,
        /// The initial RAM disk.
        initrd: Option<File>,
        /// The kernel's command line.
        cmdline: String,
    },
    /// A kernel for the Multiboot Specification.
    Multiboot {
        /// The kernel.
        kernel: File,
        /// Its command line, from its name on.
        cmdline: String,
        /// The files that it gets, each with its string.
        modules: Vec<(File, String)>,
    },
    /// An image that starts in real mode.
    Flat {
        /// The image.
        kernel: File,
        /// Where it is loaded (GPA).
        load: u32,
    },
    /// A BIOS, which boots from a disk.
    Bios {
        /// The BIOS.
        firmware: File,
        /// The floppy disks, from drive A: on.
        floppies: Vec<File>,
        /// The hard disks.
        disks: Vec<File>,
        /// The BIOS of its display adapter.
        vga_bios: Option<File>,
    },
}

/// Gets a file's path, may make the file, and returns the path of the file to read.
pub type Provide<'a> = &'a dyn Fn(&Path) -> Result<PathBuf>;

/// A file that goes into the image.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name without directories.
    pub name: String,
    /// Its content, which several virtual machines may share.
    pub bytes: Rc<[u8]>,
}

impl Config {
    /// Reads and checks `path` and the files that it names. `provide` is called with each of these
    /// files, may make it, and returns the file to read.
    pub fn load(path: &Path, provide: Provide) -> Result<Self> {
        let shown = project::shown(path).to_string();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("can't read {shown}; name another file with --config"))?;
        let directory = path.parent().unwrap_or(Path::new(""));
        let source = Source { name: shown, text: &text, directory, files: RefCell::default() };
        source.check(provide)
    }

    /// RAM of all virtual machines together.
    pub fn memory(&self) -> u64 {
        self.vms.iter().map(|vm| vm.memory).sum()
    }
}

/// The text of a configuration, for checks that name the line.
struct Source<'a> {
    name: String,
    text: &'a str,
    directory: &'a Path,
    /// What was read, by the path in the text.
    files: RefCell<BTreeMap<PathBuf, File>>,
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

    fn parse(&self) -> Result<raw::File> {
        // The error shows the line, the key, and the keys that exist.
        toml::from_str(self.text).map_err(|error| anyhow::anyhow!("{}: {error}", self.name))
    }

    /// The file that a key names: relative to the configuration.
    fn file(&self, key: &str, value: &Spanned<String>, provide: Provide) -> Result<File> {
        self.named_file(key, value, value.get_ref(), provide)
    }

    /// The file `name`, which is a part of a key's value.
    fn named_file<T: std::fmt::Debug>(
        &self,
        key: &str,
        value: &Spanned<T>,
        name: &str,
        provide: Provide,
    ) -> Result<File> {
        let wanted = self.directory.join(name);
        if let Some(file) = self.files.borrow().get(&wanted) {
            return Ok(file.clone());
        }
        let path = provide(&wanted)?;
        let bytes = std::fs::read(&path).map_err(|error| {
            let hint =
                format!("can't read {} ({error}); name a file, relative to {}", path.display(), self.name);
            self.wrong(key, value, &hint)
        })?;
        if bytes.is_empty() {
            bail!(self.wrong(key, value, "the file is empty"));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file = File { name, bytes: bytes.into() };
        self.files.borrow_mut().insert(wanted, file.clone());
        Ok(file)
    }
}
