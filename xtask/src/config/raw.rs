//! pxhv.toml as TOML sees it.

use serde::Deserialize;
use std::fmt;
use toml::Spanned;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    #[serde(default)]
    pub host: Host,
    #[serde(default)]
    pub vm: Vec<Vm>,
}

/// `[host]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    pub log: Option<Spanned<String>>,
    pub prefix: Option<Spanned<String>>,
}

/// One `[[vm]]`: the keys of every kind of boot.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vm {
    pub name: Spanned<String>,
    pub memory: Spanned<String>,
    pub vcpus: Option<Spanned<i64>>,
    pub boot: Spanned<String>,
    pub kernel: Option<Spanned<String>>,
    pub initrd: Option<Spanned<String>>,
    pub cmdline: Option<Spanned<String>>,
    pub modules: Option<Vec<Spanned<Module>>>,
    pub load: Option<Spanned<Number>>,
    pub firmware: Option<Spanned<String>>,
    pub floppies: Option<Vec<Spanned<String>>>,
    pub disks: Option<Vec<Spanned<String>>>,
    pub display: Option<Spanned<String>>,
    pub debug_exit: Option<Spanned<Number>>,
    pub debugcon: Option<Spanned<Number>>,
    pub autostart: Option<bool>,
    pub weight: Option<Spanned<i64>>,
    pub on_exit: Option<Spanned<String>>,
}

/// A file for a multiboot kernel.
#[derive(Deserialize)]
#[serde(untagged, expecting = "write a module as \"FILE words\" or as { file = \"FILE\", args = \"words\" }")]
pub enum Module {
    /// A file and words: all of it is the string, as with GRUB Legacy and QEMU.
    Line(String),
    /// File and string apart. The file's name may have spaces.
    #[serde(rename_all = "lowercase")]
    Table(ModuleTable),
}

/// A module with its parts apart.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleTable {
    file: String,
    #[serde(default)]
    args: String,
}

impl Module {
    /// The file, and the string that the kernel gets with it.
    pub fn parts(&self) -> (&str, &str) {
        match self {
            Self::Line(line) => {
                let line = line.trim();
                (line.split(' ').next().unwrap_or_default(), line)
            }
            Self::Table(ModuleTable { file, args }) => (file, args),
        }
    }
}

/// As it is written in the file, nearly.
impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "[{line:?}]"),
            Self::Table(ModuleTable { file, args }) => write!(f, "[{{ file = {file:?}, args = {args:?} }}]"),
        }
    }
}

/// A number, which may stand in quotes.
#[derive(Deserialize)]
#[serde(untagged, expecting = "write a number, for example 0xf4")]
pub enum Number {
    /// TOML knows 0x.
    Integer(i64),
    /// The same in quotes.
    Text(String),
}

impl Number {
    /// Its value, if it is one and not negative.
    pub fn value(&self) -> Option<u64> {
        match self {
            Self::Integer(value) => u64::try_from(*value).ok(),
            Self::Text(text) => {
                let (digits, radix) = text.strip_prefix("0x").map_or((&**text, 10), |digits| (digits, 16));
                let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                is_number.then(|| u64::from_str_radix(digits, radix).ok()).flatten()
            }
        }
    }
}

/// As it is written in the file, nearly.
impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => write!(f, "{value:#x}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}
