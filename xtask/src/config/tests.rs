mod damaged;
mod many;
mod random;

use super::*;
use crate::size::MIB;
use bundle::manifest::Display;

const GOOD: &str = r#"
    [[vm]]
    name = "linux"
    memory = "512M"
    vcpus = 1
    boot = "linux"
    kernel = "vmlinuz"
    initrd = "initrd.gz"
    cmdline = "console=ttyS0"
"#;

/// Loads `text` from a directory that has a kernel, an initrd, an empty file and a text file.
fn load(text: &str) -> Result<Config> {
    let directory = tempfile::tempdir()?;
    let file = |name: &str, bytes: &[u8]| std::fs::write(directory.path().join(name), bytes);
    file("vmlinuz", &crate::bzimage::sample())?;
    file("initrd.gz", &[0; 5000])?;
    file("kernel32", &multiboot_kernel(0x10_0000))?;
    file("kernel at the end", &multiboot_kernel(0x301_0000))?;
    file("tape", b"music")?;
    file("empty", &[])?;
    file("bios.bin", &vec![0xea; 0x2_0000])?;
    file("disk.img", &[0; 1024])?;
    file("cut.img", &cut_disk())?;
    file("boot.img", &vec![0; 1440 << 10])?;
    file("text", b"not a kernel")?;
    file("pxhv.toml", text.as_bytes())?;
    Config::load(&directory.path().join("pxhv.toml"), &|path| Ok(path.into()))
}

/// The first track of a disk whose partition ends with sector 8064.
fn cut_disk() -> Vec<u8> {
    let mut disk = vec![0; 63 * 512];
    disk[0x1be..0x1ce].copy_from_slice(&[0x80, 1, 1, 0, 1, 15, 63, 7, 63, 0, 0, 0, 0x41, 0x1f, 0, 0]);
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    disk
}

/// A kernel of multiboot version 1 that is loaded to `address` and takes 16 MiB.
fn multiboot_kernel(address: u32) -> Vec<u8> {
    const MAGIC: u32 = 0x1bad_b002;
    const FLAGS: u32 = 1 << 16;
    let checksum = 0_u32.wrapping_sub(MAGIC + FLAGS);
    let end = address + (16 << 20);
    let header = [MAGIC, FLAGS, checksum, address, address, address + 100, end, address + 50];
    let mut file: Vec<u8> = header.iter().flat_map(|field| field.to_le_bytes()).collect();
    file.resize(100, 0x90);
    file
}

/// Loads [`GOOD`] with `from` replaced, and returns the error.
fn error(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    format!("{:#}", load(&GOOD.replace(from, to)).expect_err(to))
}

#[test]
fn good_file_is_taken() {
    let config = load(GOOD).unwrap();
    assert_eq!(config.log, LogLevel::Info);
    assert_eq!(config.memory(), 512 * MIB);
    let vm = &config.vms[0];
    assert_eq!((vm.name.as_str(), vm.debug_exit, vm.debugcon), ("linux", None, None));
    let Boot::Linux { kernel, initrd, cmdline } = &vm.boot else { panic!("{vm:?}") };
    assert_eq!((kernel.name.as_str(), cmdline.as_str()), ("vmlinuz", "console=ttyS0"));
    assert_eq!(initrd.as_ref().unwrap().bytes.len(), 5000);
}

