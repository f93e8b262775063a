//! The power switch.

use super::acpi;
use super::{clock, console};
use crate::arch::x86_64::cpu;
use crate::panic;
use architecture::acpi::SoftOff;
use core::fmt::Write;
use machine::time::SECOND;
use spin::Once;
use x86_64::instructions::port::Port;

/// PM1 control: the system is in ACPI mode.
const SCI_ENABLED: u16 = 1 << 0;
/// PM1 control: position of SLP_TYP.
const SLEEP_TYPE_SHIFT: u32 = 10;
/// PM1 control: all bits of SLP_TYP.
const SLEEP_TYPE: u16 = 7 << SLEEP_TYPE_SHIFT;
/// PM1 control: enter the sleeping state.
const SLEEP_ENABLE: u16 = 1 << 13;
/// Reads of PM1 control that the firmware gets for switching to ACPI mode.
const PATIENCE: usize = 1_000_000;

/// Nanoseconds that the power supply gets for switching off.
const POWER_FAILS: u64 = 2 * SECOND;

static SOFT_OFF: Once<Option<SoftOff>> = Once::new();

/// Finds out how this computer is switched off, before guests run.
pub fn init() {
    SOFT_OFF.call_once(acpi::soft_off);
}

/// Switches the computer off; where that can't be done, says so and stops.
pub fn off() -> ! {
    say("power off");
    if let Some(Some(soft_off)) = SOFT_OFF.get() {
        enter_s5(soft_off);
        // The power goes off a moment after the write.
        let patience = clock::tsc().ticks(POWER_FAILS);
        let start = cpu::tsc();
        while cpu::tsc() - start < patience {}
    }
    say("it is now safe to turn off your computer");
    panic::halt()
}

/// The last words are no matter of the log level.
fn say(words: &str) {
    let mut console = console::lock();
    console.start_line();
    // Writing to the console can't fail.
    let _ = write!(console, "pxHV: {words}\r\n");
    console.flush();
}

fn enter_s5(soft_off: &SoftOff) {
    let mut pm1a = Port::<u16>::new(soft_off.pm1a_control);
    // SAFETY: these are the power management ports that the firmware's ACPI tables name, used in the order
    // that the ACPI specification gives; no guest runs any more.
    unsafe {
        if let Some((port, value)) = soft_off.enable.filter(|_| pm1a.read() & SCI_ENABLED == 0) {
            Port::new(port).write(value);
            let _ = (0..PATIENCE).find(|_| pm1a.read() & SCI_ENABLED != 0);
        }
        let registers = [Some(soft_off.pm1a_control), soft_off.pm1b_control];
        for (port, sleep_type) in registers.into_iter().zip(soft_off.sleep_type) {
            let Some(mut register) = port.map(Port::<u16>::new) else { continue };
            let value = register.read() & !SLEEP_TYPE | u16::from(sleep_type) << SLEEP_TYPE_SHIFT;
            register.write(value | SLEEP_ENABLE);
        }
    }
}
