//! The end of the hypervisor: a bug in it, said as clearly as possible.

use crate::host::console;
use core::fmt::Write;
use core::panic::PanicInfo;

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    x86_64::instructions::interrupts::disable();
    let mut out = console::emergency();
    let _ = write!(out, "\r\npxHV panic: {}", info.message());
    if let Some(place) = info.location() {
        let _ = write!(out, "\r\npxHV panic: at {}:{}", place.file(), place.line());
    }
    let _ = write!(out, "\r\npxHV panic: this is a bug in pxHV; the machine is halted\r\n");
    out.flush();
    halt()
}

/// Stops this CPU for good.
pub fn halt() -> ! {
    loop {
        x86_64::instructions::interrupts::disable();
        x86_64::instructions::hlt();
    }
}
