//! The host's clock: the time-stamp counter, and its rate.

use crate::arch::x86_64::{cpu, interrupts, timer};
use core::sync::atomic::{AtomicU64, Ordering};
use machine::time::TscScale;
use spin::Once;
use x86_64::instructions::port::{Port, PortWriteOnly};

/// Rate of the 8254's counters in Hz.
const PIT_HZ: u64 = 1_193_182;
/// PIT ticks of one measurement at least: 10 ms.
const SAMPLE_TICKS: u16 = 11_932;
/// Measurements; the lowest rate counts: if the processor slept until the PIT came round to the same count again, it
/// is far too high.
const SAMPLES: usize = 5;
/// Looks at all counters; that counts which was least disturbed.
const LOOKS: usize = 3;

/// PIT command: channel 0, low byte then high byte, mode 0 (output goes high at the end, the count goes on), binary.
const CHANNEL_0_MODE_0: u8 = 0b0011_0000;
/// PIT command: latch count and status of channel 0 ("Read-Back Command" in the 8254's data sheet).
const READ_BACK_0: u8 = 0b1100_0010;
/// Status: the output is high.
const OUTPUT: u8 = 1 << 7;
/// Status: the count that was written does not run yet.
const NULL_COUNT: u8 = 1 << 6;
/// The command port, and that of channel 0.
const COMMAND: u16 = 0x43;
const CHANNEL_0: u16 = 0x40;

static TSC: Once<TscScale> = Once::new();
static STARTED: AtomicU64 = AtomicU64::new(0);

/// Measures the rates of the TSC and of the local APIC's timer against the PIT.
pub fn init() {
    let samples = (0..SAMPLES).map(|_| Sample::take());
    let sample = samples.min_by_key(Sample::tsc_khz).expect("there are samples");
    let measured = sample.tsc_khz();
    let khz = cpu::nominal_tsc_khz()
        // The CPU's own word is exact where it is true; emulators report the model's rate instead.
        .filter(|nominal| nominal.abs_diff(measured) < measured / 100)
        .unwrap_or(measured);
    TSC.call_once(|| TscScale::from_khz(khz));
    timer::init(sample.timer, sample.tsc);
    STARTED.store(cpu::tsc(), Ordering::Relaxed);
}

/// The TSC when the clock was initialised.
pub fn started() -> u64 {
    STARTED.load(Ordering::Relaxed)
}

/// Ticks of all three counters in the same time.
struct Sample {
    pit: u64,
    tsc: u64,
    timer: u64,
}

impl Sample {
    /// Sleeps from one look at the counters to another. It does not matter when exactly the PIT's interrupt, by which
    /// a BIOS counts its own ticks, ends that.
    fn take() -> Self {
        timer::start_free_run();
        let start = loop {
            start_pit();
            let look = Look::closest();
            // Else it has come to its end already: something kept the processor for so long.
            if look.status & OUTPUT == 0 {
                break look;
            }
        };
        interrupts::accept_pit(true);
        while Look::now().status & OUTPUT == 0 {
            interrupts::wait();
        }
        interrupts::accept_pit(false);
        let end = Look::closest();
        timer::stop_free_run();
        Self {
            pit: start.pit.wrapping_sub(end.pit).into(),
            tsc: end.tsc - start.tsc,
            timer: (start.timer - end.timer).into(),
        }
    }

    fn tsc_khz(&self) -> u64 {
        self.tsc * PIT_HZ / self.pit.max(1) / 1000
    }
}

/// Lets the PIT count down from [`SAMPLE_TICKS`].
fn start_pit() {
    let [low, high] = SAMPLE_TICKS.to_le_bytes();
    let mut counter = PortWriteOnly::<u8>::new(CHANNEL_0);
    // SAFETY: the firmware, whose tick this was, does not run any more; the hypervisor owns the PIT.
    unsafe {
        PortWriteOnly::<u8>::new(COMMAND).write(CHANNEL_0_MODE_0);
        counter.write(low);
        counter.write(high);
    }
    while Look::now().status & NULL_COUNT != 0 {}
}

/// All counters at the same time. PIT and timer count down.
struct Look {
    status: u8,
    pit: u16,
    tsc: u64,
    timer: u32,
    /// TSC ticks that it took.
    took: u64,
}

impl Look {
    fn now() -> Self {
        let mut counter = Port::<u8>::new(CHANNEL_0);
        let tsc = cpu::tsc();
        // SAFETY: the PIT is the hypervisor's, and its counters do not mind.
        unsafe { PortWriteOnly::<u8>::new(COMMAND).write(READ_BACK_0) };
        let timer = timer::free_run();
        let took = cpu::tsc() - tsc;
        // SAFETY: what was latched is read: the status, then the count's two bytes.
        let [status, low, high] = unsafe { [counter.read(), counter.read(), counter.read()] };
        Self { status, pit: u16::from_le_bytes([low, high]), tsc, timer, took }
    }

    fn closest() -> Self {
        let looks = (0..LOOKS).map(|_| Self::now());
        looks.min_by_key(|look| look.took).expect("there are looks")
    }
}

/// The scale of the host's TSC.
pub fn tsc() -> &'static TscScale {
    TSC.get().expect("the clock is initialised at boot")
}
