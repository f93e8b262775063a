//! What the auditors of VM entry report: a field, and the rule of the manual that it breaks.
//!
//! [`crate::vmx::audit`] and [`crate::svm::audit`] hold the rules. They read and compare; nothing is changed, and no
//! value makes them fail.

use core::fmt;

/// A broken rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The field that breaks it, by the manual's name.
    pub field: &'static str,
    /// What is in the field.
    pub value: u64,
    /// The bits in question; zero if the value as a whole is.
    pub bits: u64,
    /// The rule, in words.
    pub rule: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:#x}", self.field, self.value)?;
        if self.bits != 0 {
            write!(f, ", bits {:#x}", self.bits)?;
        }
        write!(f, ": {}", self.rule)
    }
}

/// Where findings go.
pub type Findings<'a> = &'a mut dyn FnMut(Finding);

/// A field while its rules are checked.
pub struct Audited<'a> {
    field: &'static str,
    value: u64,
    out: Findings<'a>,
}

impl<'a> Audited<'a> {
    /// `field` holds `value`.
    pub fn new(field: &'static str, value: impl Into<u64>, out: Findings<'a>) -> Self {
        Self { field, value: value.into(), out }
    }

    /// What is in the field.
    #[must_use]
    pub const fn value(&self) -> u64 {
        self.value
    }

    fn report(&mut self, bits: u64, rule: &'static str) -> &mut Self {
        let Self { field, value, .. } = *self;
        (self.out)(Finding { field, value, bits, rule });
        self
    }

    /// The rule that `holds` says.
    pub fn must(&mut self, holds: bool, rule: &'static str) -> &mut Self {
        if holds {
            return self;
        }
        self.report(0, rule)
    }

    /// The bits in `mask` are 0.
    pub fn zeros(&mut self, mask: u64, rule: &'static str) -> &mut Self {
        self.zeros_if(true, mask, rule)
    }

    /// The bits in `mask` are 1.
    pub fn ones(&mut self, mask: u64, rule: &'static str) -> &mut Self {
        self.ones_if(true, mask, rule)
    }

    /// Under a condition, the bits in `mask` are 0.
    pub fn zeros_if(&mut self, condition: bool, mask: u64, rule: &'static str) -> &mut Self {
        let wrong = self.value & mask;
        self.none(condition, wrong, rule)
    }

    /// Under a condition, the bits in `mask` are 1.
    pub fn ones_if(&mut self, condition: bool, mask: u64, rule: &'static str) -> &mut Self {
        let wrong = !self.value & mask;
        self.none(condition, wrong, rule)
    }

    fn none(&mut self, condition: bool, wrong: u64, rule: &'static str) -> &mut Self {
        if condition && wrong != 0 {
            return self.report(wrong, rule);
        }
        self
    }
}
