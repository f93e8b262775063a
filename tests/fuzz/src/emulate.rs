//! Any instruction in any state, on a page that is a device, and again where that page is RAM: the device is memory
//! too, so both must come to the same.

use crate::cpu::{self, DEVICE};
use arbitrary::{Result, Unstructured};
use machine::emulate::{self, emulate, Mmio, NoDevice, OperandSize};
use machine::memory::{Gpa, GuestMemory, NotRam, RamLayout};
use machine::pc::Effects;
use machine::testing::{MockVcpu, TestRam};
use machine::time::Instant;
use machine::vcpu::{Access, MemoryFault};
use std::cell::RefCell;
use std::sync::Once;

/// Bytes of the page.
const PAGE: usize = 0x1000;
/// RFLAGS: CF, PF, AF, ZF, SF, OF.
const ARITHMETIC: u64 = 0x8d5;
/// Instructions that go elsewhere, by a target or a return address in memory.
const JUMPS: [&str; 3] = ["call", "jmp", "ret"];
/// Accesses of one exit at most: two operands of two pieces of eight accesses for each element of a string.
const MOST_ACCESSES: usize = 2 * 2 * 8 * 512;

/// A page of memory that is a device.
struct Device {
    bytes: Vec<u8>,
    accesses: usize,
}

impl Device {
    fn slice(&mut self, gpa: Gpa, size: OperandSize) -> Option<&mut [u8]> {
        assert!(gpa.0 % 8 + size.bytes() as u64 <= 8, "{gpa} {size:?} is no bus access");
        self.accesses += 1;
        let offset = usize::try_from(gpa.0.checked_sub(DEVICE)?).ok()?;
        self.bytes.get_mut(offset..offset + size.bytes())
    }
}

impl Mmio for Device {
    fn read_mmio(&mut self, _: Instant, gpa: Gpa, size: OperandSize) -> Option<u64> {
        let mut value = [0; 8];
        value[..size.bytes()].copy_from_slice(self.slice(gpa, size)?);
        Some(u64::from_le_bytes(value))
    }

    fn write_mmio(&mut self, _: Instant, gpa: Gpa, size: OperandSize, value: u64) -> Option<Effects> {
        self.slice(gpa, size)?.copy_from_slice(&value.to_le_bytes()[..size.bytes()]);
        Some(Effects::default())
    }
}

/// RAM that goes on at the device's address.
struct MoreRam {
    ram: TestRam,
    page: RefCell<Vec<u8>>,
}

impl MoreRam {
    fn range(gpa: Gpa, length: usize) -> Option<std::ops::Range<usize>> {
        let start = usize::try_from(gpa.0.checked_sub(DEVICE)?).ok()?;
        let end = start.checked_add(length)?;
        (end <= PAGE).then_some(start..end)
    }
}

impl GuestMemory for MoreRam {
    fn layout(&self) -> RamLayout {
        self.ram.layout()
    }

    fn read(&self, gpa: Gpa, buffer: &mut [u8]) -> std::result::Result<(), NotRam> {
        match Self::range(gpa, buffer.len()) {
            Some(range) => buffer.copy_from_slice(&self.page.borrow()[range]),
            None => self.ram.read(gpa, buffer)?,
        }
        Ok(())
    }

    fn write(&self, gpa: Gpa, bytes: &[u8]) -> std::result::Result<(), NotRam> {
        match Self::range(gpa, bytes.len()) {
            Some(range) => self.page.borrow_mut()[range].copy_from_slice(bytes),
            None => self.ram.write(gpa, bytes)?,
        }
        Ok(())
    }
}

pub fn run(u: &mut Unstructured) -> Result<()> {
    static DECODER: Once = Once::new();
    DECODER.call_once(emulate::init);
    let ram = cpu::ram();
    let mut vcpu = cpu::cpu(u, &ram)?;
    vcpu.delivering = u.ratio(1, 64)?;
    cpu::code(u, &vcpu, &ram)?;
    let mut page: Vec<u8> = u.arbitrary::<[u8; 32]>()?.repeat(PAGE / 32);
    page.truncate(PAGE);
    let physical_bits = *u.choose(&[40, 36, 52])?;
    let more = MoreRam { ram: cpu::ram(), page: RefCell::new(page.clone()) };
    more.ram.write(Gpa(0), &ram.peek(0, cpu::RAM)).expect("RAM");
    let mut other = vcpu.clone();
    let fault = MemoryFault { gpa: Gpa(DEVICE), access: *u.choose(&[Access::Read, Access::Write])? };

    let mut device = Device { bytes: page, accesses: 0 };
    let before = vcpu.clone();
    let code = emulate::disassemble(&vcpu, &ram, physical_bits);
    let result = emulate(fault, &mut vcpu, physical_bits, &mut device, &ram, Instant(0));
    crate::tell(&(&code, &result, &vcpu));
    assert!(device.accesses <= MOST_ACCESSES);
    if result.is_err() {
        assert_eq!((vcpu.state, vcpu.injected), (before.state, None), "{result:?}");
        return Ok(());
    }
    check(&before, &vcpu, code.split(' ').any(|word| JUMPS.contains(&word)));
    let same = emulate(fault, &mut other, physical_bits, &mut NoDevice, &more, Instant(0));
    assert_eq!((result, vcpu.state, vcpu.injected), (same, other.state, other.injected));
    assert!(device.bytes == *more.page.borrow(), "the device's bytes differ from RAM's");
    assert!(ram.peek(0, cpu::RAM) == more.ram.peek(0, cpu::RAM), "RAM differs");
    Ok(())
}

/// What holds of every instruction that was done, or faulted.
fn check(before: &MockVcpu, after: &MockVcpu, is_jump: bool) {
    assert_eq!((before.state.rflags ^ after.state.rflags) & !ARITHMETIC, 0, "RFLAGS");
    let moved = after.state.rip.wrapping_sub(before.state.rip) & 0xffff;
    assert!(moved <= 15 || is_jump, "RIP moved by {moved}");
    assert!(after.injected.is_none() || moved == 0, "a fault leaves RIP alone");
}
