//! The tables of exits: complete, in step with docs/exits.md, and shown by tests that exist.

use architecture::exit_table::{Outcome, Request, Row};
use architecture::{svm, vmx};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn numbers(table: &[Row]) -> Vec<u32> {
    table.iter().flat_map(|row| row.first..=row.last).collect()
}

#[test]
fn vmx_has_each_basic_exit_reason_once() {
    let reasons = numbers(vmx::exit_reason::TABLE);
    let expected: Vec<u32> =
        (0..=79).filter(|reason| !vmx::exit_reason::UNASSIGNED.contains(reason)).collect();
    assert_eq!(reasons, expected);
    assert_eq!(vmx::exit_reason::name(28), "CONTROL_REGISTER_ACCESS");
    assert_eq!(vmx::exit_reason::name(35), "unknown");
}

#[test]
fn svm_has_each_exit_code_once() {
    let codes = numbers(svm::exit_code::TABLE);
    let expected: Vec<u32> = (0..=0xa6).chain(0x400..=0x403).chain(0xffff_fffc..=0xffff_ffff).collect();
    assert_eq!(codes, expected);
}

#[test]
fn each_exit_leads_somewhere_for_a_reason() {
    for row in vmx::exit_reason::TABLE.iter().chain(svm::exit_code::TABLE) {
        assert!(!row.outcomes.is_empty() && !row.reason.is_empty(), "{}", row.name);
    }
}

/// The names of boot tests, and of the functions of the machine crate.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in fs::read_dir(project().join("tests/boot")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        names.extend(
            text.lines()
                .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
                .map(String::from),
        );
    }
    functions(&project().join("stage3/machine/src"), &mut names);
    names
}

/// Each function behind `#[test]` in the files of `folder`.
fn functions(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, names);
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        let tests = text.split("#[test]\n").skip(1);
        names.extend(
            tests.filter_map(|test| test.strip_prefix("fn ")?.split_once('(')).map(|(name, _)| name.into()),
        );
    }
}

#[test]
fn the_tests_of_the_tables_exist() {
    let known = tests();
    for row in vmx::exit_reason::TABLE.iter().chain(svm::exit_code::TABLE) {
        for test in row.tests {
            assert!(known.contains(*test), "{}: there is no test {test}", row.name);
        }
    }
}

fn number(row: &Row, is_hexadecimal: bool) -> String {
    match (is_hexadecimal, row.first == row.last) {
        (false, _) => row.first.to_string(),
        (true, true) => format!("{:X}h", row.first),
        (true, false) => format!("{:X}h-{:X}h", row.first, row.last),
    }
}

fn render(table: &[Row], is_hexadecimal: bool) -> String {
    let mut text =
        String::from("| | name | asked for | leads to | why | tests |\n|---|---|---|---|---|---|\n");
    for row in table {
        let request = match row.request {
            Request::Always => "always comes",
            Request::Asked => "yes",
            Request::Never => "no",
        };
        let outcomes = row.outcomes.iter().map(|outcome| match outcome {
            Outcome::Resume => "resume",
            Outcome::Inject => "inject",
            Outcome::Stop => "stop this VM",
            Outcome::HostFault => "host fault",
        });
        let outcomes = outcomes.collect::<Vec<_>>().join(", ");
        let number = number(row, is_hexadecimal);
        let (name, reason, tests) = (row.name, row.reason, row.tests.join(", "));
        writeln!(text, "| {number} | {name} | {request} | {outcomes} | {reason} | {tests} |").unwrap();
    }
    text
}

#[test]
fn the_documentation_is_in_step() {
    let path = project().join("docs/exits.md");
    let text = fs::read_to_string(&path).unwrap();
    for (heading, table) in [
        ("## Intel VMX", render(vmx::exit_reason::TABLE, false)),
        ("## AMD SVM", render(svm::exit_code::TABLE, true)),
    ] {
        let section = text.split_once(heading).unwrap_or_else(|| panic!("{heading} is missing")).1;
        let section = section.split("\n## ").next().unwrap_or_default();
        let written: Vec<&str> = section.lines().filter(|line| line.starts_with('|')).collect();
        let expected: Vec<&str> = table.lines().collect();
        for (line, should_be) in written.iter().zip(&expected) {
            assert_eq!(line, should_be, "{heading} of {}", path.display());
        }
        assert_eq!(written.len(), expected.len(), "{heading} of {}: it should be\n{table}", path.display());
    }
}
