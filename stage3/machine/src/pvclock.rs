//! The paravirtual clock of KVM (Linux: Documentation/virt/kvm/x86/msr.rst), which every stock Linux
//! knows: the guest reads the TSC and scales it with two numbers that lie in its own memory.
//!
//! ```text
//! nanoseconds since power-on = system_time + scale(TSC − tsc_timestamp)
//! ```
//!
//! The rate of a guest's TSC never changes; the structure is written when the guest registers it, and
//! again when the guest sets its TSC.
//!
//! The guest chooses where the structures are. An address that is not RAM is accepted and nothing is
//! written, as the interface knows no error: the guest sees a structure that never changes.

use crate::memory::{Gpa, GuestMemory};
use crate::time::{Instant, TscScale, SECOND};
use zerocopy::{Immutable, IntoBytes};

/// MSR_KVM_WALL_CLOCK_NEW: writing an address asks for a [`WallClock`] there.
pub const MSR_WALL_CLOCK: u32 = 0x4b56_4d00;
/// MSR_KVM_SYSTEM_TIME_NEW: writing an address with [`ENABLE`] registers a [`VcpuTimeInfo`].
pub const MSR_SYSTEM_TIME: u32 = 0x4b56_4d01;

/// Bit 0 of [`MSR_SYSTEM_TIME`]: the clock is on.
const ENABLE: u64 = 1 << 0;
/// [`VcpuTimeInfo::flags`]: the clocks of all CPUs agree.
const TSC_STABLE: u8 = 1 << 0;

/// `struct pvclock_vcpu_time_info`.
#[derive(Clone, Copy, Debug, Default, IntoBytes, Immutable)]
#[repr(C)]
struct VcpuTimeInfo {
    /// Odd while the hypervisor changes the rest.
    version: u32,
    pad0: u32,
    tsc_timestamp: u64,
    system_time: u64,
    tsc_to_system_mul: u32,
    tsc_shift: i8,
    flags: u8,
    pad: [u8; 2],
}

/// `struct pvclock_wall_clock`: the time of day when system time was zero.
#[derive(Clone, Copy, Debug, Default, IntoBytes, Immutable)]
#[repr(C)]
struct WallClock {
    /// Odd while the hypervisor changes the rest.
    version: u32,
    sec: u32,
    nsec: u32,
}

const _: () = assert!(size_of::<VcpuTimeInfo>() == 32 && size_of::<WallClock>() == 12);

/// Time of day, as Unix counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WallTime {
    /// Seconds since 1970-01-01 00:00 UTC.
    pub seconds: u64,
    /// Nanoseconds of the second.
    pub nanos: u32,
}

/// The paravirtual clock of a virtual CPU.
#[derive(Clone, Debug)]
pub struct PvClock {
    scale: TscScale,
    power_on: WallTime,
    system_time: u64,
    wall_clock: u64,
    /// At this count of the guest's TSC …
    base_tsc: u64,
    /// … this many nanoseconds had passed since power-on.
    base_nanos: u64,
    /// Version of the structures, even between updates.
    version: u32,
}

impl PvClock {
    /// The clock of a CPU whose TSC is zero when the VM is powered on, and counts at `scale`.
    #[must_use]
    pub const fn new(scale: TscScale, power_on: WallTime) -> Self {
        Self { scale, power_on, system_time: 0, wall_clock: 0, base_tsc: 0, base_nanos: 0, version: 0 }
    }

    /// RDMSR; `None` if `index` is not of this clock.
    #[must_use]
    pub const fn read(&self, index: u32) -> Option<u64> {
        match index {
            MSR_SYSTEM_TIME => Some(self.system_time),
            MSR_WALL_CLOCK => Some(self.wall_clock),
            _ => None,
        }
    }

    /// WRMSR; `None` if `index` is not of this clock.
    pub fn write(&mut self, index: u32, value: u64, memory: &dyn GuestMemory) -> Option<()> {
        match index {
            MSR_SYSTEM_TIME => {
                self.system_time = value;
                self.publish(memory);
            }
            MSR_WALL_CLOCK => {
                self.wall_clock = value;
                self.publish_wall_clock(memory);
            }
            _ => return None,
        }
        Some(())
    }

    /// The guest sets its TSC from `old` to `new`; time goes on from where it was.
    pub fn tsc_written(&mut self, old: u64, new: u64, memory: &dyn GuestMemory) {
        self.base_nanos = self.nanos(old);
        self.base_tsc = new;
        self.publish(memory);
    }

    /// Nanoseconds since power-on when the guest's TSC is `tsc`, as a guest computes them.
    #[must_use]
    pub fn nanos(&self, tsc: u64) -> u64 {
        self.base_nanos.wrapping_add(self.scale.nanos(tsc.wrapping_sub(self.base_tsc)))
    }

    /// Nanoseconds since 1970-01-01 00:00 UTC, by the host's clock at power-on.
    #[must_use]
    pub const fn unix_nanos(&self, now: Instant) -> u64 {
        let WallTime { seconds, nanos } = self.power_on;
        seconds.wrapping_mul(SECOND).wrapping_add(nanos as u64).wrapping_add(now.0)
    }

    fn publish(&mut self, memory: &dyn GuestMemory) {
        if self.system_time & ENABLE == 0 {
            return;
        }
        let version = self.next_version();
        let info = VcpuTimeInfo {
            version,
            tsc_timestamp: self.base_tsc,
            system_time: self.base_nanos,
            tsc_to_system_mul: self.scale.multiplier,
            tsc_shift: self.scale.shift,
            flags: TSC_STABLE,
            ..VcpuTimeInfo::default()
        };
        write_versioned(memory, Gpa(self.system_time & !ENABLE), version, info.as_bytes());
    }

    fn publish_wall_clock(&mut self, memory: &dyn GuestMemory) {
        let version = self.next_version();
        // 32 bits of seconds last until 2106.
        let clock = WallClock { version, sec: self.power_on.seconds as u32, nsec: self.power_on.nanos };
        write_versioned(memory, Gpa(self.wall_clock), version, clock.as_bytes());
    }

    const fn next_version(&mut self) -> u32 {
        self.version = self.version.wrapping_add(2);
        self.version
    }
}

/// Writes a structure that starts with its version so that another CPU that reads it meanwhile
/// notices: version odd, contents, version even.
fn write_versioned(memory: &dyn GuestMemory, gpa: Gpa, version: u32, structure: &[u8]) {
    let (_, contents) = structure.split_at(size_of_val(&version));
    let Some(contents_gpa) = gpa.0.checked_add(size_of_val(&version) as u64).map(Gpa) else { return };
    // The contents first of all tell whether the place is RAM. See the module's text for errors.
    let _ = (|| {
        memory.read(gpa, &mut [0; size_of::<VcpuTimeInfo>()][..structure.len()])?;
        memory.write(gpa, &(version.wrapping_sub(1)).to_le_bytes())?;
        memory.write(contents_gpa, contents)?;
        memory.write(gpa, &version.to_le_bytes())
    })();
}

#[cfg(test)]
mod tests;
