//! What a bzImage says about itself: the setup header of the Linux/x86 boot protocol
//! (Documentation/arch/x86/boot.rst in the kernel's source).

use crate::size::{self, MIB};

/// Offsets of the fields from the start of the file.
mod at {
    pub const SETUP_SECTS: usize = 0x1f1;
    pub const SYSSIZE: usize = 0x1f4;
    pub const BOOT_FLAG: usize = 0x1fe;
    pub const HEADER: usize = 0x202;
    pub const VERSION: usize = 0x206;
    pub const LOADFLAGS: usize = 0x211;
    pub const INITRD_ADDR_MAX: usize = 0x22c;
    pub const CMDLINE_SIZE: usize = 0x238;
    pub const PREF_ADDRESS: usize = 0x258;
    pub const INIT_SIZE: usize = 0x260;
    pub const END: usize = 0x264;
}

/// `loadflags`: the protected-mode code is loaded at 1 MiB or above.
const LOADED_HIGH: u8 = 1;
/// The oldest protocol that tells the length of the command line.
const OLDEST: u16 = 0x0206;
/// From this protocol on `pref_address` and `init_size` are there.
const WITH_INIT_SIZE: u16 = 0x020a;

/// What an image builder needs to know of a kernel.
#[derive(Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Longest command line, without the terminating zero.
    pub cmdline_max: u32,
    /// Highest address that a byte of the initrd may have.
    initrd_last: u32,
    /// The first address above the kernel while it unpacks and starts.
    end: u64,
}

impl Kernel {
    /// Reads the header at the start of `file`.
    pub fn parse(file: &[u8]) -> Result<Self, String> {
        if file.len() < at::END
            || u16_at(file, at::BOOT_FLAG) != 0xaa55
            || &file[at::HEADER..][..4] != b"HdrS"
        {
            return Err(
                "no Linux bzImage (it has no \"HdrS\" header); name a file like /boot/vmlinuz-*".into()
            );
        }
        let version = u16_at(file, at::VERSION);
        if version < OLDEST {
            return Err(format!(
                "boot protocol {}.{:02} is too old; a kernel of 2.6.22 or later has 2.06",
                version >> 8,
                version & 0xff
            ));
        }
        if file[at::LOADFLAGS] & LOADED_HIGH == 0 {
            return Err("a zImage, which is loaded below 1 MiB; build the kernel with `make bzImage`".into());
        }
        // Zero means four, for historical reasons; the boot sector comes on top.
        let setup_sectors = match file[at::SETUP_SECTS] {
            0 => 4,
            sectors => usize::from(sectors),
        };
        let code = file.len().saturating_sub((setup_sectors + 1) * 512) as u64;
        // In units of 16 bytes, the last of which need not be whole.
        let whole = 16 * u64::from(u32_at(file, at::SYSSIZE));
        if code.next_multiple_of(16) < whole.max(16) {
            return Err(format!(
                "cut off: it has {code} bytes of {whole} behind the real-mode part; copy it again"
            ));
        }
        let end = if version >= WITH_INIT_SIZE {
            u64_at(file, at::PREF_ADDRESS).saturating_add(u64::from(u32_at(file, at::INIT_SIZE)))
        } else {
            MIB + 3 * code
        };
        Ok(Self {
            cmdline_max: u32_at(file, at::CMDLINE_SIZE),
            initrd_last: u32_at(file, at::INITRD_ADDR_MAX),
            end,
        })
    }

    /// Whether a machine with `memory` bytes can start this kernel with an initrd of `initrd` bytes.
    pub fn fits(&self, memory: u64, initrd: u64) -> Result<(), String> {
        let initrd = initrd.next_multiple_of(4096);
        let needed = self.end.saturating_add(initrd).checked_next_multiple_of(2 * MIB).unwrap_or(u64::MAX);
        if memory < needed {
            return Err(format!(
                "too small: the kernel and its initrd need {} to start; write at least \"{}\"",
                size::show(needed),
                size::show(needed)
            ));
        }
        Ok(())
    }

    /// Whether the kernel can reach an initrd of `initrd` bytes.
    pub fn takes_initrd(&self, initrd: u64) -> Result<(), String> {
        let room = (u64::from(self.initrd_last) + 1).saturating_sub(self.end);
        if initrd.next_multiple_of(4096) > room {
            return Err(format!(
                "{} long; this kernel takes at most {}",
                size::show(initrd),
                size::show(room)
            ));
        }
        Ok(())
    }
}

fn u16_at(file: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([file[at], file[at + 1]])
}

fn u32_at(file: &[u8], at: usize) -> u32 {
    u32::from(u16_at(file, at)) | u32::from(u16_at(file, at + 2)) << 16
}

