//! The host's one deadline: a point on the TSC at which the local APIC's timer interrupts.

use super::{apic, cpu, interrupts};
use core::sync::atomic::{AtomicU64, Ordering};

/// Ticks of the APIC timer in a TSC tick, times 2^32.
static RATIO: AtomicU64 = AtomicU64::new(0);
/// The TSC value for which the timer runs; `u64::MAX` if it doesn't.
static ARMED: AtomicU64 = AtomicU64::new(u64::MAX);

/// Sets the timer's rate, from the ticks of both in the same time.
pub fn init(timer_ticks: u64, tsc_ticks: u64) {
    let ratio = (u128::from(timer_ticks.max(1)) << 32) / u128::from(tsc_ticks.max(1));
    RATIO.store(u64::try_from(ratio).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// Makes the timer run down without an interrupt, to be measured.
pub fn start_free_run() {
    apic::start_timer(None, u32::MAX);
}

/// Where it is.
pub fn free_run() -> u32 {
    apic::timer_remaining()
}

/// Stops it.
pub fn stop_free_run() {
    apic::start_timer(None, 0);
}

/// Lets the timer interrupt when the TSC reaches `deadline`, or shortly before; `u64::MAX` is never.
pub fn arm(deadline: u64) {
    if ARMED.swap(deadline, Ordering::Relaxed) == deadline {
        return;
    }
    if deadline == u64::MAX {
        apic::start_timer(Some(interrupts::TIMER), 0);
        return;
    }
    let distance = deadline.saturating_sub(cpu::tsc());
    let ticks = (u128::from(distance) * u128::from(RATIO.load(Ordering::Relaxed))) >> 32;
    apic::start_timer(Some(interrupts::TIMER), u32::try_from(ticks).unwrap_or(u32::MAX).max(1));
}

/// The timer's interrupt came: it no longer runs.
pub fn expired() {
    ARMED.store(u64::MAX, Ordering::Relaxed);
}
