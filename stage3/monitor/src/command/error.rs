//! What can be wrong with a command, in one line that says what is right.

use super::spec::Spec;
use crate::hypervisor::Refusal;
use crate::lifecycle::Illegal;
use core::fmt;

/// Why a command was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error<'a> {
    /// There is no such command.
    NoCommand(&'a str),
    /// An argument is missing.
    Missing {
        /// Of this command.
        spec: &'static Spec,
        /// Its name.
        argument: &'static str,
    },
    /// More arguments than the command takes.
    TooMany(&'static Spec),
    /// Not a number, or one of more than 64 bits.
    NoNumber(&'a str),
    /// A length of nothing, or more than this.
    Length(usize),
    /// The bytes would go beyond the last address.
    BeyondTheEnd,
    /// There is no such level.
    NoLevel(&'a str),
    /// There is no such VM.
    NoVm(&'a str),
    /// A VM has no such virtual CPU.
    NoVcpu {
        /// What was asked for.
        vcpu: usize,
        /// How many it has.
        vcpus: usize,
    },
    /// The VM is in the wrong state.
    Illegal(Illegal),
    /// The VM has no memory and no registers.
    NotThere,
    /// There is no RAM at this guest-physical address.
    NotRam(u64),
    /// The hypervisor can't.
    Refused(Refusal),
    /// The answer can't be written.
    Unwritable,
}

impl From<fmt::Error> for Error<'_> {
    fn from(_: fmt::Error) -> Self {
        Self::Unwritable
    }
}

impl From<Refusal> for Error<'_> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Illegal> for Error<'_> {
    fn from(illegal: Illegal) -> Self {
        Self::Illegal(illegal)
    }
}

impl fmt::Display for Error<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCommand(name) => write!(f, "no command named {name}: help lists them"),
            Self::Missing { spec, argument } => write!(f, "{argument} is missing: {spec}"),
            Self::TooMany(spec) => write!(f, "too many arguments: {spec}"),
            Self::NoNumber(word) => {
                write!(f, "{word} is not a number of 64 bits: 4096, 0x1000 and 1000h are")
            }
            Self::Length(longest) => write!(f, "LENGTH is from 1 to {longest}"),
            Self::BeyondTheEnd => {
                f.write_str("that is beyond the last address of 64 bits: a smaller GPA or LENGTH")
            }
            Self::NoLevel(word) => write!(f, "no level named {word}: error, warn, info or debug"),
            Self::NoVm(name) => write!(f, "no VM named {name}: vms lists them"),
            Self::NoVcpu { vcpu, vcpus: 1 } => write!(f, "no VCPU {vcpu}: it has one, 0"),
            Self::NoVcpu { vcpu, vcpus } => {
                write!(f, "no VCPU {vcpu}: it has 0 to {}", vcpus.saturating_sub(1))
            }
            Self::Illegal(illegal) => write!(f, "{illegal}"),
            Self::NotThere => f.write_str("it does not exist: create it first"),
            Self::NotRam(gpa) => write!(f, "no RAM at GPA {gpa:#x}: mem shows RAM only"),
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::Unwritable => f.write_str("the answer can't be written"),
        }
    }
}
