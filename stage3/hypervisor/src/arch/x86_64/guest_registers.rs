//! The registers that stay a guest's while the hypervisor handles its exits.
//!
//! The hypervisor is built without floating-point and vector instructions, uses no SYSCALL and no SWAPGS, and asks for no debug
//! exceptions. So all that these govern stays in the processor from one exit to the next entry, and is saved and
//! loaded here only when the processor turns to another virtual CPU: x87, vector and further extended state, XCR0,
//! CR2, DR0 to DR3, DR6, and the MSRs that the guest writes without an exit and that VM entry and exit leave alone.

use super::cpu::{self, DR6_RESET};
use super::msr;
use alloc::alloc::{alloc_zeroed, dealloc, handle_alloc_error};
use core::alloc::Layout;
use core::arch::asm;
use core::arch::x86_64::__cpuid_count;
use core::ptr::NonNull;
use machine::msr::TSC_AUX;
use raw_cpuid::CpuId;
use x86_64::registers::control::{Cr4, Cr4Flags};

/// XCR0 at reset: x87 only.
const XCR0_RESET: u64 = 1;
/// STAR, LSTAR, CSTAR, SFMASK and KERNEL_GS_BASE, which all 64-bit processors have, and TSC_AUX, where there is
/// RDTSCP.
const MSRS: [u32; 6] = [0xc000_0081, 0xc000_0082, 0xc000_0083, 0xc000_0084, 0xc000_0102, TSC_AUX];
/// The legacy area of XSAVE and its header; FXSAVE fills the former.
const LEGACY_AND_HEADER: usize = 512 + 64;
/// The alignment that XSAVE wants.
const ALIGNMENT: usize = 64;
/// Offset of the x87 control word in the legacy area, and its value after FNINIT.
const FCW: (usize, u16) = (0, 0x37f);
/// Offset of MXCSR, and its value at reset: all exceptions masked.
const MXCSR: (usize, u32) = (24, 0x1f80);
/// CPUID leaf of XSAVE.
const XSAVE_LEAF: u32 = 0xd;

/// One virtual CPU's.
pub struct GuestRegisters {
    extended: ExtendedState,
    xcr0: u64,
    cr2: u64,
    /// DR0 to DR3.
    breakpoints: [u64; 4],
    dr6: u64,
    msrs: [u64; MSRS.len()],
}

impl GuestRegisters {
    /// Those of a CPU that was just switched on.
    pub fn at_reset() -> Self {
        Self {
            extended: ExtendedState::at_reset(),
            xcr0: XCR0_RESET,
            cr2: 0,
            breakpoints: [0; 4],
            dr6: DR6_RESET,
            msrs: [0; MSRS.len()],
        }
    }

    /// The state of [`GuestRegisters::at_reset`].
    pub fn reset(&mut self) {
        *self = Self::at_reset();
    }

    /// Saves what the processor has.
    pub fn save(&mut self) {
        if self.extended.is_xsave() {
            self.xcr0 = cpu::xcr0();
        }
        self.extended.save();
        self.breakpoints = breakpoint_addresses();
        // SAFETY: reading these registers changes nothing.
        unsafe {
            asm!("mov {}, cr2", out(reg) self.cr2, options(nomem, nostack, preserves_flags));
            asm!("mov {}, dr6", out(reg) self.dr6, options(nomem, nostack, preserves_flags));
        }
        for (value, msr) in self.msrs.iter_mut().zip(msrs()) {
            // SAFETY: this processor has it, and reading it changes nothing.
            *value = unsafe { msr::read(msr) };
        }
    }

    /// Makes them the processor's.
    pub fn load(&self) {
        self.extended.load();
        let [dr0, dr1, dr2, dr3] = self.breakpoints;
        // SAFETY: the hypervisor uses none of these registers but CR2, after a page fault of its own, which sets it. Every value
        // was read from the same register, or is its value at reset.
        unsafe {
            if self.extended.is_xsave() {
                cpu::set_xcr0(self.xcr0);
            }
            asm!("mov cr2, {}", in(reg) self.cr2, options(nomem, nostack, preserves_flags));
            asm!("mov dr0, {}", "mov dr1, {}", "mov dr2, {}", "mov dr3, {}",
                in(reg) dr0, in(reg) dr1, in(reg) dr2, in(reg) dr3, options(nomem, nostack, preserves_flags));
            asm!("mov dr6, {}", in(reg) self.dr6, options(nomem, nostack, preserves_flags));
        }
        for (value, msr) in self.msrs.iter().zip(msrs()) {
            // SAFETY: this processor has it, and took the value before; the hypervisor uses none of them.
            unsafe { msr::write(msr, *value) };
        }
    }
}

