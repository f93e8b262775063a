//! The setup header of a bzImage.

use super::LinuxError;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Where the header is in the file, and in the zero page.
pub const HEADER_OFFSET: usize = 0x1f1;
/// Signature at the end of the first sector.
const BOOT_FLAG: u16 = 0xaa55;
/// [`SetupHeader::header`].
const MAGIC: [u8; 4] = *b"HdrS";
/// [`SetupHeader::loadflags`]: the protected-mode code is loaded at 1 MiB or above.
const LOADED_HIGH: u8 = 1 << 0;
/// The oldest protocol that tells the length of the command line.
const OLDEST: u16 = 0x0206;
/// The protocol that brought `pref_address` and `init_size`.
const WITH_PREFERRED_ADDRESS: u16 = 0x020a;
/// Where kernels are loaded that don't name a preferred address.
pub const DEFAULT_ADDRESS: u64 = 0x10_0000;
/// Unit of `setup_sects`.
const SECTOR: usize = 512;
/// Unit of `syssize`.
const PARAGRAPH: u64 = 16;

/// `struct setup_header`, protocol 2.15.
#[derive(Clone, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SetupHeader {
    pub setup_sects: u8,
    pub root_flags: U16,
    pub syssize: U32,
    pub ram_size: U16,
    pub vid_mode: U16,
    pub root_dev: U16,
    pub boot_flag: U16,
    /// A short jump over the header: its second byte tells where the header ends.
    pub jump: [u8; 2],
    pub header: [u8; 4],
    pub version: U16,
    pub realmode_swtch: U32,
    pub start_sys_seg: U16,
    pub kernel_version: U16,
    pub type_of_loader: u8,
    pub loadflags: u8,
    pub setup_move_size: U16,
    pub code32_start: U32,
    pub ramdisk_image: U32,
    pub ramdisk_size: U32,
    pub bootsect_kludge: U32,
    pub heap_end_ptr: U16,
    pub ext_loader_ver: u8,
    pub ext_loader_type: u8,
    pub cmd_line_ptr: U32,
    pub initrd_addr_max: U32,
    pub kernel_alignment: U32,
    pub relocatable_kernel: u8,
    pub min_alignment: u8,
    pub xloadflags: U16,
    pub cmdline_size: U32,
    pub hardware_subarch: U32,
    pub hardware_subarch_data: U64,
    pub payload_offset: U32,
    pub payload_length: U32,
    pub setup_data: U64,
    pub pref_address: U64,
    pub init_size: U32,
    pub handover_offset: U32,
    pub kernel_info_offset: U32,
}

/// Offset of [`SetupHeader::header`] in the file, from which the jump counts.
const AFTER_JUMP: usize = 0x202;

const _: () = {
    use core::mem::offset_of;
    assert!(HEADER_OFFSET + offset_of!(SetupHeader, header) == AFTER_JUMP);
    assert!(HEADER_OFFSET + offset_of!(SetupHeader, cmd_line_ptr) == 0x228);
    assert!(HEADER_OFFSET + offset_of!(SetupHeader, pref_address) == 0x258);
    assert!(HEADER_OFFSET + size_of::<SetupHeader>() == 0x26c);
};

/// A kernel file, checked.
#[derive(Debug)]
pub struct Image<'a> {
    /// The setup header; zero beyond its end.
    pub header: SetupHeader,
    /// The protected-mode code, which is the whole kernel.
    pub code: &'a [u8],
}

impl<'a> Image<'a> {
    /// Checks `file`.
    pub fn parse(file: &'a [u8]) -> Result<Self, LinuxError> {
        let header = copy_header(file).ok_or(LinuxError::NotBzImage)?;
        if header.boot_flag.get() != BOOT_FLAG || header.header != MAGIC {
            return Err(LinuxError::NotBzImage);
        }
        let version = header.version.get();
        if version < OLDEST {
            return Err(LinuxError::TooOld { version });
        }
        if header.loadflags & LOADED_HIGH == 0 {
            return Err(LinuxError::LoadedLow);
        }
        // Zero means four, "for backwards compatibility"; the boot sector comes on top.
        let setup_sectors = if header.setup_sects == 0 { 4 } else { usize::from(header.setup_sects) };
        let code = file.get((setup_sectors + 1) * SECTOR..).unwrap_or_default();
        let paragraphs = u64::from(header.syssize.get());
        let found = code.len() as u64;
        if code.is_empty() || found.div_ceil(PARAGRAPH) < paragraphs {
            return Err(LinuxError::Truncated { needed: paragraphs * PARAGRAPH, found });
        }
        let alignment = header.kernel_alignment.get();
        if header.relocatable_kernel != 0 && !alignment.is_power_of_two() {
            return Err(LinuxError::BadAlignment(alignment));
        }
        Ok(Self { header, code })
    }

    /// Longest command line that the kernel takes, without the terminating zero.
    pub fn cmdline_max(&self) -> usize {
        self.header.cmdline_size.get() as usize
    }

    /// Where the kernel runs best.
    pub fn preferred_address(&self) -> u64 {
        if self.header.version.get() < WITH_PREFERRED_ADDRESS {
            DEFAULT_ADDRESS
        } else {
            self.header.pref_address.get()
        }
    }

    /// What alignment the kernel needs to run elsewhere, if it can.
    pub fn relocatable(&self) -> Option<u64> {
        (self.header.relocatable_kernel != 0).then(|| self.header.kernel_alignment.get().into())
    }

    /// Memory that the kernel needs from its load address on until it has looked at the memory map.
    pub fn memory(&self) -> u64 {
        let init_size =
            if self.header.version.get() < WITH_PREFERRED_ADDRESS { 0 } else { self.header.init_size.get() };
        u64::from(init_size).max(self.code.len() as u64)
    }
}

/// The header at its place in `file`, as long as it says it is.
fn copy_header(file: &[u8]) -> Option<SetupHeader> {
    let mut header = SetupHeader::new_zeroed();
    let rest = file.get(HEADER_OFFSET..)?;
    let jump = *file.get(AFTER_JUMP - 1)?;
    let length = (AFTER_JUMP + usize::from(jump) - HEADER_OFFSET).min(size_of::<SetupHeader>());
    header.as_mut_bytes()[..length].copy_from_slice(rest.get(..length)?);
    Some(header)
}