#[test]
fn wrong_values_are_named_with_what_would_be_right() {
    for (from, to, words) in [
        ("\"512M\"", "\"512\"", ["pxhv.toml:4: memory = \"512\"", "\"512M\""]),
        ("\"512M\"", "\"513M\"", ["memory = \"513M\"", "\"514M\""]),
        ("\"512M\"", "\"0M\"", ["memory = \"0M\"", "\"2M\""]),
        ("\"512M\"", "\"900G\"", ["memory = \"900G\"", "at most \"3G\""]),
        ("\"512M\"", "\"32M\"", ["memory = \"32M\"", "at least \"66M\""]),
        ("vcpus = 1", "vcpus = 2", ["pxhv.toml:5: vcpus = 2", "write 1"]),
        ("vcpus = 1", "vcpus = 0", ["vcpus = 0", "write 1"]),
        ("boot = \"linux\"", "boot = \"bios\"", ["pxhv.toml:7: kernel = \"vmlinuz\"", "floppies = ["]),
        ("boot = \"linux\"", "boot = \"lunix\"", ["boot = \"lunix\"", "\"linux\""]),
        ("\"vmlinuz\"", "\"nowhere\"", ["pxhv.toml:7: kernel = \"nowhere\"", "nowhere"]),
        ("\"vmlinuz\"", "\"text\"", ["kernel = \"text\"", "bzImage"]),
        ("\"vmlinuz\"", "\"empty\"", ["kernel = \"empty\"", "the file is empty"]),
        ("\"initrd.gz\"", "\"nowhere\"", ["pxhv.toml:8: initrd = \"nowhere\"", "nowhere"]),
        ("name = \"linux\"", "name = \"Linux\"", ["pxhv.toml:3: name = \"Linux\"", "a-z"]),
        ("name = \"linux\"", "name = \"\"", ["name = \"\"", "a-z"]),
        ("vcpus = 1", "display = \"vga\"", ["pxhv.toml:5: display = \"vga\"", "\"text\""]),
        ("console=ttyS0", "a\\nb", ["pxhv.toml:9: cmdline", "control characters"]),
    ] {
        let error = error(from, to);
        assert!(words.iter().all(|word| error.contains(word)), "{to}: {error}");
    }
}

#[test]
fn long_names_are_refused() {
    assert!(load(
        &GOOD.replace("\"linux\"\n        memory", &format!("\"{}\"\n        memory", "x".repeat(32)))
    )
    .is_ok());
    let error = error("name = \"linux\"", &format!("name = \"{}\"", "x".repeat(33)));
    assert!(error.contains("1 to 32"), "{error}");
}

#[test]
fn long_command_line_is_refused() {
    let error = error("console=ttyS0", &"x".repeat(2048));
    assert!(error.contains("at most 2047"), "{error}");
    assert!(load(&GOOD.replace("console=ttyS0", &"x".repeat(2047))).is_ok());
}

#[test]
fn unknown_and_missing_keys_are_named() {
    let unknown = error("vcpus", "cpus");
    assert!(unknown.contains("`cpus`") && unknown.contains("`vcpus`"), "{unknown}");
    let missing = error("memory = \"512M\"", "");
    assert!(missing.contains("memory"), "{missing}");
    let missing = error("kernel = \"vmlinuz\"", "");
    assert!(missing.contains("kernel"), "{missing}");
    let wrong_type = error("\"512M\"", "512");
    assert!(wrong_type.contains("string"), "{wrong_type}");
}

#[test]
fn a_file_without_virtual_machines_is_refused() {
    let none = format!("{:#}", load("").unwrap_err());
    assert!(none.contains("[[vm]]"), "{none}");
}

#[test]
fn log_level_is_read() {
    assert_eq!(load(&format!("[host]\nlog = \"debug\"\n{GOOD}")).unwrap().log, LogLevel::Debug);
    let wrong = format!("{:#}", load(&format!("[host]\nlog = \"loud\"\n{GOOD}")).unwrap_err());
    assert!(wrong.contains("pxhv.toml:2: log = \"loud\""), "{wrong}");
}

const MULTIBOOT: &str = r#"
    [[vm]]
    name = "mine"
    memory = "64M"
    boot = "multiboot"
    kernel = "kernel32"
    cmdline = "loud"
    modules = ["tape side a", { file = "kernel at the end", args = "b" }, "tape"]
    debug_exit = 0xf4
    debugcon = "0xe9"
"#;

const BIOS: &str = r#"
    [[vm]]
    name = "dos"
    memory = "16M"
    boot = "bios"
    firmware = "bios.bin"
    floppies = ["boot.img"]
    disks = ["disk.img", "disk.img"]
    display = "none"
"#;

const FLAT: &str = r#"
    [[vm]]
    name = "sector"
    memory = "2M"
    boot = "flat"
    kernel = "text"
    load = "0x7c00"
"#;

