//! The operator's console: keys, who is heard, what is replayed.

use crate::front::Front;
use crate::joined::PATIENCE;
use crate::prefix;
use crate::testing::{Mock, Paper};
use crate::{Console, Hypervisor};
use std::string::String;

/// An operator at the console.
struct Desk {
    console: Console,
    mock: Mock,
    paper: Paper,
}

impl Desk {
    fn new() -> Self {
        let mock = Mock::default();
        let console = Console::new(prefix::DEFAULT, mock.vms.len());
        let mut desk = Self { console, mock, paper: Paper::default() };
        desk.console.follow(&mut desk.mock, &mut desk.paper);
        assert_eq!(desk.paper.take(), "pxHV: vm linux has the console; it is running; Ctrl-A h: keys\r\n");
        desk
    }

    /// Types, and returns what appears.
    fn types(&mut self, text: &str) -> String {
        for byte in text.bytes() {
            self.console.input(byte, &mut self.mock, &mut self.paper);
        }
        self.paper.take()
    }

    /// A VM says something: returns what appears.
    fn says(&mut self, vm: usize, text: &str) -> String {
        let output = &mut self.mock.vms[vm].output;
        output.push(text.as_bytes());
        if self.console.output(vm, self.mock.vms[vm].name, text.as_bytes(), 0, &mut self.paper) {
            self.mock.vms[vm].output.mark_seen();
        }
        self.paper.take()
    }

    fn typed(&self, vm: usize) -> &[u8] {
        &self.mock.vms[vm].typed
    }
}

#[test]
fn the_vm_in_front_gets_keys_and_is_heard() {
    let mut desk = Desk::new();
    assert_eq!(desk.types("ls\r\x1b[A\x01\x01"), "");
    assert_eq!(desk.typed(0), b"ls\r\x1b[A\x01");
    assert_eq!(desk.says(0, "a\x1b[1m\n"), "a\x1b[1m\n");
    assert_eq!(desk.says(1, "unheard\n"), "");
}

#[test]
fn what_was_said_meanwhile_is_shown_once() {
    let mut desk = Desk::new();
    desk.says(1, "one\r\n");
    desk.says(1, "A> ");
    let greeting = "pxHV: vm dos has the console; it is paused; Ctrl-A h: keys\r\n";
    assert_eq!(desk.types("\x012"), std::format!("{greeting}one\r\nA> "));
    desk.types("\x011");
    assert_eq!(desk.types("\x012"), greeting);
    assert_eq!(desk.says(1, "two\r\n"), "two\r\n");
    assert_eq!(desk.types("\x012"), "", "it has the console already");
    desk.types("\x011");
    assert_eq!(desk.types("\x012dir"), greeting);
    assert_eq!(desk.typed(1), b"dir");
    desk.types("\x011");
    desk.says(1, &"x\n".repeat(200));
    let replay = desk.types("\x012");
    let lines = "x\n".repeat(128);
    assert_eq!(replay, std::format!("{greeting}pxHV: 144 bytes before this are lost\r\n{lines}"));
}

#[test]
fn keys_that_mean_nothing_ring() {
    let mut desk = Desk::new();
    assert_eq!(desk.types("\x01z"), "\x07");
    assert_eq!(desk.types("\x014"), "pxHV: no VM has number 4: Ctrl-A m and vms list them\r\n");
    assert_eq!(desk.mock.front, Front::Vm(0));
    desk.types("\x013");
    assert_eq!(desk.types("a"), "\x07", "it is off");
    desk.types("\x01j");
    assert_eq!(desk.types("a"), "\x07", "for whom?");
    assert!((0..3).all(|vm| desk.typed(vm).is_empty()));
}

#[test]
fn the_computer_is_switched_off_by_a_key() {
    let mut desk = Desk::new();
    desk.types("x\x01\x01x");
    assert!(!desk.mock.is_off);
    desk.types("\x01X");
    assert!(desk.mock.is_off);
}

