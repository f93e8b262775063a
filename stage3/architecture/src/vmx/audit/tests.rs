//! One wrong field at a time: each case takes a state that breaks no rule, changes one field, and expects one finding.

mod controls;
mod event;
mod guest;
mod host;
mod non_register_state;
mod processor;
mod random;
mod segments;
mod state;
mod structures;

use crate::vmx::fields::Readable;
use state::State;
use std::vec::Vec;

/// A field of whatever width: encoding and name.
type Id = (u64, &'static str);

fn id(field: &impl Readable) -> Id {
    (field.field().encoding, field.field().name)
}

/// A field, a value that it must not have, and the rule that forbids it.
type Case = (Id, u64, &'static str);

/// Each case names its field and its rule, and nothing else.
fn each_is_named(valid: &State, cases: &[Case]) {
    let findings = valid.findings();
    assert!(findings.is_empty(), "the state breaks rules to begin with: {findings:?}");
    for ((encoding, name), value, rule) in cases {
        let findings = valid.with_encoding(*encoding, *value).findings();
        let named: Vec<_> = findings.iter().map(|found| (found.field, found.value, found.rule)).collect();
        assert_eq!(named, [(*name, *value, *rule)], "{name} = {value:#x}");
    }
}

/// A change in one field makes another break the rule.
fn other_is_named(state: &State, (_, name): Id, rule: &str) {
    let findings = state.findings();
    let named: Vec<_> = findings.iter().map(|found| (found.field, found.rule)).collect();
    assert_eq!(named, [(name, rule)]);
}

/// These values break no rule.
fn all_are_valid(valid: &State, values: &[(Id, u64)]) {
    for ((encoding, name), value) in values {
        let findings = valid.with_encoding(*encoding, *value).findings();
        assert!(findings.is_empty(), "{name} = {value:#x}: {findings:?}");
    }
}
