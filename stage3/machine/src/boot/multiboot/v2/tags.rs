//! Types of tags, and what messages call them.

/// Tags in a kernel's header.
pub mod header {
    pub const END: u16 = 0;
    pub const INFORMATION_REQUEST: u16 = 1;
    pub const ADDRESS: u16 = 2;
    pub const ENTRY: u16 = 3;
    pub const CONSOLE: u16 = 4;
    pub const FRAME_BUFFER: u16 = 5;
    pub const MODULE_ALIGNMENT: u16 = 6;
    pub const EFI_BOOT_SERVICES: u16 = 7;
    pub const ENTRY_EFI32: u16 = 8;
    pub const ENTRY_EFI64: u16 = 9;
    pub const RELOCATABLE: u16 = 10;
}

/// Tags of the boot information.
pub mod information {
    pub const END: u32 = 0;
    pub const COMMAND_LINE: u32 = 1;
    pub const LOADER_NAME: u32 = 2;
    pub const MODULE: u32 = 3;
    pub const MEMORY: u32 = 4;
    pub const MEMORY_MAP: u32 = 6;
    pub const SECTIONS: u32 = 9;
    pub const ACPI_OLD: u32 = 14;
    pub const ACPI_NEW: u32 = 15;
    pub const LOAD_BASE: u32 = 21;

    /// All that a kernel can get.
    pub const SUPPORTED: [u32; 10] =
        [END, COMMAND_LINE, LOADER_NAME, MODULE, MEMORY, MEMORY_MAP, SECTIONS, ACPI_OLD, ACPI_NEW, LOAD_BASE];
}

/// The name of a tag in a header.
pub const fn header_name(kind: u16) -> &'static str {
    match kind {
        header::END => "the header's end",
        header::INFORMATION_REQUEST => "information request",
        header::ADDRESS => "addresses",
        header::ENTRY => "entry address",
        header::CONSOLE => "a text screen",
        header::FRAME_BUFFER => "a frame buffer",
        header::MODULE_ALIGNMENT => "module alignment",
        header::EFI_BOOT_SERVICES => "EFI boot services",
        header::ENTRY_EFI32 => "EFI i386 entry address",
        header::ENTRY_EFI64 => "EFI amd64 entry address",
        header::RELOCATABLE => "relocatable kernel",
        _ => "unknown",
    }
}

/// The name of a tag of the boot information.
pub const fn information_name(kind: u32) -> &'static str {
    match kind {
        information::COMMAND_LINE => "command line",
        information::LOADER_NAME => "the loader's name",
        information::MODULE => "modules",
        information::MEMORY => "memory size",
        5 => "the BIOS's boot device",
        information::MEMORY_MAP => "memory map",
        7 => "VBE",
        8 => "a frame buffer",
        information::SECTIONS => "ELF sections",
        10 => "APM",
        11 | 12 | 17..=20 => "EFI",
        13 => "SMBIOS",
        information::ACPI_OLD => "ACPI 1.0",
        information::ACPI_NEW => "ACPI 2.0",
        16 => "network",
        information::LOAD_BASE => "load address",
        _ => "unknown",
    }
}
