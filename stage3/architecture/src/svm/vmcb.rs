//! The virtual machine control block (AMD APM volume 2, "VMCB Layout"), field by field.

#![allow(missing_docs, reason = "the fields are the manual's names")]

use core::mem::offset_of;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A segment register in the save area. The attributes are packed: bits 7:0 are byte 5 of a
/// descriptor (type, S, DPL, P), bits 11:8 the upper half of byte 6 (AVL, L, D/B, G).
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct VmcbSegment {
    pub selector: u16,
    pub attributes: u16,
    pub limit: u32,
    pub base: u64,
}

/// The control block: control area, and from 400h on the guest's state.
#[derive(FromBytes, Immutable, KnownLayout)]
#[repr(C, align(4096))]
pub struct Vmcb {
    pub intercept_cr: u32,
    pub intercept_dr: u32,
    pub intercept_exceptions: u32,
    /// See [`intercept`].
    pub intercept_3: u32,
    /// See [`intercept`].
    pub intercept_4: u32,
    pub intercept_5: u32,
    reserved_18: [u8; 0x28],
    pub iopm_base: u64,
    pub msrpm_base: u64,
    pub tsc_offset: u64,
    pub asid: u32,
    pub tlb_control: u32,
    /// See [`virtual_interrupt`].
    pub virtual_interrupt: u64,
    /// Bit 0: the guest is in an interrupt shadow.
    pub interrupt_shadow: u64,
    pub exit_code: u64,
    pub exit_info_1: u64,
    pub exit_info_2: u64,
    pub exit_interrupt_info: u64,
    /// See [`NP_ENABLE`].
    pub nested_control: u64,
    reserved_98: [u8; 0x10],
    /// See [`event`].
    pub event_injection: u64,
    pub nested_cr3: u64,
    pub virtualization_extensions: u64,
    pub clean: u64,
    pub next_rip: u64,
    pub instruction_bytes: [u8; 16],
    pub avic_backing_page: u64,
    reserved_e8: [u8; 8],
    pub avic_logical_table: u64,
    pub avic_physical_table: u64,
    reserved_100: [u8; 0x300],

    pub es: VmcbSegment,
    pub cs: VmcbSegment,
    pub ss: VmcbSegment,
    pub ds: VmcbSegment,
    pub fs: VmcbSegment,
    pub gs: VmcbSegment,
    pub gdtr: VmcbSegment,
    pub ldtr: VmcbSegment,
    pub idtr: VmcbSegment,
    pub tr: VmcbSegment,
    reserved_4a0: [u8; 0x2b],
    pub cpl: u8,
    reserved_4cc: [u8; 4],
    pub efer: u64,
    reserved_4d8: [u8; 0x70],
    pub cr4: u64,
    pub cr3: u64,
    pub cr0: u64,
    pub dr7: u64,
    pub dr6: u64,
    pub rflags: u64,
    pub rip: u64,
    reserved_580: [u8; 0x58],
    pub rsp: u64,
    pub s_cet: u64,
    pub ssp: u64,
    pub isst_addr: u64,
    pub rax: u64,
    pub star: u64,
    pub lstar: u64,
    pub cstar: u64,
    pub sfmask: u64,
    pub kernel_gs_base: u64,
    pub sysenter_cs: u64,
    pub sysenter_esp: u64,
    pub sysenter_eip: u64,
    pub cr2: u64,
    reserved_648: [u8; 0x20],
    pub g_pat: u64,
    reserved_670: [u8; 0x990],
}

const _: () = {
    assert!(size_of::<Vmcb>() == 4096);
    assert!(offset_of!(Vmcb, intercept_3) == 0x00c);
    assert!(offset_of!(Vmcb, iopm_base) == 0x040);
    assert!(offset_of!(Vmcb, asid) == 0x058);
    assert!(offset_of!(Vmcb, virtual_interrupt) == 0x060);
    assert!(offset_of!(Vmcb, exit_code) == 0x070);
    assert!(offset_of!(Vmcb, nested_control) == 0x090);
    assert!(offset_of!(Vmcb, event_injection) == 0x0a8);
    assert!(offset_of!(Vmcb, nested_cr3) == 0x0b0);
    assert!(offset_of!(Vmcb, next_rip) == 0x0c8);
    assert!(offset_of!(Vmcb, avic_backing_page) == 0x0e0);
    assert!(offset_of!(Vmcb, avic_physical_table) == 0x0f8);
    assert!(offset_of!(Vmcb, es) == 0x400);
    assert!(offset_of!(Vmcb, tr) == 0x490);
    assert!(offset_of!(Vmcb, cpl) == 0x4cb);
    assert!(offset_of!(Vmcb, efer) == 0x4d0);
    assert!(offset_of!(Vmcb, cr4) == 0x548);
    assert!(offset_of!(Vmcb, dr6) == 0x568);
    assert!(offset_of!(Vmcb, rip) == 0x578);
    assert!(offset_of!(Vmcb, rsp) == 0x5d8);
    assert!(offset_of!(Vmcb, rax) == 0x5f8);
    assert!(offset_of!(Vmcb, cr2) == 0x640);
    assert!(offset_of!(Vmcb, g_pat) == 0x668);
};

