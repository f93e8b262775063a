//! How the virtual machines run beside each other, and how their operator is heard.

use super::{raw, Source};
use anyhow::{bail, Result};
use bundle::manifest::{OnExit, WEIGHTS};

/// What a virtual machine weighs if it does not say so.
const USUAL_WEIGHT: u32 = 100;
/// Ctrl-A.
pub const USUAL_PREFIX: u8 = 1;
/// Letters whose control characters are needed as they are: Ctrl-C stops programs; Ctrl-H, Ctrl-I, Ctrl-J and Ctrl-M
/// are the keys Backspace, Tab and Enter; Ctrl-Q and Ctrl-S may be flow control, and not arrive.
const NO_PREFIX: &[u8] = b"chijmqs";

impl Source<'_> {
    /// The control character that the operator's commands begin with.
    pub(super) fn prefix(&self, file: &raw::File) -> Result<u8> {
        let Some(value) = &file.host.prefix else { return Ok(USUAL_PREFIX) };
        match value.get_ref().strip_prefix("ctrl-").map(str::as_bytes) {
            Some([letter @ b'a'..=b'z']) if NO_PREFIX.contains(letter) => {
                let reason = "guests need this key, or the line to them does; write for example \"ctrl-a\"";
                bail!(self.wrong("prefix", value, reason))
            }
            Some([letter @ b'a'..=b'z']) => Ok(letter - b'a' + 1),
            _ => bail!(self.wrong("prefix", value, "write \"ctrl-\" and a letter, for example \"ctrl-a\"")),
        }
    }

    /// Its share of the processor.
    pub(super) fn weight(&self, vm: &raw::Vm) -> Result<u32> {
        let Some(value) = &vm.weight else { return Ok(USUAL_WEIGHT) };
        let weight = u32::try_from(*value.get_ref()).ok().filter(|weight| WEIGHTS.contains(weight));
        weight.ok_or_else(|| {
            let (least, most) = (WEIGHTS.start(), WEIGHTS.end());
            let reason = format!("write {least} to {most}; a VM without it has {USUAL_WEIGHT}");
            self.wrong("weight", value, &reason)
        })
    }

    /// What follows when it has ended.
    pub(super) fn on_exit(&self, vm: &raw::Vm) -> Result<OnExit> {
        let Some(value) = &vm.on_exit else { return Ok(OnExit::Stop) };
        match value.get_ref().as_str() {
            "stop" => Ok(OnExit::Stop),
            "restart" => Ok(OnExit::Restart),
            _ => Err(self.wrong("on_exit", value, "write \"stop\" or \"restart\"")),
        }
    }
}