#[test]
fn a_multiboot_kernel_has_modules_and_debug_ports() {
    let config = load(MULTIBOOT).unwrap();
    let vm = &config.vms[0];
    assert_eq!((vm.debug_exit, vm.debugcon), (Some(0xf4), Some(0xe9)));
    let Boot::Multiboot { kernel, cmdline, modules } = &vm.boot else { panic!("{vm:?}") };
    assert_eq!((kernel.bytes.len(), cmdline.as_str()), (100, "kernel32 loud"));
    let modules: Vec<_> =
        modules.iter().map(|(file, args)| (file.name.as_str(), file.bytes.len(), args.as_str())).collect();
    assert_eq!(modules, [("tape", 5, "tape side a"), ("kernel at the end", 100, "b"), ("tape", 5, "tape")]);
}

#[test]
fn a_flat_image_has_an_address() {
    for (address, value) in [("\"0x7c00\"", 0x7c00), ("\"31744\"", 31744), ("0x600", 0x600), ("65536", 65536)]
    {
        let config = load(&FLAT.replace("\"0x7c00\"", address)).unwrap();
        let Boot::Flat { kernel, load } = &config.vms[0].boot else { panic!("{config:?}") };
        assert_eq!((&*kernel.bytes, *load), (b"not a kernel".as_slice(), value));
    }
}

#[test]
fn a_bios_has_disks_and_a_screen() {
    for (from, to, expected) in [
        ("", "", (0xea, 1, 2, Display::None)),
        ("display = \"none\"", "", (0xea, 1, 2, Display::Serial)),
        ("\"none\"", "\"serial\"", (0xea, 1, 2, Display::Serial)),
        ("floppies = [\"boot.img\"]", "", (0xea, 0, 2, Display::None)),
        ("disks = [\"disk.img\", \"disk.img\"]", "", (0xea, 1, 0, Display::None)),
    ] {
        let config = load(&BIOS.replace(from, to)).unwrap();
        let vm = &config.vms[0];
        let Boot::Bios { firmware, floppies, disks, vga_bios } = &vm.boot else { panic!("{config:?}") };
        assert_eq!((firmware.bytes[0], floppies.len(), disks.len(), vm.display), expected, "{to}");
        assert!(vga_bios.is_none());
    }
}

