//! Stage 3 of pxHV: the hypervisor proper.
//!
//! Stage 2 jumps to [`arch::x86_64::entry`] in long mode with virtualization switched on; from there the
//! road is `start` below: host set-up, then the virtual machines of the image.
//!
//! * [`arch`]: this processor: tables, interrupts, paging, and its virtualization extension
//! * [`host`]: this computer: memory, console, clock, power
//! * [`vm`]: a virtual machine: joins the virtual PC of the `machine` crate to the processor
//! * [`machines`]: all of them: which runs next, and what becomes of it
//! * [`operator`]: who sits at the console
#![no_std]
#![no_main]
#![warn(clippy::undocumented_unsafe_blocks)]

extern crate alloc;

mod arch;
mod host;
mod machines;
mod operator;
mod panic;
mod vm;

use arch::x86_64::{cpu, interrupts, paging, svm::Svm, tables, vmx::Vmx};
use bundle::boot_info::{self, BootInfo};
use bundle::manifest::Bundle;
use host::{clock, console, keyboard, log, memory, power};

/// Where the entry code continues, on stage 3's own stack.
extern "C" fn start(boot: &'static BootInfo) -> ! {
    console::init(boot.flags);
    log::init();
    if let Err(problem) = check_hand_over(boot) {
        panic!("the hand-over from stage 2 is broken: {problem}");
    }
    ::log::info!("stage 3, version {}", env!("CARGO_PKG_VERSION"));

    tables::load();
    memory::init(boot);
    log::keep();
    cpu::init();
    // The firmware's tables are found through page 0, which is not mapped any more after this.
    power::init();
    paging::init();
    keyboard::init();
    interrupts::init();
    clock::init();
    machine::emulate::init();
    run_all(boot);
    power::off();
}

/// Runs the VMs of the image until the last one has ended.
fn run_all(boot: &'static BootInfo) {
    let (bundle, manifest) = match Bundle::parse(memory::bundle(boot)) {
        Ok(parsed) => parsed,
        Err(error) => {
            ::log::error!("{error}; write the image again");
            return;
        }
    };
    log::set_level(manifest.log);
    ::log::debug!("TSC {} kHz, {} MiB free", clock::tsc().khz(), memory::free_bytes() >> 20);
    let result = match boot.vendor {
        boot_info::VENDOR_INTEL => machines::run_all::<Vmx>(boot, &bundle, &manifest),
        _ => machines::run_all::<Svm>(boot, &bundle, &manifest),
    };
    if let Err(error) = result {
        ::log::error!("{error}");
    }
}

fn check_hand_over(boot: &BootInfo) -> Result<(), &'static str> {
    if boot.magic != boot_info::MAGIC {
        return Err("BootInfo has the wrong magic number");
    }
    if boot.version != bundle::image::VERSION || boot.size as usize != size_of::<BootInfo>() {
        return Err("BootInfo has another version: build all stages from one source");
    }
    if ![boot_info::VENDOR_INTEL, boot_info::VENDOR_AMD].contains(&boot.vendor) {
        return Err("BootInfo names no known vendor");
    }
    Ok(())
}