#[test]
fn the_monitor_does_commands() {
    let mut desk = Desk::new();
    let greeting = "pxHV: the monitor has the console; help: commands; Ctrl-A h: keys\r\n\r\x1b[2KpxHV> ";
    assert_eq!(desk.types("\x01m"), greeting);
    let answer = desk.types("vms\r");
    assert!(answer.starts_with("vms\r\nVM  NAME "), "{answer}");
    assert!(
        answer.contains(" \x1b[32mrunning\x1b[0m ") && answer.contains(" \x1b[33mpaused\x1b[0m "),
        "{answer}"
    );
    assert!(answer.ends_with("linux\r\npxHV> "), "{answer}");
    assert_eq!(desk.types("pause dos\r"), "pause dos\r\nit is paused already\r\npxHV> ");
    assert_eq!(desk.types("\r"), "\r\npxHV> ");
    assert_eq!(desk.says(0, "unheard"), "");
    let attached =
        "attach linux \r\npxHV: vm linux has the console; it is running; Ctrl-A h: keys\r\nunheard";
    assert_eq!(desk.types("att\tl\t\r"), attached);
}

#[test]
fn a_line_that_was_begun_waits() {
    let mut desk = Desk::new();
    desk.types("\x01mpau");
    desk.types("\x011x");
    assert!(desk.types("\x01m").ends_with("pxHV> pau"));
    desk.paper.write("pxHV: a message\r\n");
    desk.console.message_was_shown(&mut desk.paper);
    assert_eq!(desk.paper.take(), "pxHV: a message\r\n\r\x1b[2KpxHV> pau");
    assert!(desk.types("\x01h").ends_with("pxHV> pau"));
    assert_eq!(desk.types("se linux\r"), "se linux\r\npxHV> ");
    desk.types("\x011");
    desk.console.message_was_shown(&mut desk.paper);
    assert_eq!(desk.paper.take(), "", "nothing to redraw");
}

#[test]
fn all_vms_are_shown_a_line_at_a_time() {
    let mut desk = Desk::new();
    desk.says(1, "one\r\ntw");
    assert_eq!(desk.types("\x01j"), "pxHV: all VMs, a line at a time; Ctrl-A h: keys\r\n[dos] one\r\n");
    assert_eq!(desk.mock.vms[1].output.unseen().concat(), b"");
    assert_eq!(desk.says(0, "log"), "");
    assert_eq!(desk.says(1, "o\r\n"), "[dos] two\r\n");
    assert_eq!(desk.console.due(), Some(PATIENCE));
    desk.console.pause(PATIENCE, &desk.mock, &mut desk.paper);
    assert_eq!(desk.paper.take(), "[linux] log\r\n");
    desk.says(1, "A>");
    let left = desk.types("\x011");
    assert!(left.starts_with("[dos] A>\r\npxHV: vm linux"), "{left}");
    assert!(desk.types("\x012").ends_with("keys\r\n"), "all of it was shown");
}

#[test]
fn a_program_moves_the_console_too() {
    let mut desk = Desk::new();
    desk.says(2, "hello");
    desk.mock.attach(Front::Vm(2));
    desk.console.follow(&mut desk.mock, &mut desk.paper);
    assert_eq!(desk.paper.take(), "pxHV: vm nano has the console; it is stopped; Ctrl-A h: keys\r\nhello");
}

#[test]
fn a_console_may_be_behind_a_lock() {
    fn fits<T: Send>() {}
    fits::<Console>();
    assert!(size_of::<Console>() < 512, "it is moved about on small stacks");
}

#[test]
fn help_has_all_keys() {
    let mut desk = Desk::new();
    desk.says(0, "login: ");
    desk.paper.write("login: ");
    let help = desk.types("\x01?");
    let first: String = help.lines().filter_map(|line| line.strip_prefix("  ")?.chars().next()).collect();
    assert!(help.starts_with("login: \r\npxHV: keys, each behind Ctrl-A:\r\n"), "{help}");
    assert_eq!(first, "1mjxhC");
}
