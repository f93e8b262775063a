//! One wrong field at a time: each case takes a VMCB that breaks no rule, changes one field, and expects one finding.

mod controls;
mod processor;
mod random;
mod state;
mod vmcb;

use super::{audit, Processor};
use crate::audit::Finding;
use crate::svm::vmcb::Vmcb;
use std::vec::Vec;

/// What makes a VMCB wrong, the field that is then named with its value, and the rule.
type Case = (fn(&mut Vmcb), &'static str, u64, &'static str);

fn findings(vmcb: &Vmcb, processor: &Processor) -> Vec<Finding> {
    let mut findings = Vec::new();
    audit(vmcb, processor, &mut |finding| findings.push(finding));
    findings
}

/// Each case names its field and its rule, and nothing else.
fn each_is_named(valid: impl Fn() -> Vmcb, processor: &Processor, cases: &[Case]) {
    assert_eq!(findings(&valid(), processor), [], "the VMCB breaks rules to begin with");
    for (change, field, value, rule) in cases {
        let mut vmcb = valid();
        change(&mut vmcb);
        let findings = findings(&vmcb, processor);
        let named: Vec<_> = findings.iter().map(|found| (found.field, found.value, found.rule)).collect();
        assert_eq!(named, [(*field, *value, *rule)]);
    }
}

/// These changes break no rule.
fn all_are_valid(valid: impl Fn() -> Vmcb, processor: &Processor, changes: &[fn(&mut Vmcb)]) {
    for (number, change) in changes.iter().enumerate() {
        let mut vmcb = valid();
        change(&mut vmcb);
        assert_eq!(findings(&vmcb, processor), [], "change {number}");
    }
}
