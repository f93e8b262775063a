//! The host's clock: the time-stamp counter, and its rate.

use crate::arch::x86_64::{cpu, timer};
use core::sync::atomic::{AtomicU64, Ordering};
use machine::time::TscScale;
use spin::Once;
use x86_64::instructions::port::{Port, PortWriteOnly};

/// Rate of the 8254's counters in Hz.
const PIT_HZ: u64 = 1_193_182;
/// PIT ticks of one measurement: 10 ms.
const SAMPLE_TICKS: u16 = 11_932;
/// Measurements; the shortest counts, since whatever disturbs one makes it longer.
const SAMPLES: usize = 5;
/// PIT command: channel 2, low byte then high byte, mode 0 (output goes high at the end), binary.
const PIT_CHANNEL_2_MODE_0: u8 = 0b1011_0000;
/// Port 61h: gate of PIT channel 2.
const GATE_2: u8 = 1 << 0;
/// Port 61h: the speaker.
const SPEAKER: u8 = 1 << 1;
/// Port 61h: output of PIT channel 2.
const OUT_2: u8 = 1 << 5;

static TSC: Once<TscScale> = Once::new();
static STARTED: AtomicU64 = AtomicU64::new(0);

/// Measures the rates of the TSC and of the local APIC's timer against the PIT.
pub fn init() {
    let (tsc_ticks, timer_ticks) = (0..SAMPLES).map(|_| sample()).min().expect("there are samples");
    let measured = tsc_ticks * PIT_HZ / u64::from(SAMPLE_TICKS) / 1000;
    let khz = cpu::nominal_tsc_khz()
        // The CPU's own word is exact where it is true; emulators report the model's rate instead.
        .filter(|nominal| nominal.abs_diff(measured) < measured / 100)
        .unwrap_or(measured);
    TSC.call_once(|| TscScale::from_khz(khz));
    timer::init(timer_ticks, tsc_ticks);
    STARTED.store(cpu::tsc(), Ordering::Relaxed);
}

/// The TSC when the clock was initialised.
pub fn started() -> u64 {
    STARTED.load(Ordering::Relaxed)
}

/// TSC ticks and local-APIC timer ticks in [`SAMPLE_TICKS`] of the PIT.
fn sample() -> (u64, u64) {
    let mut control = Port::<u8>::new(0x61);
    let mut command = PortWriteOnly::<u8>::new(0x43);
    let mut counter = PortWriteOnly::<u8>::new(0x42);
    let [low, high] = SAMPLE_TICKS.to_le_bytes();
    // SAFETY: PIT channel 2 drives the speaker, which is off, and nothing else; the hypervisor owns it.
    unsafe {
        let before = control.read() & !(GATE_2 | SPEAKER);
        control.write(before | GATE_2);
        command.write(PIT_CHANNEL_2_MODE_0);
        counter.write(low);
        timer::start_free_run();
        counter.write(high);
        let start = cpu::tsc();
        while control.read() & OUT_2 == 0 {}
        let ticks = cpu::tsc() - start;
        let timer_ticks = timer::free_run_ticks();
        control.write(before);
        (ticks, timer_ticks)
    }
}

/// The scale of the host's TSC.
pub fn tsc() -> &'static TscScale {
    TSC.get().expect("the clock is initialised at boot")
}
