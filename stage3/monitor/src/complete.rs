//! Completion: how a line could go on.

use crate::command::spec::{Kind, Spec, LEVELS, SPECS};
use crate::hypervisor::Hypervisor;
use alloc::string::String;
use alloc::vec::Vec;

/// How the last word of a line could go on.
#[derive(Debug, PartialEq, Eq)]
pub struct Completion<'a> {
    /// What all candidates have behind what is typed.
    pub common: String,
    /// The words that begin as the last one of the line.
    pub candidates: Vec<&'a str>,
}

/// Completes the last word of `line`.
pub fn complete<'a>(line: &str, hypervisor: &'a dyn Hypervisor) -> Completion<'a> {
    let (before, begun) = line.rsplit_once(' ').unwrap_or(("", line));
    let mut words = before.split(' ').filter(|word| !word.is_empty());
    let kind = match words.next() {
        None => Some(Kind::Command),
        Some(name) => Spec::named(name).and_then(|spec| spec.arguments.get(words.count())).map(|a| a.kind),
    };
    let mut candidates: Vec<&str> = match kind {
        Some(Kind::Command) => SPECS.iter().map(|spec| spec.name).collect(),
        Some(Kind::Vm) => (0..hypervisor.vm_count()).map(|vm| hypervisor.vm(vm).name).collect(),
        Some(Kind::Level) => LEVELS.iter().map(|(name, _)| *name).collect(),
        Some(Kind::Number | Kind::Text) | None => Vec::new(),
    };
    candidates.retain(|name| name.starts_with(begun));
    let common = candidates.iter().copied().reduce(common_start).unwrap_or(begun);
    Completion { common: common.get(begun.len()..).unwrap_or_default().into(), candidates }
}

/// What both begin with.
fn common_start<'a>(one: &'a str, other: &str) -> &'a str {
    let length = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    one.get(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Mock;

    fn complete_with_mock(line: &str) -> (String, String) {
        let mock = Mock::default();
        let completion = complete(line, &mock);
        (completion.common, completion.candidates.join(" "))
    }

    #[test]
    fn each_kind_of_word_is_completed() {
        let is = |line: &str, common: &str, candidates: &str| {
            assert_eq!(complete_with_mock(line), (common.into(), candidates.into()), "{line}");
        };
        is("ve", "rsion", "version");
        is("  s", "", "show start stop send stats");
        is("st", "", "start stop stats");
        is("sta", "", "start stats");
        is("re", "", "resume reset regs");
        is("m", "em", "mem memory");
        is("xyz", "", "");
        is("show ", "", "linux dos nano");
        is("show  li", "nux", "linux");
        is("log w", "arn", "warn");
        is("log ", "", "error warn info debug");
        is("help po", "weroff", "poweroff");
        is("send d", "os", "dos");
        is("send dos l", "", "");
        is("mem linux ", "", "");
        is("show linux d", "", "");
        is("nothing l", "", "");
        is("show\u{e4} \u{e4}", "", "");
    }

    #[test]
    fn an_empty_line_may_be_anything() {
        assert_eq!(complete_with_mock("").1.split(' ').count(), SPECS.len());
    }
}
