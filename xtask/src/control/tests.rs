//! Clients, the relay and a fake pxHV.

use super::fake::{serve, Port};
use super::*;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

fn done(lines: &[&str]) -> Answer {
    Answer { lines: lines.iter().map(|line| (*line).into()).collect(), error: None }
}

#[test]
fn a_command_is_answered() {
    let port = Port::new();
    serve(&port.theirs);
    let mut client = Client::connect(&port.socket()).unwrap();
    for asked in ["asked 1 times", "asked 2 times"] {
        let vms = client.answer("vms", PATIENCE).unwrap();
        assert_eq!(vms, done(&["1 linux running", "", "2 dos off", asked]));
        assert_eq!(client.answer("", PATIENCE).unwrap(), done(&[]));
        let refused = client.answer("start nobody", PATIENCE).unwrap();
        assert_eq!(refused, Answer { error: Some("no VM named nobody: vms lists them".into()), ..done(&[]) });
    }
    let garbled = client.answer("garble", PATIENCE).unwrap_err().to_string();
    assert_eq!(garbled, "this is no answer: \"what?\"");
    assert_eq!(client.answer("", PATIENCE).unwrap(), done(&[]), "and it goes on");
    for wrong in ["vms\nvms", "vms\r", "é"] {
        assert!(client.answer(wrong, PATIENCE).unwrap_err().to_string().contains("one line of ASCII"));
    }
}

#[test]
fn clients_that_left_in_the_middle_disturb_nobody() {
    let port = Port::new();
    serve(&port.theirs);
    for unfinished in ["vms\nvms\nsta", "\nvms\nhello-1", "vms"] {
        let mut impatient = UnixStream::connect(port.socket()).unwrap();
        impatient.write_all(unfinished.as_bytes()).unwrap();
        drop(impatient);
        let mut client = Client::connect(&port.socket()).unwrap();
        assert_eq!(client.answer("vms", PATIENCE).unwrap().lines.len(), 4, "{unfinished:?}");
    }
}

#[test]
fn after_noise_answers_are_found_again() {
    let port = Port::new();
    serve(&port.theirs);
    let mut client = Client::connect(&port.socket()).unwrap();
    assert_eq!(client.answer("", PATIENCE).unwrap(), done(&[]));
    let noise = crate::noise::Noise { bytes: 50_000, seed: 3, to: crate::noise::Port::Control };
    client.flood(noise.make());
    assert_eq!(client.answer("vms", PATIENCE).unwrap().lines.len(), 4);
}

#[test]
fn a_computer_that_is_not_up_yet_is_asked_again() {
    let port = Port::new();
    let socket = port.socket();
    let client = std::thread::spawn(move || Client::connect(&socket).unwrap().answer("vms", PATIENCE));
    // What comes first is lost, like all that a computer gets before its hypervisor listens.
    let mut lost = Vec::new();
    while !lost.ends_with(b"\n") || lost.len() < 10 {
        let mut buffer = [0; 100];
        let count = rustix::io::read(&port.theirs, &mut buffer).unwrap();
        lost.extend(&buffer[..count]);
    }
    serve(&port.theirs);
    assert_eq!(client.join().unwrap().unwrap().lines.len(), 4);
}

#[test]
fn silence_is_an_error_and_a_silent_client_holds_nothing_up() {
    let port = Port::new();
    let mut client = Client::connect(&port.socket()).unwrap();
    let error = client.answer("vms", Duration::from_millis(300)).unwrap_err().to_string();
    assert!(error.contains("--wait"), "{error}");
    // It does not read: the emulator must get rid of all that it says nevertheless.
    let mut computer = std::fs::File::from(port.theirs.try_clone().unwrap());
    for _ in 0..1000 {
        computer.write_all(&[b'x'; 4096]).unwrap();
    }
    drop(port);
    let error = loop {
        if let Err(error) = client.poll() {
            break error.to_string();
        }
    };
    assert_eq!(error, "the computer was switched off");
}

#[test]
fn a_slow_client_misses_nothing() {
    let port = Port::new();
    let mut client = UnixStream::connect(port.socket()).unwrap();
    let said: Vec<u8> = (0..100_000_u32).map(|at| at.to_le_bytes()[at as usize % 3]).collect();
    let mut computer = std::fs::File::from(port.theirs.try_clone().unwrap());
    // The relay has taken the client in when the port has its first byte.
    client.write_all(b"?").unwrap();
    computer.read_exact(&mut [0]).unwrap();
    for byte in &said {
        computer.write_all(&[*byte]).unwrap();
    }
    let mut heard = vec![0; said.len()];
    client.read_exact(&mut heard).unwrap();
    assert!(heard == said);
}
