use super::*;
use crate::memory::test_ram::TestRam;
use crate::memory::{NotRam, RamLayout};
use core::cell::RefCell;
use proptest::prelude::*;
use std::vec::Vec;

const POWER_ON: WallTime = WallTime { seconds: 1_767_225_600, nanos: 250 };

fn clock(khz: u64) -> PvClock {
    PvClock::new(TscScale::from_khz(khz), POWER_ON)
}

/// pvclock_clocksource_read() of Linux, on the structure in `ram`.
fn linux_reads(ram: &TestRam, gpa: u64, tsc: u64) -> u64 {
    let info = ram.peek(gpa, 32);
    let quad = |at: usize| u64::from_le_bytes(info[at..at + 8].try_into().unwrap());
    let multiplier = u32::from_le_bytes(info[24..28].try_into().unwrap());
    let shift = i8::from_le_bytes([info[28]]);
    assert_eq!(info[0] % 2, 0, "version");
    assert_eq!(info[29], 1, "TSC_STABLE");
    let mut delta = tsc.wrapping_sub(quad(8));
    delta = if shift < 0 { delta >> -shift } else { delta << shift };
    quad(16) + ((u128::from(delta) * u128::from(multiplier)) >> 32) as u64
}

proptest! {
    #[test]
    fn linux_reads_the_time_of_the_devices(khz in 1000_u64..8_000_000, tsc in 0_u64..1 << 50) {
        let ram = TestRam::new(0x1_0000);
        let mut clock = clock(khz);
        clock.write(MSR_SYSTEM_TIME, 0x8000 | ENABLE, &ram);
        prop_assert_eq!(linux_reads(&ram, 0x8000, tsc), TscScale::from_khz(khz).nanos(tsc));
    }

    #[test]
    fn time_goes_on_when_the_guest_sets_its_tsc(old in 0_u64..1 << 40, new in any::<u64>(), later in 0_u64..1 << 40) {
        let ram = TestRam::new(0x1_0000);
        let mut clock = clock(1_000_000);
        clock.write(MSR_SYSTEM_TIME, 0x8000 | ENABLE, &ram);
        clock.tsc_written(old, new, &ram);
        let tsc = new.wrapping_add(later);
        let time = linux_reads(&ram, 0x8000, tsc);
        prop_assert!(time.abs_diff(old + later) <= 2, "{} instead of {}", time, old + later);
        prop_assert_eq!(time, clock.nanos(tsc));
    }

    #[test]
    fn no_address_does_harm(gpa in prop_oneof![any::<u64>(), u64::MAX - 40..], index in MSR_WALL_CLOCK..=MSR_SYSTEM_TIME) {
        let ram = TestRam::new(0x1_0000);
        let mut clock = clock(1_000_000);
        prop_assert_eq!(clock.write(index, gpa, &ram), Some(()));
        prop_assert_eq!(clock.read(index), Some(gpa));
    }
}

#[test]
fn nothing_is_written_until_the_clock_is_enabled() {
    let ram = TestRam::new(0x1_0000);
    let mut clock = clock(1_000_000);
    clock.tsc_written(0, 1, &ram);
    clock.write(MSR_SYSTEM_TIME, 0x8000, &ram);
    clock.tsc_written(1, 2, &ram);
    assert!(ram.peek(0, 0x1_0000).iter().all(|&byte| byte == 0));
}

#[test]
fn a_structure_that_ends_outside_of_ram_is_not_begun() {
    let ram = TestRam::new(0x1_0000);
    let mut clock = clock(1_000_000);
    clock.write(MSR_SYSTEM_TIME, 0xfff0 | ENABLE, &ram);
    clock.write(MSR_WALL_CLOCK, 0xfff8, &ram);
    assert_eq!(ram.peek(0xff00, 0x100), [0; 0x100]);
}

#[test]
fn the_wall_clock_is_the_time_of_power_on() {
    let ram = TestRam::new(0x1_0000);
    clock(1_000_000).write(MSR_WALL_CLOCK, 0x4000, &ram);
    let words: Vec<u32> =
        ram.peek(0x4000, 12).chunks(4).map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap())).collect();
    assert_eq!(words, [2, 1_767_225_600, 250]);
}

#[test]
fn versions_grow() {
    let ram = TestRam::new(0x1_0000);
    let mut clock = clock(1_000_000);
    for version in [2, 4, 6] {
        clock.write(MSR_SYSTEM_TIME, 0x8000 | ENABLE, &ram);
        assert_eq!(ram.peek(0x8000, 4), [version, 0, 0, 0]);
    }
    assert_eq!(clock.read(0x11), None);
    assert_eq!(clock.write(0x11, 0, &ram), None);
}

/// RAM that keeps a list of what is written.
struct Recorder(TestRam, RefCell<Vec<(u64, Vec<u8>)>>);

impl GuestMemory for Recorder {
    fn layout(&self) -> RamLayout {
        self.0.layout()
    }
    fn read(&self, gpa: Gpa, buffer: &mut [u8]) -> Result<(), NotRam> {
        self.0.read(gpa, buffer)
    }
    fn write(&self, gpa: Gpa, bytes: &[u8]) -> Result<(), NotRam> {
        self.1.borrow_mut().push((gpa.0, bytes.to_vec()));
        self.0.write(gpa, bytes)
    }
}

#[test]
fn the_version_is_odd_while_the_rest_changes() {
    let ram = Recorder(TestRam::new(0x1_0000), RefCell::default());
    clock(1_000_000).write(MSR_WALL_CLOCK, 0x4000, &ram);
    let writes: Vec<(u64, usize, u8)> =
        ram.1.borrow().iter().map(|(gpa, bytes)| (*gpa, bytes.len(), bytes[0])).collect();
    assert_eq!(writes, [(0x4000, 4, 1), (0x4004, 8, 1_767_225_600_u32 as u8), (0x4000, 4, 2)]);
}
