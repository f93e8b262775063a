//! The commands as a table: for the parser, for completion and for `help`.

use bundle::manifest::LogLevel;
use core::fmt;

/// A command.
#[derive(Debug, PartialEq, Eq)]
pub struct Spec {
    /// Its name.
    pub name: &'static str,
    /// What it takes; optional ones are last.
    pub arguments: &'static [Argument],
    /// What it does.
    pub summary: &'static str,
    /// What else there is to know, line by line.
    pub details: &'static [&'static str],
}

/// An argument of a command.
#[derive(Debug, PartialEq, Eq)]
pub struct Argument {
    /// As `help` calls it.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The command can do without.
    pub is_optional: bool,
}

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A VM, by name or number.
    Vm,
    /// A number.
    Number,
    /// One of [`LEVELS`].
    Level,
    /// A command.
    Command,
    /// The rest of the line.
    Text,
}

/// Levels of the log.
pub const LEVELS: [(&str, LogLevel); 4] = [
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
];

const fn required(name: &'static str, kind: Kind) -> Argument {
    Argument { name, kind, is_optional: false }
}

const fn optional(name: &'static str, kind: Kind) -> Argument {
    Argument { name, kind, is_optional: true }
}

const fn spec(
    name: &'static str,
    arguments: &'static [Argument],
    summary: &'static str,
    details: &'static [&'static str],
) -> Spec {
    Spec { name, arguments, summary, details }
}

const VM: &[Argument] = &[required("VM", Kind::Vm)];
const NUMBERS: &str = "Numbers are decimal (4096) or hexadecimal (0x1000, 1000h); _ may divide them.";

/// All of them, as `help` lists them.
pub static SPECS: [Spec; 24] = [
    spec("vms", &[], "the virtual machines", &[]),
    spec("show", VM, "all about one of them", &["VM is its name or its number in vms, here and elsewhere."]),
    spec("create", VM, "take memory for it, after destroy", &[]),
    spec("start", VM, "power it on", &[]),
    spec("stop", VM, "power it off at once", &["As if its plug was pulled: its guest is not asked."]),
    spec("pause", VM, "hold its CPUs", &["resume lets them go on."]),
    spec("resume", VM, "let them go on", &[]),
    spec("reset", VM, "press its reset button", &["A paused VM stays paused, at its first instruction."]),
    spec("destroy", VM, "power it off and give its memory back", &["create makes it anew."]),
    spec("attach", VM, "give it the console", &["On COM2 too: the operator's console changes."]),
    spec("joined", &[], "show what all VMs say, a line at a time", &["What is typed goes to nobody then."]),
    spec(
        "output",
        VM,
        "what it said last",
        &["What is not printable ASCII is shown as in C: \\t, \\r, \\x1b, \\\\."],
    ),
    spec(
        "send",
        &[required("VM", Kind::Vm), optional("TEXT", Kind::Text)],
        "type TEXT and Enter for it",
        &["TEXT is the rest of the line as it is, from behind the space that follows VM."],
    ),
    spec("stats", &[optional("VM", Kind::Vm)], "time in guests and in pxHV; of one VM, exits by reason", &[]),
    spec(
        "regs",
        &[required("VM", Kind::Vm), optional("VCPU", Kind::Number)],
        "registers of a virtual CPU",
        &["Virtual CPUs are counted from 0."],
    ),
    spec(
        "mem",
        &[required("VM", Kind::Vm), required("GPA", Kind::Number), optional("LENGTH", Kind::Number)],
        "guest-physical memory",
        &["LENGTH is 256 unless it is given, and 4096 at most.", NUMBERS],
    ),
    spec(
        "walk",
        &[required("VM", Kind::Vm), required("GVA", Kind::Number), optional("VCPU", Kind::Number)],
        "where page tables lead to: GVA to GPA to HPA",
        &["The page tables are those of the virtual CPU VCPU, of 0 unless it is given.", NUMBERS],
    ),
    spec(
        "log",
        &[optional("LEVEL", Kind::Level)],
        "the log, or how much goes into it",
        &["LEVEL is error, warn, info or debug: what matters less is not kept or printed."],
    ),
    spec("caps", &[], "what this CPU's virtualization offers", &["And whether pxHV uses it."]),
    spec("memory", &[], "the computer's memory", &[]),
    spec("cpus", &[], "the computer's CPUs", &[]),
    spec("version", &[], "which pxHV this is, and on what", &[]),
    spec("poweroff", &[], "stop everything and switch the computer off", &["Guests are not asked."]),
    spec("help", &[optional("COMMAND", Kind::Command)], "this list, or more about a command", &[]),
];

impl Spec {
    /// The command of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        SPECS.iter().find(|spec| spec.name == name)
    }
}

/// `mem VM GPA [LENGTH]`
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        for argument in self.arguments {
            let (open, close) = if argument.is_optional { ("[", "]") } else { ("", "") };
            write!(f, " {open}{}{close}", argument.name)?;
        }
        Ok(())
    }
}