/// Bits of [`Vmcb::intercept_3`] and [`Vmcb::intercept_4`].
pub mod intercept {
    /// Word 3.
    pub const INTR: u32 = 1 << 0;
    pub const NMI: u32 = 1 << 1;
    pub const SMI: u32 = 1 << 2;
    pub const INIT: u32 = 1 << 3;
    pub const VINTR: u32 = 1 << 4;
    /// Writes to CR0 that change other bits than TS and MP.
    pub const CR0_SEL_WRITE: u32 = 1 << 5;
    pub const RDPMC: u32 = 1 << 15;
    pub const CPUID: u32 = 1 << 18;
    pub const IRET: u32 = 1 << 20;
    pub const RSM: u32 = 1 << 19;
    pub const INVD: u32 = 1 << 22;
    pub const HLT: u32 = 1 << 24;
    pub const INVLPGA: u32 = 1 << 26;
    pub const IOIO: u32 = 1 << 27;
    pub const MSR: u32 = 1 << 28;
    pub const TASK_SWITCH: u32 = 1 << 29;
    pub const FERR_FREEZE: u32 = 1 << 30;
    pub const SHUTDOWN: u32 = 1 << 31;
    /// Word 4: VMRUN must be intercepted, or VMRUN of the block fails.
    pub const VMRUN: u32 = 1 << 0;
    pub const VMMCALL: u32 = 1 << 1;
    pub const VMLOAD: u32 = 1 << 2;
    pub const VMSAVE: u32 = 1 << 3;
    pub const STGI: u32 = 1 << 4;
    pub const CLGI: u32 = 1 << 5;
    pub const SKINIT: u32 = 1 << 6;
    pub const WBINVD: u32 = 1 << 9;
    pub const MONITOR: u32 = 1 << 10;
    pub const MWAIT: u32 = 1 << 11;
    pub const XSETBV: u32 = 1 << 13;
    pub const RDPRU: u32 = 1 << 14;
}

/// [`Vmcb::intercept_cr`]: writes to CR4.
pub const INTERCEPT_CR4_WRITE: u32 = 1 << 20;
/// [`Vmcb::intercept_cr`]: writes to CR8.
pub const INTERCEPT_CR8_WRITE: u32 = 1 << 24;
/// [`Vmcb::intercept_exceptions`]: #DB.
pub const INTERCEPT_DEBUG: u32 = 1 << 1;
/// The same: #UD.
pub const INTERCEPT_INVALID_OPCODE: u32 = 1 << 6;
/// The same: #MC.
pub const INTERCEPT_MACHINE_CHECK: u32 = 1 << 18;

/// Bits of [`Vmcb::virtual_interrupt`].
pub mod virtual_interrupt {
    /// CR8 of the guest.
    pub const V_TPR: u64 = 0xff;
    /// A virtual interrupt is pending.
    pub const V_IRQ: u64 = 1 << 8;
    /// Its priority does not matter.
    pub const V_IGN_TPR: u64 = 1 << 20;
    /// NMIs are virtualized.
    pub const V_NMI_ENABLE: u64 = 1 << 26;
    /// With AVIC, the guest's local APIC is in x2APIC mode.
    pub const X2AVIC_ENABLE: u64 = 1 << 30;
    /// The guest's local APIC is virtualized.
    pub const AVIC_ENABLE: u64 = 1 << 31;
    /// RFLAGS.IF of the guest masks virtual interrupts only; the host's masks physical ones.
    pub const V_INTR_MASKING: u64 = 1 << 24;
}

/// [`Vmcb::nested_control`]: nested paging is on.
pub const NP_ENABLE: u64 = 1 << 0;
/// [`Vmcb::tlb_control`]: flush all of the TLB at this VMRUN.
pub const FLUSH_ALL: u32 = 1;

/// Bits of [`Vmcb::event_injection`] and [`Vmcb::exit_interrupt_info`].
pub mod event {
    /// There is an event.
    pub const VALID: u64 = 1 << 31;
    /// The exception pushes the error code in bits 63:32.
    pub const ERROR_CODE: u64 = 1 << 11;
    /// Its type.
    pub const TYPE: u64 = 7 << 8;
    pub const TYPE_EXTERNAL: u64 = 0 << 8;
    pub const TYPE_NMI: u64 = 2 << 8;
    pub const TYPE_EXCEPTION: u64 = 3 << 8;
    pub const TYPE_SOFTWARE: u64 = 4 << 8;
    /// Its vector.
    pub const VECTOR: u64 = 0xff;
}