#[test]
fn what_other_kinds_of_boot_need_is_named_too() {
    for (good, from, to, words) in [
        (MULTIBOOT, "\"kernel32\"", "\"text\"", ["pxhv.toml:6: kernel = \"text\"", "no multiboot header"]),
        (MULTIBOOT, "\"kernel32\"", "\"vmlinuz\"", ["kernel = \"vmlinuz\"", "no multiboot header"]),
        (MULTIBOOT, "\"64M\"", "\"16M\"", ["pxhv.toml:4: memory = \"16M\"", "at least \"18M\""]),
        (MULTIBOOT, "\"kernel32\"", "\"kernel at the end\"", ["memory = \"64M\"", "at least \"66M\""]),
        (
            MULTIBOOT,
            "\"tape\"",
            "\"nowhere at all\"",
            ["pxhv.toml:8: modules = [\"nowhere at all\"]", "can't read"],
        ),
        (MULTIBOOT, "\"tape\"", "\"empty\"", ["modules = [\"empty\"]", "the file is empty"]),
        (MULTIBOOT, "\"tape\"", "\" \"", ["modules = [\" \"]", "there is no file"]),
        (MULTIBOOT, "side a", "side\\ta", ["modules = [\"tape side\\ta\"]", "control characters"]),
        (MULTIBOOT, "args = \"b\"", "arg = \"b\"", ["8 |", "write a module as \"FILE words\""]),
        (MULTIBOOT, "loud", "a\\nb", ["cmdline", "control characters"]),
        (MULTIBOOT, "0xf4", "0x3f8", ["pxhv.toml:9: debug_exit = 0x3f8", "a device of the PC has this port"]),
        (MULTIBOOT, "0xf4", "0xcfc", ["debug_exit = 0xcfc", "a device of the PC has this port"]),
        (MULTIBOOT, "0xf4", "0x100f4", ["debug_exit = 0x100f4", "from 0 to 0xfffe"]),
        (MULTIBOOT, "0xf4", "-1", ["debug_exit", "from 0 to 0xfffe"]),
        (MULTIBOOT, "0xf4", "true", ["9 |", "write a number"]),
        (MULTIBOOT, "\"0xe9\"", "0xf4", ["pxhv.toml:10: debugcon = 0xf4", "debug_exit has this port"]),
        (BIOS, "\"bios.bin\"", "\"boot.img\"", ["firmware = \"boot.img\"", "64 or 128 KiB"]),
        (BIOS, "\"boot.img\"", "\"text\"", ["floppies = \"text\": 12 bytes", "1.44M"]),
        (
            BIOS,
            "\"boot.img\"",
            "\"boot.img\", \"boot.img\", \"boot.img\"",
            ["floppies = \"boot.img\"", "2 drives"],
        ),
        (BIOS, "\"disk.img\"]", "\"text\"]", ["disks = \"text\": 12 bytes", "whole sectors"]),
        (BIOS, "\"disk.img\"]", "\"empty\"]", ["disks = \"empty\"", "the file is empty"]),
        (BIOS, "\"disk.img\"]", "\"cut.img\"]", ["disks = \"cut.img\": 63 sectors", "there are 8064"]),
        (
            BIOS,
            "[\"disk.img\"",
            "[\"disk.img\", \"disk.img\", \"disk.img\", \"disk.img\"",
            ["pxhv.toml:8: disks = \"disk.img\"", "4 disks at most"],
        ),
        (BIOS, "\"none\"", "\"big\"", ["pxhv.toml:9: display = \"big\"", "\"serial\", \"text\" or \"none\""]),
        (FLAT, "\"0x7c00\"", "\"7c00h\"", ["pxhv.toml:7: load = \"7c00h\"", "for example \"0x7c00\""]),
        (FLAT, "\"0x7c00\"", "0x9fff8", ["load = 0x9fff8", "the image would end at 0xa0004"]),
        (FLAT, "load = \"0x7c00\"", "", ["\"sector\" has no load address", "load = \"0x7c00\""]),
    ] {
        assert!(good.contains(from), "{from}");
        let error = format!("{:#}", load(&good.replace(from, to)).expect_err(to));
        assert!(words.iter().all(|word| error.contains(word)), "{to}: {error}");
    }
}

#[test]
fn keys_of_another_kind_of_boot_are_refused() {
    for (good, key, words) in [
        (GOOD, "modules = [\"tape\"]", ["modules = [\"tape\"]", "boot = \"linux\" has no such key"]),
        (GOOD, "load = \"0x7c00\"", ["load = \"0x7c00\"", "boot = \"linux\" has no such key"]),
        (MULTIBOOT, "initrd = \"tape\"", ["pxhv.toml:11: initrd = \"tape\"", "modules = ["]),
        (MULTIBOOT, "load = \"0x7c00\"", ["load", "boot = \"multiboot\" has no such key"]),
        (BIOS, "kernel = \"vmlinuz\"", ["kernel = \"vmlinuz\"", "boot = \"bios\" has no such key"]),
        (BIOS, "load = 5", ["load = 0x5", "boot = \"bios\" has no such key"]),
        (GOOD, "firmware = \"bios.bin\"", ["firmware = \"bios.bin\"", "boot = \"linux\" has no such key"]),
        (GOOD, "floppies = [\"boot.img\"]", ["floppies = \"boot.img\"", "has no such key"]),
        (GOOD, "disks = [\"disk.img\"]", ["disks = \"disk.img\"", "has no such key"]),
        (GOOD, "display = \"none\"", ["display = \"none\"", "only a BIOS can do without"]),
        (FLAT, "cmdline = \"x\"", ["cmdline = \"x\"", "boot = \"flat\" has no such key"]),
        (FLAT, "initrd = \"tape\"", ["initrd", "boot = \"flat\" has no such key"]),
        (FLAT, "modules = [\"tape\"]", ["modules", "boot = \"flat\" has no such key"]),
    ] {
        let error = format!("{:#}", load(&format!("{good}{key}\n")).expect_err(key));
        assert!(words.iter().all(|word| error.contains(word)), "{key}: {error}");
    }
}
