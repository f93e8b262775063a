//! Lines of the protocol.

use super::Program;
use crate::protocol::LINE;
use crate::testing::Mock;
use crate::Protocol;
use core::fmt;
use std::string::ToString;

#[test]
fn a_line_is_a_command_and_ends_with_its_result() {
    let mut program = Program::default();
    assert_eq!(program.send(b"\n\r\n   \n"), "ok\nok\nok\n");
    assert_eq!(program.send(b"vms"), "", "it is not complete");
    assert!(program.send(b"\r\n").starts_with("| VM  NAME"));
    assert_eq!(program.send(b"ver\rsions\n"), "error: no command named versions: help lists them\n");
    program.mock.vms[0].output.push(b"no end\n\nof line");
    assert_eq!(program.send(b"output linux\n"), "| no end\n| \n| of line\nok\n");
}

#[test]
fn a_line_has_a_longest_length() {
    let mut program = Program::default();
    let line = std::format!("{:LINE$}", "version");
    assert!(program.send(&[line.as_bytes(), b"\r\n"].concat()).ends_with("ok\n"));
    let line = line + " ";
    let too_long = "error: line too long: 256 bytes are the most\n";
    assert_eq!(program.send(&[line.as_bytes(), b"\n"].concat()), too_long);
    assert_eq!(program.send(&[&[b'x'; 10 * LINE][..], b"\n\n"].concat()), too_long.to_string() + "ok\n");
}

#[test]
fn a_line_is_text() {
    let mut program = Program::default();
    let not_text = "error: not text: printable ASCII only\n";
    for byte in (0..=0xff).filter(|byte| !matches!(byte, b'\n' | b'\r' | b' '..=b'~')) {
        assert_eq!(program.send(&[b'v', byte, b'm', b's', b'\n', b'\n']), not_text.to_string() + "ok\n");
    }
    assert_eq!(program.send(&[&[0; LINE + 1][..], b"\n"].concat()), not_text);
}

#[test]
fn a_line_that_nobody_takes_is_no_end() {
    struct Full;
    impl fmt::Write for Full {
        fn write_str(&mut self, _: &str) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    let (mut protocol, mut mock) = (Protocol::new(), Mock::default());
    let results = b"version\n".map(|byte| protocol.byte(byte, &mut mock, &mut Full).is_ok());
    assert_eq!(results, [true, true, true, true, true, true, true, false]);
    let mut program = Program { protocol, mock };
    assert_eq!(program.send(b"\n"), "ok\n");
}
