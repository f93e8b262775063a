//! What there is to say to the monitor.
//!
//! A line is a command and its arguments, divided by spaces. [`spec::SPECS`] has all of them; [`Command::parse`] makes
//! a [`Command`] of a line. Which VMs there are is not known here: names stay names.

mod error;
mod number;
pub mod spec;
#[cfg(test)]
mod tests;

pub use error::Error;

use crate::lifecycle::Change;
use bundle::manifest::LogLevel;
use spec::{Kind, Spec};

/// Bytes that `mem` shows unless it is told.
const MEM_LENGTH: usize = 256;
/// Bytes that it shows at most.
const MEM_LONGEST: usize = 4096;

/// A command. VMs are named as they were typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// The table of VMs.
    Vms,
    /// All about one.
    Show(&'a str),
    /// Start, stop, pause, ...
    Change(Change, &'a str),
    /// The console to a VM.
    Attach(&'a str),
    /// The console to all of them.
    Joined,
    /// What a VM said last.
    Output(&'a str),
    /// A line for a VM.
    Send {
        /// Which.
        vm: &'a str,
        /// As it was typed.
        text: &'a str,
    },
    /// Exits and times, of one VM or all.
    Stats(Option<&'a str>),
    /// Registers.
    Regs {
        /// Which VM.
        vm: &'a str,
        /// Which of its CPUs.
        vcpu: usize,
    },
    /// Guest-physical memory.
    Mem {
        /// Which VM.
        vm: &'a str,
        /// From this address on.
        gpa: u64,
        /// So many bytes; the last one has an address.
        length: usize,
    },
    /// The way of an address.
    Walk {
        /// Which VM.
        vm: &'a str,
        /// The linear address.
        gva: u64,
        /// As this CPU sees it.
        vcpu: usize,
    },
    /// The log, or how much goes into it.
    Log(Option<LogLevel>),
    /// Features of the processor's virtualization.
    Caps,
    /// The computer's memory.
    Memory,
    /// The computer's CPUs.
    Cpus,
    /// Which pxHV on what.
    Version,
    /// Everything off.
    PowerOff,
    /// All commands, or one.
    Help(Option<&'static Spec>),
}

/// The arguments that are left.
struct Arguments<'a> {
    rest: &'a str,
}

impl<'a> Arguments<'a> {
    /// The next one.
    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest.trim_start_matches(' ');
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    /// The next one of a command that can't do without it. [`check`] has seen that it is there.
    fn required(&mut self) -> &'a str {
        self.next().unwrap_or_default()
    }

    /// The next one as a number.
    fn number(&mut self) -> Result<Option<u64>, Error<'a>> {
        self.next().map(|word| number::parse(word).ok_or(Error::NoNumber(word))).transpose()
    }

    /// The next one as an address.
    fn address(&mut self) -> Result<u64, Error<'a>> {
        let word = self.required();
        number::parse(word).ok_or(Error::NoNumber(word))
    }

    /// The next one as a virtual CPU, the first one without it.
    fn vcpu(&mut self) -> Result<usize, Error<'a>> {
        let vcpu = self.number()?.unwrap_or_default();
        // No VM has so many.
        Ok(usize::try_from(vcpu).unwrap_or(usize::MAX))
    }
}

impl<'a> Command<'a> {
    /// The command of `line`; none of a line without words.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &'a str) -> Result<Option<Self>, Error<'a>> {
        let mut arguments = Arguments { rest: line };
        let Some(name) = arguments.next() else { return Ok(None) };
        let spec = Spec::named(name).ok_or(Error::NoCommand(name))?;
        check(spec, arguments.rest)?;
        Self::build(spec, &mut arguments).map(Some)
    }

    fn build(spec: &Spec, arguments: &mut Arguments<'a>) -> Result<Self, Error<'a>> {
        if let Some(change) = change(spec.name) {
            return Ok(Self::Change(change, arguments.required()));
        }
        match spec.name {
            "vms" => Ok(Self::Vms),
            "show" => Ok(Self::Show(arguments.required())),
            "attach" => Ok(Self::Attach(arguments.required())),
            "joined" => Ok(Self::Joined),
            "output" => Ok(Self::Output(arguments.required())),
            "send" => Ok(Self::Send { vm: arguments.required(), text: arguments.rest }),
            "stats" => Ok(Self::Stats(arguments.next())),
            "regs" => Ok(Self::Regs { vm: arguments.required(), vcpu: arguments.vcpu()? }),
            "mem" => Self::mem(arguments),
            "walk" => {
                let (vm, gva) = (arguments.required(), arguments.address()?);
                Ok(Self::Walk { vm, gva, vcpu: arguments.vcpu()? })
            }
            "log" => arguments.next().map(level).transpose().map(Self::Log),
            "caps" => Ok(Self::Caps),
            "memory" => Ok(Self::Memory),
            "cpus" => Ok(Self::Cpus),
            "version" => Ok(Self::Version),
            "poweroff" => Ok(Self::PowerOff),
            _ => {
                let topic = arguments.next();
                let spec = topic.map(|name| Spec::named(name).ok_or(Error::NoCommand(name)));
                spec.transpose().map(Self::Help)
            }
        }
    }

    fn mem(arguments: &mut Arguments<'a>) -> Result<Self, Error<'a>> {
        let (vm, gpa) = (arguments.required(), arguments.address()?);
        let length = arguments.number()?.unwrap_or(MEM_LENGTH as u64);
        if !(1..=MEM_LONGEST as u64).contains(&length) {
            return Err(Error::Length(MEM_LONGEST));
        }
        gpa.checked_add(length - 1).ok_or(Error::BeyondTheEnd)?;
        Ok(Self::Mem { vm, gpa, length: length as usize })
    }
}

/// Whether there are as many arguments as the command takes.
fn check<'a>(spec: &'static Spec, rest: &'a str) -> Result<(), Error<'a>> {
    let count = rest.split(' ').filter(|word| !word.is_empty()).count();
    if let Some(missing) = spec.arguments.iter().filter(|argument| !argument.is_optional).nth(count) {
        return Err(Error::Missing { spec, argument: missing.name });
    }
    let has_text = spec.arguments.iter().any(|argument| argument.kind == Kind::Text);
    if count > spec.arguments.len() && !has_text {
        return Err(Error::TooMany(spec));
    }
    Ok(())
}

/// What a command does to a VM's state, if that is what it does.
fn change(name: &str) -> Option<Change> {
    Some(match name {
        "create" => Change::Create,
        "start" => Change::Start,
        "stop" => Change::Stop,
        "pause" => Change::Pause,
        "resume" => Change::Resume,
        "reset" => Change::Reset,
        "destroy" => Change::Destroy,
        _ => return None,
    })
}

fn level(word: &str) -> Result<LogLevel, Error<'_>> {
    let found = spec::LEVELS.iter().find(|(name, _)| *name == word);
    found.map(|(_, level)| *level).ok_or(Error::NoLevel(word))
}
