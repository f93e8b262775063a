//! Commands that change something, or tell of VMs and the computer.

use super::Program;
use crate::command::spec::{Kind, SPECS};
use crate::front::Front;
use crate::lifecycle::{Ending, State};
use bundle::manifest::LogLevel;
use machine::exits::StopReason;
use std::format;
use std::string::String;

fn state(program: &Program, vm: usize) -> State {
    program.mock.vms[vm].state
}

#[test]
fn every_command_refuses_bad_arguments() {
    let mut program = Program::default();
    for spec in &SPECS {
        if spec.arguments.first().is_some_and(|argument| !argument.is_optional) {
            let expected = format!("{} is missing: {spec}", spec.arguments[0].name);
            assert_eq!(program.refusal(spec.name), expected);
        }
        if spec.arguments.iter().all(|argument| argument.kind != Kind::Text) {
            let line = format!("{} 1 2 3 4", spec.name);
            assert_eq!(program.refusal(&line), format!("too many arguments: {spec}"));
        }
        if spec.arguments.first().is_some_and(|argument| argument.kind == Kind::Vm) {
            for name in ["foo", "0", "4", "-1", "18446744073709551616", "Linux"] {
                let line = format!("{} {name}{}", spec.name, " 0".repeat(spec.arguments.len().min(2) - 1));
                assert_eq!(program.refusal(&line), format!("no VM named {name}: vms lists them"));
            }
        }
    }
    assert_eq!(program.refusal("frobnicate"), "no command named frobnicate: help lists them");
    assert!(!program.mock.is_off);
}

#[test]
fn vms_and_show() {
    let mut program = Program::default();
    let expected = "\
VM  NAME   STATE         FOR  MIB  CPUS  BOOT
 1  linux  running  12.345 s  512     2  linux
 2  dos    paused   24.690 s  256     1  linux
 3  nano   stopped  37.035 s  128     2  linux";
    assert_eq!(program.ask("vms"), expected);
    program.mock.vms[0].output.push(b"abc");
    program.mock.vms[0].output.mark_seen();
    program.mock.vms[0].output.push(b"de");
    let expected = "\
VM 1, linux
state      running for 12.345 s
memory     512 MiB
boot       linux
on exit    stop
weight     100
output     5 bytes kept, 2 not seen
last end   none
VCPU 0     running on CPU 1; last exit: ports
VCPU 1     waiting for an interrupt; last exit: HLT";
    assert_eq!(program.ask("show linux"), expected);
    assert_eq!(program.ask("show 1"), expected);
    assert!(program.ask("show dos").ends_with("VCPU 0     ready to go on; last exit: CPUID"));
    assert!(program.ask("show 3").ends_with("VCPU 1     stopped; no exit yet"));
    assert!(program.ask("show nano").contains("\nlast end   powered off\n"));
    program.mock.vms[2].last_end = Some(Ending::Guest(StopReason::TripleFault));
    assert!(program.ask("show nano").contains("\nlast end   triple fault: the guest could not handle"));
}

#[test]
fn a_name_counts_before_a_number() {
    let mut program = Program::default();
    program.mock.vms[2].name = "1";
    assert!(program.ask("show 1").starts_with("VM 3, 1\n"));
    assert!(program.ask("show 2").starts_with("VM 2, dos\n"));
}

#[test]
fn a_vm_goes_through_its_life() {
    let mut program = Program::default();
    let mut step = |line: &str, expected| {
        program.order(line);
        assert_eq!(state(&program, 2), expected, "{line}");
    };
    step("start nano", State::Running);
    step("pause nano", State::Paused);
    step("reset nano", State::Paused);
    step("resume nano", State::Running);
    step("reset 3", State::Running);
    step("stop nano", State::Stopped);
    step("destroy nano", State::Absent);
    step("create nano", State::Stopped);
    assert!(program.ask("show nano").contains("\nlast end   stopped by the operator\n"));
}

#[test]
fn what_can_not_be_done_now_is_refused() {
    let mut program = Program::default();
    let mut refused = |line: &str, words: &str| assert_eq!(program.refusal(line), words, "{line}");
    refused("create linux", "it exists already");
    refused("start linux", "it is running already");
    refused("resume linux", "it is running already");
    refused("start dos", "it is paused: resume it");
    refused("pause dos", "it is paused already");
    refused("stop nano", "it is stopped already");
    for command in ["pause", "resume", "reset"] {
        refused(&format!("{command} nano"), "it is stopped: start it first");
    }
    program.order("destroy nano");
    let mut refused = |line: &str, words: &str| assert_eq!(program.refusal(line), words, "{line}");
    refused("destroy nano", "it does not exist");
    for line in ["start nano", "send nano x", "regs nano", "mem nano 0", "walk nano 0"] {
        refused(line, "it does not exist: create it first");
    }
    program.order("output nano");
    program.mock.refuses = Some("there are 12 MiB only: destroy another one");
    assert_eq!(program.refusal("create nano"), "there are 12 MiB only: destroy another one");
    assert_eq!(state(&program, 2), State::Absent);
}

