//! The board: ports, device memory and MSRs of the local APIC, in any order, while time goes on.

use arbitrary::{Result, Unstructured};
use machine::emulate::{Mmio, OperandSize};
use machine::medium::{Medium, SECTOR};
use machine::memory::{Gpa, RamLayout};
use machine::pc::{DebugPorts, Effects, Key, Pc, PcConfig, IOAPIC};
use machine::port::Size;
use machine::time::{Instant, TscScale};
use machine::vcpu::Fault;

/// The default address of the local APIC.
pub const LAPIC: Gpa = Gpa(0xfee0_0000);
/// IA32_APIC_BASE.
const APIC_BASE: u32 = 0x1b;
/// IA32_TSC_DEADLINE.
const TSC_DEADLINE: u32 = 0x6e0;
/// The first MSR of x2APIC mode.
const X2APIC: u32 = 0x800;
/// What is on its disk.
static DISK: [u8; 3 * SECTOR] = [0x5a; 3 * SECTOR];
/// Ranges of ports with a device: first, number.
const PORTS: [(u16, u16); 20] = [
    (0x00, 16),
    (0x20, 2),
    (0x40, 4),
    (0x60, 8),
    (0x70, 8),
    (0x80, 16),
    (0x92, 1),
    (0xa0, 2),
    (0xc0, 0x20),
    (0xe9, 1),
    (0xf4, 1),
    (0x3b0, 0x30),
    (0x3f0, 8),
    (0x3f5, 1),
    (0x3f8, 8),
    (0x4d0, 2),
    (0x600, 0x40),
    (0xcf8, 8),
    (0x1f0, 8),
    (0x510, 16),
];

/// Something that happens to a board.
#[derive(Clone, Copy, Debug)]
enum Step {
    Read(u16, Size),
    Write(u16, Size, u32),
    ReadMemory(Gpa, OperandSize),
    WriteMemory(Gpa, OperandSize, u64),
    ReadMsr(u32),
    WriteMsr(u32, u64),
    SetTsc(u64),
    SetCr8(u8),
    /// Nanoseconds.
    Wait(u64),
    /// To the next deadline.
    Sleep,
    Acknowledge,
    Receive(u8),
    Key(Key, bool),
    PowerButton,
}

/// What a guest sees of a step.
#[derive(Debug, PartialEq)]
enum Seen {
    Nothing,
    Value(u32),
    Memory(Option<u64>),
    Effects(Option<Effects>),
    Msr(Result<u64, Fault>),
    /// Vector, NMI, INIT.
    Signals(Option<u8>, bool, bool),
}

/// A port, mostly one of a device.
pub fn port(u: &mut Unstructured) -> Result<u16> {
    if u.ratio(1, 16)? {
        return u.arbitrary();
    }
    let (first, number) = *u.choose(&PORTS)?;
    Ok(first + u.int_in_range(0..=number - 1)?)
}

pub fn size(u: &mut Unstructured) -> Result<Size> {
    u.choose(&[Size::Byte, Size::Byte, Size::Word, Size::Dword]).copied()
}

/// Nanoseconds that are worth waiting for.
fn pause(u: &mut Unstructured) -> Result<u64> {
    let longest = u.choose(&[1_u64 << 10, 1 << 20, 1 << 31, 1 << 42])?;
    u.int_in_range(0..=*longest)
}

/// An MSR of the local APIC, and a value for it.
fn msr(u: &mut Unstructured, now: Instant) -> Result<(u32, u64)> {
    Ok(match u.int_in_range(0..=3)? {
        0 => (APIC_BASE, LAPIC.0 | 0x900 ^ u.choose(&[0_u64, 0, 0x400, 0x800, 0x1_0000])?),
        1 => (TSC_DEADLINE, now.0.wrapping_add(u.int_in_range(0..=1 << 22)?)),
        2 => (X2APIC + u.int_in_range(0..=0x40)?, u.arbitrary::<u32>()?.into()),
        _ => (X2APIC + u.int_in_range(0..=0xff)?, u.arbitrary()?),
    })
}

/// A place in device memory, mostly a register.
fn place(u: &mut Unstructured) -> Result<(Gpa, OperandSize)> {
    let sizes =
        [OperandSize::Dword, OperandSize::Dword, OperandSize::Byte, OperandSize::Word, OperandSize::Qword];
    let size = *u.choose(&sizes)?;
    let gpa = match u.int_in_range(0..=4)? {
        0 | 1 => LAPIC.0 + 16 * u.int_in_range(0..=0x40_u64)?,
        2 => IOAPIC.0 + 16 * u.int_in_range(0..=1_u64)?,
        3 => *u.choose(&[LAPIC.0, IOAPIC.0])? + u.int_in_range(0..=0x1000_u64)?,
        _ => u.arbitrary()?,
    };
    // Within 8 aligned bytes, as the bus does it.
    let offset = gpa % 8;
    let fits = offset + size.bytes() as u64 <= 8;
    Ok((Gpa(if fits { gpa } else { gpa - offset }), size))
}

fn step(u: &mut Unstructured, now: Instant) -> Result<Step> {
    Ok(match u.int_in_range(0..=20)? {
        0..=2 => Step::Read(port(u)?, size(u)?),
        3..=6 => Step::Write(port(u)?, size(u)?, u.arbitrary()?),
        7 => Step::Write(port(u)?, Size::Byte, u.int_in_range(0..=15)?),
        8 => {
            let (gpa, size) = place(u)?;
            Step::ReadMemory(gpa, size)
        }
        9 | 10 => {
            let (gpa, size) = place(u)?;
            Step::WriteMemory(gpa, size, u.arbitrary()?)
        }
        11 => Step::ReadMsr(msr(u, now)?.0),
        12 => {
            let (index, value) = msr(u, now)?;
            Step::WriteMsr(index, value)
        }
        13 => Step::SetTsc(u.arbitrary()?),
        14 => Step::SetCr8(u.int_in_range(0..=15)?),
        15 => Step::Wait(pause(u)?),
        16 => Step::Sleep,
        17 => Step::Acknowledge,
        18 => Step::Receive(u.arbitrary()?),
        19 => Step::Key(*u.choose(Key::ALL)?, u.arbitrary()?),
        _ => Step::PowerButton,
    })
}

