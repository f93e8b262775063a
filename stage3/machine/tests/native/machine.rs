//! A computer without an operating system, emulated by QEMU, for the modes that Linux gives no program. Its firmware,
//! machine.asm, executes the cases that are in its memory.
//!
//! Needs Debian's packages nasm and qemu-system-x86.

use crate::generate::{Case, PORT_PAGE};
use crate::guest::Result;
use crate::mode::Mode;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Bytes of a case's memory.
pub const WINDOW: usize = 256;

/// Offsets in the computer's memory, and in a case: machine.asm has the same.
const PARAMETERS: usize = 0x500;
const CASES: usize = 0x10_0000;
const REGISTERS: usize = 32;
const FLAGS: usize = 64;
const PORTS: usize = 68;
const PORTS_PAGE: usize = 72;
const MEMORY: usize = 80;
const CASE_BYTES: usize = 336;
/// From the instruction to the end of the stub.
const SLOT: usize = 0x100;
/// The status that QEMU ends with when all cases are done.
const DONE: i32 = 0x10 << 1 | 1;

/// What a case starts with.
pub struct Before {
    pub case: Case,
    pub memory: [u8; WINDOW],
    pub ports: [u8; 4],
}

/// The computer, with what its cases left.
pub struct Machine {
    memory: Vec<u8>,
}

impl Machine {
    /// Executes `cases` in `mode`.
    pub fn execute(mode: Mode, cases: &[Before]) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("native-{mode:?}"));
        fs::create_dir_all(&folder).unwrap();
        let size = (CASES + cases.len() * CASE_BYTES).next_multiple_of(1 << 20);
        let mut memory = vec![0; size];
        let number = Mode::OF_MACHINE.iter().position(|&other| other == mode).unwrap();
        put(&mut memory, PARAMETERS, &[number, cases.len()]);
        for (place, before) in memory[CASES..].chunks_mut(CASE_BYTES).zip(cases) {
            before.store(place);
        }
        let file = folder.join("memory");
        fs::write(&file, &memory).unwrap();
        run(&firmware(&folder), &file, size);
        memory = fs::read(&file).unwrap();
        fs::remove_dir_all(folder).unwrap();
        Self { memory }
    }

    /// What case `number` left: registers and flags, and its memory.
    pub fn result(&self, number: usize, case: &Case) -> (Result, &[u8]) {
        let place = &self.memory[CASES + number * CASE_BYTES..][..CASE_BYTES];
        let dword = |at: usize| u64::from(u32::from_le_bytes(place[at..at + 4].try_into().unwrap()));
        let mut registers = case.registers;
        for (number, register) in registers.iter_mut().enumerate().take(8) {
            *register = dword(REGISTERS + 4 * number);
        }
        let is_page = case.registers[2] as u16 == PORT_PAGE as u16;
        let ports = if is_page { dword(PORTS_PAGE) } else { dword(PORTS) } as u32;
        (Result { registers, flags: dword(FLAGS), ports: ports.to_le_bytes() }, &place[MEMORY..][..WINDOW])
    }
}

impl Before {
    fn store(&self, place: &mut [u8]) {
        let length = self.case.code.len();
        place[..length].copy_from_slice(&self.case.code);
        // JMP to the end of the stub.
        let jump = if self.case.mode.bits() == 16 { 3 } else { 5 };
        place[length] = 0xe9;
        let distance = ((SLOT - length - jump) as u32).to_le_bytes();
        place[length + 1..length + jump].copy_from_slice(&distance[..jump - 1]);
        for (number, register) in self.case.registers.iter().enumerate().take(8) {
            put(place, REGISTERS + 4 * number, &[*register as usize]);
        }
        put(place, FLAGS, &[self.case.flags as usize | 2]);
        place[PORTS..PORTS + 4].copy_from_slice(&self.ports);
        place[MEMORY..][..WINDOW].copy_from_slice(&self.memory);
    }
}

/// Stores numbers of 32 bits.
fn put(memory: &mut [u8], at: usize, values: &[usize]) {
    for (place, value) in memory[at..].chunks_mut(4).zip(values) {
        place.copy_from_slice(&(*value as u32).to_le_bytes());
    }
}

/// Assembles machine.asm.
fn firmware(folder: &Path) -> PathBuf {
    let file = folder.join("firmware");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/native/machine.asm");
    let status = Command::new("nasm").args(["-f", "bin", "-w+error", "-o"]).arg(&file).arg(source).status();
    assert!(status.expect("nasm").success());
    file
}

/// Runs the computer, whose memory is `file`, until its firmware ends it.
fn run(firmware: &Path, file: &Path, size: usize) {
    let backend = format!("memory-backend-file,id=ram,share=on,size={size},mem-path={}", file.display());
    let output = Command::new("qemu-system-x86_64")
        .args(["-accel", "tcg", "-cpu", "max", "-machine", "pc,memory-backend=ram", "-object", &backend])
        .args(["-m", &format!("{}k", size >> 10), "-display", "none", "-vga", "none", "-nodefaults"])
        .args(["-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-bios"])
        .arg(firmware)
        .stdin(Stdio::null())
        .output()
        .expect("qemu-system-x86_64");
    // Other ends: 129 and twice the number of an exception, or zero for a triple fault.
    assert_eq!(output.status.code(), Some(DONE), "{}", String::from_utf8_lossy(&output.stderr));
}