/// DR0 to DR3 of the virtual CPU that the processor turned to last.
pub fn breakpoint_addresses() -> [u64; 4] {
    let (dr0, dr1, dr2, dr3);
    // SAFETY: reading these registers changes nothing.
    unsafe {
        asm!(
            "mov {}, dr0",
            "mov {}, dr1",
            "mov {}, dr2",
            "mov {}, dr3",
            out(reg) dr0,
            out(reg) dr1,
            out(reg) dr2,
            out(reg) dr3,
            options(nomem, nostack, preserves_flags)
        );
    }
    [dr0, dr1, dr2, dr3]
}

/// Those of [`MSRS`] that this processor has.
fn msrs() -> impl Iterator<Item = u32> {
    let id = CpuId::new().get_extended_processor_and_feature_identifiers();
    let has_tsc_aux = id.is_some_and(|id| id.has_rdtscp());
    MSRS.into_iter().filter(move |msr| *msr != TSC_AUX || has_tsc_aux)
}

/// An area in memory for x87, vector and further extended state, in the standard format of XSAVE; of FXSAVE on
/// processors without it (Intel SDM, "Managing State Using the XSAVE Feature Set").
struct ExtendedState {
    area: NonNull<u8>,
    layout: Layout,
    /// What XCR0 can enable; zero without XSAVE.
    components: u64,
}

impl ExtendedState {
    fn at_reset() -> Self {
        let has_xsave = Cr4::read().contains(Cr4Flags::OSXSAVE);
        let supported = __cpuid_count(XSAVE_LEAF, 0);
        let components =
            if has_xsave { u64::from(supported.edx) << 32 | u64::from(supported.eax) } else { 0 };
        // ECX: the size of an area for everything that XCR0 can enable.
        let bytes = if has_xsave { LEGACY_AND_HEADER.max(supported.ecx as usize) } else { LEGACY_AND_HEADER };
        let layout = Layout::from_size_align(bytes, ALIGNMENT).expect("an XSAVE area is a few KiB long");
        // SAFETY: the layout is not empty.
        let Some(area) = NonNull::new(unsafe { alloc_zeroed(layout) }) else { handle_alloc_error(layout) };
        // SAFETY: both offsets are in the legacy area. XSTATE_BV, zero, stands for the initial state of all components; XRSTOR
        // reads MXCSR all the same.
        unsafe {
            area.add(FCW.0).cast::<u16>().write(FCW.1);
            area.add(MXCSR.0).cast::<u32>().write(MXCSR.1);
        }
        Self { area, layout, components }
    }

    /// Whether it is XSAVE's, and there is an XCR0.
    fn is_xsave(&self) -> bool {
        self.components != 0
    }

    /// Saves all that the processor has, enabled or not: a guest may switch a component off and on again.
    fn save(&mut self) {
        let area = self.area.as_ptr();
        // SAFETY: the area is aligned and as large as CPUID says. XCR0 was the guest's, and it gets it back when it runs.
        unsafe {
            if self.is_xsave() {
                cpu::set_xcr0(self.components);
                asm!("xsave64 [{}]", in(reg) area, in("eax") u32::MAX, in("edx") u32::MAX, options(nostack));
            } else {
                asm!("fxsave64 [{}]", in(reg) area, options(nostack));
            }
        }
    }

    /// Gives the processor what was saved.
    fn load(&self) {
        let area = self.area.as_ptr();
        // SAFETY: the area holds what the processor stored there, or the state at reset; the hypervisor uses none of
        // these registers.
        unsafe {
            // AMD's processors restore the x87 instruction and data pointers only with an exception that is pending: those
            // of another guest go first.
            asm!("fninit", options(nostack));
            if self.is_xsave() {
                cpu::set_xcr0(self.components);
                asm!("xrstor64 [{}]", in(reg) area, in("eax") u32::MAX, in("edx") u32::MAX, options(nostack, readonly));
            } else {
                asm!("fxrstor64 [{}]", in(reg) area, options(nostack, readonly));
            }
        }
    }
}

impl Drop for ExtendedState {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(self.area.as_ptr(), self.layout) };
    }
}
