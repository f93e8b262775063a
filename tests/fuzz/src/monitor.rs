//! The operator's two lines: anything typed at the console and sent to the second serial port, while guests say anything
//! and the operator's view moves. Both answer in the end, and nothing of a guest gets into an answer but as text.

use arbitrary::{Result, Unstructured};
use monitor::front::Front;
use monitor::testing::{Mock, Paper};
use monitor::{Console, Hypervisor, Protocol, Ring};

/// VMs of the mock.
const VMS: usize = 3;
/// Bytes of the rings.
const RING: usize = 64;

fn is_text(line: &str) -> bool {
    line.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Bytes for the second serial port; some are commands.
fn line(u: &mut Unstructured) -> Result<Vec<u8>> {
    let commands =
        ["show 1", "mem 1 0x1fff8 32", "output dos", "walk 1 0", "stats 2", "regs 3 1", "log", "send 1 x"];
    Ok(match u.int_in_range(0..=3)? {
        0 => u.choose(&commands)?.bytes().chain(*b"\n").collect(),
        1 => {
            [u.choose(&["start", "stop", "pause", "resume", "reset", "destroy", "create", "attach"])?, " 2\n"]
                .concat()
                .into()
        }
        _ => u.arbitrary()?,
    })
}

pub fn run(u: &mut Unstructured) -> Result<()> {
    let (mut mock, mut paper, mut answers) = (Mock::default(), Paper::default(), String::new());
    for vm in &mut mock.vms {
        vm.output = Ring::new(RING);
    }
    let (mut console, mut protocol) = (Console::new(*u.choose(&[1, 2, 0x1d])?, VMS), Protocol::new());
    let (mut now, mut lines) = (0_u64, 0);
    while !u.is_empty() {
        match u.int_in_range(0..=5)? {
            0 | 1 => {
                let bytes = line(u)?;
                for byte in bytes {
                    lines += usize::from(byte == b'\n');
                    protocol.byte(byte, &mut mock, &mut answers).expect("a string takes everything");
                }
                console.follow(&mut mock, &mut paper);
            }
            2 => {
                for byte in u.arbitrary::<Vec<u8>>()? {
                    console.input(byte, &mut mock, &mut paper);
                }
            }
            3 => {
                let (vm, said): (_, Vec<u8>) = (u.int_in_range(0..=VMS - 1)?, u.arbitrary()?);
                let seen = console.output(vm, mock.vms[vm].name, &said, now, &mut paper);
                let ring = &mut mock.vms[vm].output;
                ring.push(&said);
                if seen {
                    ring.mark_seen();
                }
                let kept = ring.all().concat();
                assert!(kept.len() <= RING && kept.ends_with(&ring.unseen().concat()));
            }
            4 => {
                now = now.saturating_add(u.arbitrary::<u32>()?.into());
                console.pause(now, &mock, &mut paper);
                assert!(console.due().is_none_or(|due| due > now));
            }
            _ => {
                mock.attach(*u.choose(&[Front::Vm(0), Front::Vm(1), Front::Joined, Front::Monitor])?);
                console.message_was_shown(&mut paper);
            }
        }
    }
    assert!(answers.lines().all(is_text));
    assert_eq!(
        answers.lines().filter(|line| !line.starts_with("| ")).count(),
        lines,
        "each line has one answer"
    );

    answers.clear();
    for byte in b"\nversion\n" {
        protocol.byte(*byte, &mut mock, &mut answers).expect("a string takes everything");
    }
    assert!(answers.ends_with("\nok\n"), "{answers}");
    mock.attach(Front::Monitor);
    // The first Ctrl-C may be behind a prefix; the second one ends whatever was begun.
    for byte in b"\x03\x03version\r" {
        console.input(*byte, &mut mock, &mut paper);
    }
    let shown = paper.take();
    assert!(shown.ends_with("min\r\npxHV> "), "{shown}");
    Ok(())
}
