//! The steps of a boot test, as they are written.

use crate::control::{Question, Wanted};
use crate::expect::{pattern, Step};
use crate::noise::{Noise, Port};
use anyhow::{bail, Result};
use serde::Deserialize;

/// One of `steps`.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "write { expect = REGEX }, { send = TEXT }, { control = COMMAND }, perhaps with expect, until or fails, or { noise = BYTES, seed = NUMBER, to = \"console\" or \"control\" }"
)]
pub enum RawStep {
    /// What must appear.
    Expect { expect: String },
    /// What is typed.
    Send { send: String },
    /// A command on the control port.
    Control { control: String, expect: Option<String>, until: Option<String>, fails: Option<String> },
    /// Random bytes.
    Noise { noise: usize, seed: u64, to: Port },
}

impl RawStep {
    /// The step, checked.
    pub fn step(&self) -> Result<Step> {
        Ok(match self {
            Self::Expect { expect } => Step::Expect(pattern(expect)?),
            Self::Send { send } => Step::Send(send.clone()),
            Self::Control { control, expect, until, fails } => {
                let wanted = match [expect, until, fails].map(Option::as_deref) {
                    [expect, None, None] => Wanted::Done(expect.map(pattern).transpose()?),
                    [None, Some(until), None] => Wanted::Until(pattern(until)?),
                    [None, None, Some(fails)] => Wanted::Refused(pattern(fails)?),
                    _ => bail!("control = {control:?}: only one of expect, until and fails is possible"),
                };
                Step::Ask(Question { command: control.clone(), wanted })
            }
            &Self::Noise { noise, seed, to } => Step::Noise(Noise { bytes: noise, seed, to }),
        })
    }
}