fn u64_at(file: &[u8], at: usize) -> u64 {
    u64::from(u32_at(file, at)) | u64::from(u32_at(file, at + 4)) << 32
}

/// A kernel for the tests of this module and of the configuration: 16 MiB + 48 MiB, protocol 2.15.
#[cfg(test)]
pub fn sample() -> Vec<u8> {
    let mut file = vec![0; 8192];
    file[at::SETUP_SECTS] = 1;
    file[at::SYSSIZE..][..4].copy_from_slice(&(7168_u32 / 16).to_le_bytes());
    file[at::BOOT_FLAG..][..2].copy_from_slice(&[0x55, 0xaa]);
    // A jump over the rest of the header, which tells how long it is.
    file[at::HEADER - 2..][..2].copy_from_slice(&[0xeb, (at::END - at::HEADER) as u8]);
    file[at::HEADER..][..4].copy_from_slice(b"HdrS");
    file[at::VERSION..][..2].copy_from_slice(&0x020f_u16.to_le_bytes());
    file[at::LOADFLAGS] = LOADED_HIGH;
    file[at::INITRD_ADDR_MAX..][..4].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
    file[at::CMDLINE_SIZE..][..4].copy_from_slice(&2047_u32.to_le_bytes());
    file[at::PREF_ADDRESS..][..8].copy_from_slice(&(16 * MIB).to_le_bytes());
    file[at::INIT_SIZE..][..4].copy_from_slice(&(48_u32 << 20).to_le_bytes());
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn header_is_read() {
        let kernel = Kernel::parse(&sample()).unwrap();
        assert_eq!(kernel, Kernel { cmdline_max: 2047, initrd_last: 0x7fff_ffff, end: 64 * MIB });
    }

    #[test]
    fn every_truncated_file_is_refused() {
        let file = sample();
        for length in 0..=file.len() - 16 {
            assert!(Kernel::parse(&file[..length]).is_err(), "accepted {length} bytes");
        }
    }

    #[test]
    fn the_last_paragraph_need_not_be_whole() {
        let file = sample();
        for length in file.len() - 15..=file.len() {
            assert!(Kernel::parse(&file[..length]).is_ok(), "refused {length} bytes");
        }
    }

    #[test]
    fn other_files_are_refused() {
        for (at, value, reason) in
            [(0x1ff, 0, "bzImage"), (0x203, b'x', "bzImage"), (0x206, 5, "2.05"), (0x211, 0, "zImage")]
        {
            let mut file = sample();
            file[at] = value;
            let error = Kernel::parse(&file).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn memory_must_hold_kernel_and_initrd() {
        let kernel = Kernel::parse(&sample()).unwrap();
        assert_eq!(kernel.fits(66 * MIB, 2 * MIB), Ok(()));
        let error = kernel.fits(64 * MIB, 2 * MIB - 1).unwrap_err();
        assert!(error.contains("at least \"66M\""), "{error}");
        assert!(Kernel { end: u64::MAX, ..kernel }.fits(64 * MIB, 0).is_err(), "at the end of all addresses");
    }

    #[test]
    fn initrd_must_lie_where_the_kernel_reaches() {
        let mut file = sample();
        file[at::INITRD_ADDR_MAX..][..4].copy_from_slice(&(65_u32 << 20).wrapping_sub(1).to_le_bytes());
        let kernel = Kernel::parse(&file).unwrap();
        assert_eq!(kernel.takes_initrd(MIB), Ok(()));
        assert!(kernel.takes_initrd(MIB + 1).is_err());
    }

    proptest! {
        /// A file that is taken has a kernel, and advice about memory is good advice.
        #[test]
        fn no_file_does_harm(
            patches in prop::collection::vec((0x1f0_usize..0x270, any::<u8>()), 0..12),
            address in prop::option::of(prop_oneof![any::<u64>(), (0..64_u32).prop_map(|bits| u64::MAX >> bits)]),
            (memory, initrd) in (0..4_u64 << 30, 0..1_u64 << 32),
        ) {
            let mut file = sample();
            for (at, value) in patches {
                file[at] = value;
            }
            if let Some(address) = address {
                file[at::PREF_ADDRESS..][..8].copy_from_slice(&address.to_le_bytes());
            }
            let Ok(kernel) = Kernel::parse(&file) else { return Ok(()) };
            if kernel.fits(memory, initrd).is_ok() {
                prop_assert!(kernel.end <= memory && kernel.end + initrd <= memory);
            }
            let _ = kernel.takes_initrd(initrd);
        }

        #[test]
        fn noise_is_no_kernel(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
            prop_assert!(Kernel::parse(&bytes).is_err());
        }
    }
}
