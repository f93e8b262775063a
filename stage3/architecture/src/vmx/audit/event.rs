//! The event that VM entry injects (Intel SDM, "VM-Entry Control Fields" in "Checks on VMX Controls").

use super::Audit;
use crate::vmx::capabilities::{BASIC_ANY_ERROR_CODE, MISC_ZERO_INSTRUCTION_LENGTH};
use crate::vmx::controls::Primary;
use crate::vmx::fields::*;
use crate::vmx::interruption::{self, Kind};

/// The longest instruction.
const LONGEST: u32 = 15;

impl Audit<'_> {
    /// The kind and the vector of the event; `None` if there is none.
    pub(super) fn injected(&self) -> Option<(Kind, u32)> {
        let information = self.read(&VM_ENTRY_INTERRUPTION_INFORMATION);
        let is_valid = information & interruption::VALID != 0;
        is_valid.then(|| (Kind::of(information), information & interruption::VECTOR))
    }

    /// The three fields about it.
    pub(super) fn event(&mut self) {
        let Some((kind, vector)) = self.injected() else { return };
        let has_trap_flag =
            self.processor.capabilities.primary.may_be_one() & Primary::MONITOR_TRAP_FLAG.bits() != 0;
        let takes_code = self.takes_error_code(kind, vector);
        let mut information = self.field(&VM_ENTRY_INTERRUPTION_INFORMATION);
        let has_code = information.value() & u64::from(interruption::ERROR_CODE) != 0;
        information
            .zeros(interruption::RESERVED.into(), "reserved bits must be 0")
            .must(kind != Kind::Reserved, "type 1 is reserved")
            .must(kind != Kind::Other || has_trap_flag, "type 7 needs a processor with a monitor trap flag")
            .must(kind != Kind::Nmi || vector == 2, "the vector of an NMI must be 2")
            .must(
                kind != Kind::HardwareException || vector < 32,
                "the vector of an exception must be below 32",
            )
            .must(kind != Kind::Other || vector == 0, "the vector of a pending monitor trap must be 0")
            .must(takes_code != Some(false) || !has_code, "this event has no error code")
            .must(takes_code != Some(true) || has_code, "this exception must have an error code");
        if has_code {
            self.field(&VM_ENTRY_EXCEPTION_ERROR_CODE).zeros(0xffff_0000, "bits 31:16 must be 0");
        }
        if kind.is_software() {
            self.instruction_length();
        }
    }

    /// Whether the event must have an error code, or must not; `None` if either will do.
    fn takes_error_code(&self, kind: Kind, vector: u32) -> Option<bool> {
        if kind != Kind::HardwareException || self.is_real_mode() {
            Some(false)
        } else if self.processor.capabilities.basic & BASIC_ANY_ERROR_CODE != 0 {
            None
        } else {
            Some(matches!(vector, 8 | 10..=14 | 17))
        }
    }

    fn instruction_length(&mut self) {
        let takes_zero = self.processor.capabilities.misc & MISC_ZERO_INSTRUCTION_LENGTH != 0;
        let length = self.read(&VM_ENTRY_INSTRUCTION_LENGTH);
        self.field(&VM_ENTRY_INSTRUCTION_LENGTH)
            .must(length <= LONGEST, "an instruction has at most 15 bytes")
            .must(length != 0 || takes_zero, "this processor takes no instruction of 0 bytes");
    }
}