#[test]
fn attach_and_joined_move_the_console() {
    let mut program = Program::default();
    for (line, front) in [("attach dos", Front::Vm(1)), ("joined", Front::Joined), ("attach 1", Front::Vm(0))]
    {
        program.order(line);
        assert_eq!(program.mock.front, front);
    }
}

#[test]
fn send_and_output_talk_to_a_guest() {
    let mut program = Program::default();
    program.order("send linux echo \"a  b\" -h");
    program.order("send 1");
    assert_eq!(program.mock.vms[0].typed, b"echo \"a  b\" -h\r\r");
    assert_eq!(program.refusal("send nano x"), "it is stopped: start it first");
    program.mock.vms[0].output.push(b"\x1b[1m$ \xe4\r\n");
    assert_eq!(program.ask("output linux"), "\\x1b[1m$ \\xe4");
    assert_eq!(program.ask("output linux"), "\\x1b[1m$ \\xe4", "it stays");
    assert_eq!(
        program.mock.vms[0].output.unseen().concat(),
        b"\x1b[1m$ \xe4\r\n",
        "the console shows it, too"
    );
}

#[test]
fn stats_of_all_and_of_one() {
    let mut program = Program::default();
    let expected = "\
NAME   EXITS    GUEST     PXHV  WAITING   SHARE
linux   4000  7.000 s  1.000 s  2.000 s  80.5 %
dos        0  0.000 s  0.000 s  0.000 s   0.0 %
nano       0  0.000 s  0.000 s  0.000 s   0.0 %";
    assert_eq!(program.ask("stats"), expected);
    let expected = "\
TIME                        FOR  OF ALL
in the guest            7.000 s  70.0 %
in pxHV                 1.000 s  10.0 %
waiting for interrupts  2.000 s  20.0 %
ready                   0.000 s   0.0 %
share of the computer lately: 80.5 %
EXITS  COUNT   OF ALL
ports   3000   75.0 %
HLT     1000   25.0 %
all     4000  100.0 %";
    assert_eq!(program.ask("stats linux"), expected);
    assert!(program.ask("stats dos").ends_with("EXITS  COUNT  OF ALL\nall        0   0.0 %"));
}

#[test]
fn caps_memory_cpus_and_version_tell_of_the_computer() {
    let mut program = Program::default();
    let expected = "\
AMD SVM on Mock CPU
FEATURE        USED  OFFERED
nested paging  yes   yes
AVIC           -     no
ASIDs          yes   32768";
    assert_eq!(program.ask("caps"), expected);
    let expected = "\
MEMORY                SIZE
of the computer   1023 MiB
vm linux           512 MiB
vm dos             256 MiB
vm nano            128 MiB
files of guests  40960 KiB
pxHV                 0 KiB
free               200 MiB
heap of pxHV      8192 KiB
in use of it      1536 KiB";
    assert_eq!(program.ask("memory"), expected);
    program.order("destroy linux");
    assert!(!program.ask("memory").contains("vm linux"));
    assert!(program.ask("memory").contains("pxHV             408576 KiB"));
    let expected = "\
CPU  APIC ID  STATE      BUSY  RUNS
  0        0  offline   0.0 %
  1        2  online   80.5 %  linux, VCPU 0";
    assert_eq!(program.ask("cpus"), expected);
    let expected = "\
pxHV 0.1.0
backend    AMD SVM
processor  Mock CPU, TSC 2500000 kHz
up         1 h 02 min";
    assert_eq!(program.ask("version"), expected);
}

#[test]
fn the_log_is_shown_and_set() {
    let mut program = Program::default();
    program.mock.log.push(b"pxHV: vm linux: starting\r\npxHV warning: x\r\n");
    assert_eq!(program.ask("log"), "pxHV: vm linux: starting\npxHV warning: x\n(level info)");
    let levels = [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug];
    for (name, level) in ["error", "warn", "info", "debug"].into_iter().zip(levels) {
        program.order(&format!("log {name}"));
        assert_eq!(program.mock.level, level);
        assert!(program.ask("log").ends_with(&format!("(level {name})")));
    }
    assert_eq!(program.refusal("log all"), "no level named all: error, warn, info or debug");
}

#[test]
fn poweroff_switches_off() {
    let mut program = Program::default();
    assert_eq!(program.refusal("poweroff now"), "too many arguments: poweroff");
    assert!(!program.mock.is_off);
    program.order("poweroff");
    assert!(program.mock.is_off);
}

#[test]
fn help_tells_of_each_command() {
    let mut program = Program::default();
    let help = program.ask("help");
    assert_eq!(help.lines().count(), SPECS.len());
    for (line, spec) in help.lines().zip(&SPECS) {
        assert!(line.starts_with(spec.name) && line.ends_with(spec.summary), "{line}");
        let more: String = program.ask(&format!("help {}", spec.name));
        assert!(more.starts_with(&format!("{spec}: {}", spec.summary)), "{more}");
    }
    let expected = "\
mem VM GPA [LENGTH]: guest-physical memory
LENGTH is 256 unless it is given, and 4096 at most.
Numbers are decimal (4096) or hexadecimal (0x1000, 1000h); _ may divide them.";
    assert_eq!(program.ask("help mem"), expected);
    assert_eq!(program.refusal("help me"), "no command named me: help lists them");
}
