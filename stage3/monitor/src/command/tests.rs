//! Lines and the commands that they are.

use super::spec::SPECS;
use super::*;
use proptest::prelude::*;
use std::string::{String, ToString};

fn parse(line: &str) -> Command<'_> {
    Command::parse(line).unwrap().unwrap()
}

fn refusal(line: &str) -> String {
    Command::parse(line).unwrap_err().to_string()
}

#[test]
fn each_command_is_understood() {
    let expected = [
        Command::Vms,
        Command::Show("a"),
        Command::Change(Change::Create, "a"),
        Command::Change(Change::Start, "a"),
        Command::Change(Change::Stop, "a"),
        Command::Change(Change::Pause, "a"),
        Command::Change(Change::Resume, "a"),
        Command::Change(Change::Reset, "a"),
        Command::Change(Change::Destroy, "a"),
        Command::Attach("a"),
        Command::Joined,
        Command::Output("a"),
        Command::Send { vm: "a", text: "" },
        Command::Stats(None),
        Command::Regs { vm: "a", vcpu: 0 },
        Command::Mem { vm: "a", gpa: 16, length: 256 },
        Command::Walk { vm: "a", gva: 16, vcpu: 0 },
        Command::Log(None),
        Command::Caps,
        Command::Memory,
        Command::Cpus,
        Command::Version,
        Command::PowerOff,
        Command::Help(None),
    ];
    for (spec, expected) in SPECS.iter().zip(expected) {
        let mut line = String::from(spec.name);
        for argument in spec.arguments.iter().filter(|argument| !argument.is_optional) {
            line.push_str(if argument.kind == Kind::Vm { " a" } else { " 0x10" });
        }
        assert_eq!(parse(&line), expected, "{line}");
        if !spec.arguments.iter().any(|argument| argument.kind == Kind::Text) {
            let long = line + " 1 1 1 1";
            assert_eq!(Command::parse(&long), Err(Error::TooMany(spec)));
        }
    }
}

#[test]
fn optional_arguments_are_understood() {
    assert_eq!(parse("stats b"), Command::Stats(Some("b")));
    assert_eq!(parse("  regs  b   3 "), Command::Regs { vm: "b", vcpu: 3 });
    assert_eq!(parse("mem b fee0_0000h 4096"), Command::Mem { vm: "b", gpa: 0xfee0_0000, length: 4096 });
    assert_eq!(parse("mem b 0xffffffffffffffff 1"), Command::Mem { vm: "b", gpa: u64::MAX, length: 1 });
    assert_eq!(parse("walk b 0x10 1"), Command::Walk { vm: "b", gva: 0x10, vcpu: 1 });
    assert_eq!(parse("log debug"), Command::Log(Some(LogLevel::Debug)));
    assert_eq!(parse("help mem"), Command::Help(Spec::named("mem")));
    assert_eq!(Command::parse("").unwrap(), None);
    assert_eq!(Command::parse("   ").unwrap(), None);
}

#[test]
fn text_stays_as_it_was_typed() {
    assert_eq!(parse("send b  two  \"words\" -h "), Command::Send { vm: "b", text: " two  \"words\" -h " });
    assert_eq!(parse("send b"), Command::Send { vm: "b", text: "" });
}

#[test]
fn bad_lines_are_answered_with_what_is_right() {
    assert_eq!(refusal("VMS"), "no command named VMS: help lists them");
    assert_eq!(refusal("show"), "VM is missing: show VM");
    assert_eq!(refusal("mem a"), "GPA is missing: mem VM GPA [LENGTH]");
    assert_eq!(refusal("send"), "VM is missing: send VM [TEXT]");
    assert_eq!(refusal("vms a"), "too many arguments: vms");
    assert_eq!(refusal("mem a 1 2 3"), "too many arguments: mem VM GPA [LENGTH]");
    assert_eq!(refusal("mem a x"), "x is not a number of 64 bits: 4096, 0x1000 and 1000h are");
    assert_eq!(refusal("walk a -1"), "-1 is not a number of 64 bits: 4096, 0x1000 and 1000h are");
    assert_eq!(refusal("regs a one"), "one is not a number of 64 bits: 4096, 0x1000 and 1000h are");
    assert_eq!(refusal("mem a 0 0"), "LENGTH is from 1 to 4096");
    assert_eq!(refusal("mem a 0 4097"), "LENGTH is from 1 to 4096");
    let end = "that is beyond the last address of 64 bits: a smaller GPA or LENGTH";
    assert_eq!(refusal("mem a 0xffffffffffffffff 2"), end);
    assert_eq!(refusal("log loud"), "no level named loud: error, warn, info or debug");
    assert_eq!(refusal("help nothing"), "no command named nothing: help lists them");
}

#[test]
fn the_table_fits_on_a_screen() {
    for spec in &SPECS {
        let is_wide = |text: &str| text.len() > 78 || !text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        assert!(!spec.details.iter().any(|line| is_wide(line)), "{}", spec.name);
        let required = spec.arguments.iter().take_while(|argument| !argument.is_optional).count();
        assert!(spec.arguments[required..].iter().all(|argument| argument.is_optional), "{}", spec.name);
    }
}

proptest! {
    #[test]
    fn any_line_is_a_command_or_an_error(line in "\\PC*|[a-z]{1,6}( [0-9a-z]{1,9}){0,4}") {
        let _ = Command::parse(&line);
    }
}
