//! Commands that look into a VM.

use super::Program;
use machine::memory::{Gpa, GuestMemory};
use machine::vcpu::{CR0_PE, CR0_PG, CR4_PAE, EFER_LMA};
use std::string::ToString;

#[test]
fn regs_shows_registers() {
    let mut program = Program::default();
    let expected = "\
rip  ffffffff81000000  rsp  0000000000000000  rflags 0000000000000002
rax  0000000000001234  rbx  0000000000000000  rcx    0000000000000000
rdx  0000000000000000  rsi  0000000000000000  rdi    0000000000000000
rbp  0000000000000000  r8   0000000000000000  r9     0000000000000000
r10  0000000000000000  r11  0000000000000000  r12    0000000000000000
r13  0000000000000000  r14  0000000000000000  r15    0000000000000000
cr0  0000000000000000  cr2  0000000000000000  cr3    0000000000000000
cr4  0000000000000000  efer 0000000000000000  cs+rip ffffffff81000000
SEGMENT  SELECTOR  BASE     LIMIT  ATTRIBUTES
cs           0010     0  ffffffff         a9b
ss           0000     0         0         000
ds           0000     0         0         000
es           0000     0         0         000
fs           0000     0         0         000
gs           0000     0         0         000
ldtr         0000     0         0         000
tr           0000     0         0         000
gdtr                  0         0
idtr               fe00       fff";
    assert_eq!(program.ask("regs linux"), expected);
    assert_eq!(program.ask("regs linux 1"), expected);
    assert_eq!(program.refusal("regs linux 2"), "no VCPU 2: it has 0 to 1");
    assert_eq!(program.refusal("regs dos 0xffffffffffffffff"), "no VCPU 18446744073709551615: it has one, 0");
    assert_eq!(program.refusal("regs linux x"), "x is not a number of 64 bits: 4096, 0x1000 and 1000h are");
    program.mock.refuses = Some("its CPU is busy: pause it first");
    assert_eq!(program.refusal("regs linux"), "its CPU is busy: pause it first");
}

#[test]
fn mem_shows_memory() {
    let mut program = Program::default();
    program.mock.ram.write(Gpa(0x1000), b"pxHV\0\x7f~ and so on\xff").unwrap();
    let expected = "\
00001000  70 78 48 56 00 7f 7e 20 61 6e 64 20 73 6f 20 6f  pxHV..~ and so o
00001010  6e ff                                            n.";
    assert_eq!(program.ask("mem linux 0x1000 18"), expected);
    assert_eq!(program.ask("mem 1 1000h 12h"), expected);
    assert_eq!(program.ask("mem linux 4096").lines().count(), 16);
    assert_eq!(program.ask("mem linux 0 4096").lines().count(), 256);
    let row = "0001fffc  00 00 00 00 -- -- --                             .......";
    assert_eq!(program.ask("mem linux 0x1fffc 7"), row, "its RAM ends");
    assert_eq!(program.refusal("mem linux 0x20000"), "no RAM at GPA 0x20000: mem shows RAM only");
    assert_eq!(
        program.refusal("mem linux 0xffffffffffffffff 1"),
        "no RAM at GPA 0xffffffffffffffff: mem shows RAM only"
    );
    let end = "that is beyond the last address of 64 bits: a smaller GPA or LENGTH";
    assert_eq!(program.refusal("mem linux 0xffffffffffffffff 2"), end);
    assert_eq!(program.refusal("mem linux 0 4097"), "LENGTH is from 1 to 4096");
    assert_eq!(program.refusal("mem linux 0 0"), "LENGTH is from 1 to 4096");
    assert_eq!(program.refusal("mem linux"), "GPA is missing: mem VM GPA [LENGTH]");
    assert_eq!(
        program.refusal("mem linux rip"),
        "rip is not a number of 64 bits: 4096, 0x1000 and 1000h are"
    );
}

#[test]
fn walk_shows_the_way_of_an_address() {
    let mut program = Program::default();
    assert_eq!(program.ask("walk linux 0x123"), "GVA  0x123\nGPA  0x123, without paging\nHPA  0x100000123");
    let beyond = "GVA  0x20000\nGPA  0x20000, without paging\nHPA  none: no RAM is mapped there";
    assert_eq!(program.ask("walk linux 0x20000"), beyond);

    let state = &mut program.mock.state;
    (state.cr0, state.cr4, state.efer, state.cr3) = (CR0_PE | CR0_PG, CR4_PAE, EFER_LMA, 0x1000);
    let set = |program: &Program, place: u64, entry: u64| {
        program.mock.ram.write(Gpa(place), &entry.to_le_bytes()).unwrap();
    };
    set(&program, 0x1000, 0x2007);
    set(&program, 0x2000, 0x3003);
    set(&program, 0x3000, 0x83);
    let expected = "\
GVA  0x1234
PML4 entry at 0x1000 = 0x2007
PDPT entry at 0x2000 = 0x3003
PD   entry at 0x3000 = 0x83
GPA  0x1234, page of 2048 KiB: read, write, execute
HPA  0x100001234";
    assert_eq!(program.ask("walk linux 0x1234 1"), expected);
    let end = |program: &mut Program, gva: &str| {
        program.ask(&std::format!("walk linux {gva}")).lines().last().unwrap().to_string()
    };
    assert_eq!(end(&mut program, "0x200000"), "GPA  none: the entry is not present");
    assert_eq!(end(&mut program, "0x800000000000"), "GPA  none: the address is not canonical");
    set(&program, 0x2008, 0x70_0001);
    set(&program, 0x2010, 1 << 45 | 1);
    let outside = "GPA  none: the PD entry would be at 0x700000, which is not RAM";
    assert_eq!(end(&mut program, "0x40000000"), outside);
    assert_eq!(end(&mut program, "0x80000000"), "GPA  none: the entry has a reserved bit");
    assert_eq!(program.refusal("walk linux"), "GVA is missing: walk VM GVA [VCPU]");
    assert_eq!(program.refusal("walk linux 5 7"), "no VCPU 7: it has 0 to 1");
    assert_eq!(program.refusal("walk linux 5k"), "5k is not a number of 64 bits: 4096, 0x1000 and 1000h are");
    program.mock.refuses = Some("its CPU is busy: pause it first");
    assert_eq!(program.refusal("walk linux 5"), "its CPU is busy: pause it first");
}
