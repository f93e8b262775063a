//! What stage 2 tells stage 3.
//!
//! Stage 2 enters stage 3 at [`crate::image::Part::entry`] in long mode: paging on with an identity
//! map of the first 4 GiB in 2 MiB pages, flat segments, interrupts off, A20 on, the virtualization
//! extension on (Intel: in VMX root operation; AMD: EFER.SVME set), CR0.WP, CR0.CD and CR0.NW clear,
//! RDI = HPA of the [`BootInfo`], RSP = a stack of at least 4 KiB below 1 MiB.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// First field of a [`BootInfo`].
pub const MAGIC: u64 = u64::from_le_bytes(*b"pxHVboot");

/// [`BootInfo::vendor`]: Intel VMX; the boot CPU is in VMX root operation.
pub const VENDOR_INTEL: u32 = 1;
/// [`BootInfo::vendor`]: AMD SVM; EFER.SVME is set on the boot CPU.
pub const VENDOR_AMD: u32 = 2;

/// [`BootInfo::flags`]: a serial port answers at 3F8h.
pub const FLAG_SERIAL: u32 = 1;
/// [`BootInfo::flags`]: the display is in 80×25 colour text mode, its memory at HPA B8000h.
pub const FLAG_VGA_TEXT: u32 = 2;

/// Most entries that stage 2 keeps of the firmware's memory map.
pub const MEMORY_MAP_MAX: usize = 128;

/// The hand-over. Addresses are HPAs below 4 GiB; sizes are in bytes.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct BootInfo {
    /// [`MAGIC`].
    pub magic: u64,
    /// [`crate::image::VERSION`].
    pub version: u32,
    /// `size_of::<BootInfo>()`.
    pub size: u32,
    /// [`VENDOR_INTEL`] or [`VENDOR_AMD`].
    pub vendor: u32,
    /// `FLAG_…` bits.
    pub flags: u32,
    /// The firmware's memory map: [`MemoryRange`]s as INT 15h, AX=E820h gave them, unsorted.
    pub memory_map: u64,
    /// Number of entries there.
    pub memory_map_entries: u32,
    /// The BIOS's number of the boot drive.
    pub boot_drive: u32,
    /// The [`crate::image::ImageHeader`].
    pub image_header: u64,
    /// The bundle, checksum verified.
    pub bundle: u64,
    /// Its length.
    pub bundle_bytes: u64,
    /// Intel: the 4 KiB VMXON region in use. AMD: zero.
    pub vmxon_region: u64,
    /// End of the low memory (below 1 MiB) that stage 2 uses, page tables and this structure
    /// included. It starts at zero.
    pub low_memory_end: u64,
}

/// One range of the firmware's memory map, in the layout of INT 15h, AX=E820h.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed(4))]
pub struct MemoryRange {
    /// First address (HPA).
    pub start: u64,
    /// Length in bytes.
    pub bytes: u64,
    /// [`MEMORY_USABLE`]; every other value is not ours to use.
    pub kind: u32,
    /// ACPI 3.0 extended attributes: bit 0 clear means "ignore this entry". Stage 2 stores 1 where the firmware
    /// returned 20 bytes only.
    pub attributes: u32,
}

/// [`MemoryRange::kind`]: RAM that the operating system may use.
pub const MEMORY_USABLE: u32 = 1;

const _: () = assert!(size_of::<BootInfo>() == 80);
const _: () = assert!(size_of::<MemoryRange>() == 24);