/// Does a step, and brings the board up to date.
fn apply(pc: &mut Pc, now: Instant, step: Step) -> Seen {
    let seen = match step {
        Step::Read(port, size) => Seen::Value(pc.read_port(now, port, size)),
        Step::Write(port, size, value) => Seen::Effects(Some(pc.write_port(now, port, size, value))),
        Step::ReadMemory(gpa, size) => Seen::Memory(pc.read_mmio(now, gpa, size)),
        Step::WriteMemory(gpa, size, value) => Seen::Effects(pc.write_mmio(now, gpa, size, value)),
        Step::ReadMsr(index) => Seen::Msr(pc.read_lapic_msr(now, index)),
        Step::WriteMsr(index, value) => Seen::Msr(pc.write_lapic_msr(now, now.0, index, value).map(|()| 0)),
        Step::SetTsc(tsc) => {
            pc.tsc_changed(now, tsc);
            Seen::Nothing
        }
        Step::SetCr8(value) => {
            pc.set_cr8(value);
            Seen::Nothing
        }
        Step::Wait(_) | Step::Sleep => Seen::Nothing,
        Step::Acknowledge => {
            pc.advance(now);
            let vector = pc.interrupt_pending().then(|| pc.acknowledge_interrupt());
            Seen::Signals(vector, pc.take_nmi(), pc.take_init())
        }
        Step::Receive(byte) => {
            let ready = pc.can_receive();
            pc.receive(now, byte);
            Seen::Value(ready.into())
        }
        Step::Key(key, down) => {
            pc.key(now, key, down);
            Seen::Value(pc.keyboard_indicators().into())
        }
        Step::PowerButton => {
            pc.press_power_button(now);
            Seen::Nothing
        }
    };
    pc.advance(now);
    seen
}

/// What holds of the answer to `step`.
fn check(step: Step, seen: &Seen) {
    match (step, seen) {
        (Step::Read(_, size), Seen::Value(value)) => assert_eq!(value & !size.mask(), 0, "{step:x?}"),
        (Step::ReadMemory(_, size), Seen::Memory(Some(value))) => {
            assert_eq!(value & !size.mask(), 0, "{step:x?}");
        }
        (Step::Write(_, size, _), Seen::Effects(Some(effects))) => {
            assert!(effects.output.as_slice().len() <= size.bytes().into(), "{step:x?}");
        }
        (Step::WriteMsr(..) | Step::ReadMsr(_), Seen::Msr(Err(fault))) => {
            assert_eq!(*fault, Fault::GeneralProtection, "{step:x?}");
        }
        _ => {}
    }
}

/// Deadlines lie in the future, and until then nothing happens to the CPU.
fn check_deadline(pc: &Pc, now: Instant) {
    let deadline = pc.next_deadline();
    assert!(deadline.is_none_or(|deadline| deadline > now || now.0 == u64::MAX), "{deadline:?} at {now:?}");
    let until = deadline.map_or(now + (1 << 50), |deadline| Instant(deadline.0.max((now + 1).0) - 1));
    let mut later = pc.clone();
    later.advance(until);
    assert!(!later.interrupt_pending() || pc.interrupt_pending(), "an interrupt before {deadline:?}");
    assert_eq!(later.has_signal(), pc.has_signal(), "a signal before {deadline:?}");
}

/// A board, and another one that is looked at more often: a guest must not see the difference.
pub fn run(u: &mut Unstructured) -> Result<()> {
    let mut pc = Pc::new(&PcConfig {
        layout: RamLayout::new(u64::from(u.arbitrary::<u32>()?) << u.int_in_range(0..=4)?).with_vga(),
        cpus: 1,
        wall_clock: if u.arbitrary()? { 1_700_000_000 } else { u.arbitrary()? },
        tsc: TscScale::from_khz(*u.choose(&[1_000_000, 1, 2_596_099, 1 << 30])?),
        physical_bits: *u.choose(&[40, 36, 52])?,
        debug: DebugPorts { exit: Some(0xf4), console: Some(0xe9) },
    });
    pc.attach(vec![Medium::new(&DISK)]);
    let mut eager = pc.clone();
    let mut now = Instant(if u.ratio(1, 16)? { u64::MAX - u.int_in_range(0..=1 << 32)? } else { 0 });
    while !u.is_empty() {
        let step = step(u, now)?;
        let pause = match step {
            Step::Wait(nanos) => nanos,
            Step::Sleep => pc.next_deadline().map_or(1 << 20, |deadline| deadline - now),
            _ => 300,
        };
        eager.advance(now + pause / 3);
        eager.advance(now + pause / 3 * 2);
        now = now + pause;
        crate::tell(&(now, step));
        let seen = apply(&mut pc, now, step);
        check(step, &seen);
        assert_eq!(seen, apply(&mut eager, now, step), "{step:x?} at {now:?}");
        assert_eq!(pc.interrupt_pending(), eager.interrupt_pending(), "after {step:x?} at {now:?}");
        assert_eq!(pc.next_deadline(), eager.next_deadline(), "after {step:x?} at {now:?}");
        check_deadline(&pc, now);
    }
    Ok(())
}
