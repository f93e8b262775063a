//! The fixed hardware: FADT and FACS.

use super::{OEM_ID, OEM_REVISION, OEM_TABLE_ID};
use crate::device::power_management::{
    BASE, PM1_CONTROL, PM1_CONTROL_LENGTH, PM1_EVENT, PM1_EVENT_LENGTH, PM_TIMER, PM_TIMER_LENGTH, SCI_IRQ,
};
use acpi_tables::facs::FACS;
use acpi_tables::fadt::{FADTBuilder, Flags, PmProfile, FADT};
use acpi_tables::gas::{AccessSize, AddressSpace, GAS};

/// The reset register: port CF9h.
const RESET_PORT: u16 = 0xcf9;
/// What resets when it is written there: a full reset, hard, of the CPU.
const RESET_VALUE: u8 = 0b1110;
/// The century's byte in the real-time clock's RAM.
const CENTURY: u8 = 0x32;

/// Worst-case latency in microseconds that says that there is no C2.
const NO_C2: u16 = 101;
/// Worst-case latency in microseconds that says that there is no C3.
const NO_C3: u16 = 1001;

/// IAPC_BOOT_ARCH: there are devices on an ISA bus.
const LEGACY_DEVICES: u16 = 1 << 0;
/// IAPC_BOOT_ARCH: there is a keyboard controller.
const KEYBOARD_CONTROLLER: u16 = 1 << 1;
/// IAPC_BOOT_ARCH: there is no VGA.
const VGA_NOT_PRESENT: u16 = 1 << 2;

/// What the machine does and has. Power button and clock alarm are in the fixed registers, as no flag
/// says otherwise for them; a sleep button is nowhere.
const FLAGS: [Flags; 5] = [
    // WBINVD works.
    Flags::Wbinvd,
    // HLT works on all CPUs.
    Flags::ProcC1,
    Flags::SlpButton,
    // The timer has 32 bits.
    Flags::TmrValExt,
    Flags::ResetRegSup,
];

/// The address of a block of ports.
fn ports(port: u16, bytes: u16, access: AccessSize) -> GAS {
    GAS::new(AddressSpace::SystemIo, bytes as u8 * 8, 0, access, port.into())
}

/// Fixed ACPI Description Table, for tables at these addresses.
///
/// SMI_CMD is zero, so the machine is always in ACPI mode.
pub fn fadt(facs: u32, dsdt: u32) -> FADT {
    let (event, control, timer) = (BASE + PM1_EVENT, BASE + PM1_CONTROL, BASE + PM_TIMER);
    let mut fadt =
        FADTBuilder::new(OEM_ID, OEM_TABLE_ID, OEM_REVISION).preferred_pm_profile(PmProfile::Desktop);
    for flag in FLAGS {
        fadt = fadt.flag(flag);
    }
    fadt.firmware_ctrl = facs.into();
    fadt.dsdt = dsdt.into();
    fadt.x_dsdt = u64::from(dsdt).into();
    fadt.sci_int = u16::from(SCI_IRQ).into();
    fadt.pm1a_evt_blk = u32::from(event).into();
    fadt.pm1_evt_len = PM1_EVENT_LENGTH as u8;
    fadt.x_pm1a_evt_blk = ports(event, PM1_EVENT_LENGTH, AccessSize::WordAccess);
    fadt.pm1a_cnt_blk = u32::from(control).into();
    fadt.pm1_cnt_len = PM1_CONTROL_LENGTH as u8;
    fadt.x_pm1a_cnt_blk = ports(control, PM1_CONTROL_LENGTH, AccessSize::WordAccess);
    fadt.pm_tmr_blk = u32::from(timer).into();
    fadt.pm_tmr_len = PM_TIMER_LENGTH as u8;
    fadt.x_pm_tmr_blk = ports(timer, PM_TIMER_LENGTH, AccessSize::DwordAccess);
    fadt.p_lvl2_lat = NO_C2.into();
    fadt.p_lvl3_lat = NO_C3.into();
    fadt.century = CENTURY;
    fadt.iapc_boot_arch = (LEGACY_DEVICES | KEYBOARD_CONTROLLER | VGA_NOT_PRESENT).into();
    fadt.reset_reg = ports(RESET_PORT, 1, AccessSize::ByteAccess);
    fadt.reset_value = RESET_VALUE;
    fadt.hypervisor_vendor_identity = u64::from_le_bytes(*b"pxHV\0\0\0\0").into();
    fadt.finalize()
}

/// Firmware ACPI Control Structure: the global lock, free.
pub fn facs() -> FACS {
    FACS::new()
}
