//! What a virtual machine boots: which keys belong to which kind, and whether the files can be started.

use super::checks::{MEMORY_MAX, MEMORY_UNIT};
use super::pretend::Pretended;
use super::raw::{self, Vm};
use super::{Boot, File, Provide, Source};
use crate::bzimage::Kernel;
use crate::size;
use anyhow::{bail, Result};
use machine::acpi::{self, AcpiConfig};
use machine::boot::multiboot::{Guest, Module};
use machine::boot::{flat, linux, multiboot};
use toml::Spanned;

impl Source<'_> {
    /// What `vm` with `memory` bytes boots.
    pub(super) fn boot(&self, vm: &Vm, memory: u64, provide: Provide) -> Result<Boot> {
        let check = match vm.boot.get_ref().as_str() {
            "linux" => Self::linux,
            "multiboot" => Self::multiboot,
            "flat" => Self::flat,
            "bios" => Self::bios,
            _ => {
                let reason = "unknown; write \"linux\", \"multiboot\", \"flat\" or \"bios\"";
                bail!(self.wrong("boot", &vm.boot, reason))
            }
        };
        self.foreign_keys(vm)?;
        check(self, vm, memory, provide)
    }

    /// Refuses keys that say something about another kind of boot.
    fn foreign_keys(&self, vm: &Vm) -> Result<()> {
        let kind = vm.boot.get_ref().as_str();
        let check = |key: &str, owners: &[&str], value: Option<(usize, String)>, hint: &str| match value {
            Some((at, shown)) if !owners.contains(&kind) => {
                let reason = format!("a VM with boot = {kind:?} has no such key; {hint}");
                bail!("{}: {key} = {shown}: {reason}", self.at(at))
            }
            _ => Ok(()),
        };
        let kernels = ["linux", "multiboot", "flat"];
        let hint = "remove it (a BIOS boots from disks = [\"FILE\"] or floppies = [\"FILE\"])";
        check("kernel", &kernels, shown(vm.kernel.as_ref()), hint)?;
        let hint = "remove it (files for a multiboot kernel are modules = [\"FILE\"])";
        check("initrd", &["linux"], shown(vm.initrd.as_ref()), hint)?;
        check("cmdline", &["linux", "multiboot"], shown(vm.cmdline.as_ref()), "remove it")?;
        let hint = "remove it (a file for Linux is initrd = \"FILE\")";
        check("modules", &["multiboot"], shown(first(vm.modules.as_ref())), hint)?;
        let hint = "remove it: the kernel's file says where it belongs";
        check("load", &["flat"], shown(vm.load.as_ref()), hint)?;
        let hint = "remove it, or write boot = \"bios\"";
        check("firmware", &["bios"], shown(vm.firmware.as_ref()), hint)?;
        check("floppies", &["bios"], shown(first(vm.floppies.as_ref())), hint)?;
        check("disks", &["bios"], shown(first(vm.disks.as_ref())), hint)
    }

    /// The file of the key `kernel`, and the key's value for messages.
    fn kernel<'a>(&self, vm: &'a Vm, provide: Provide) -> Result<(&'a Spanned<String>, File)> {
        let Some(path) = &vm.kernel else {
            bail!("{}: [[vm]] {:?} has no kernel; write kernel = \"FILE\"", self.name, vm.name.get_ref());
        };
        Ok((path, self.file("kernel", path, provide)?))
    }

    fn linux(&self, vm: &Vm, memory: u64, provide: Provide) -> Result<Boot> {
        let (path, file) = self.kernel(vm, provide)?;
        let kernel = Kernel::parse(&file.bytes).map_err(|reason| self.wrong("kernel", path, &reason))?;
        let initrd = match &vm.initrd {
            Some(path) => Some(self.initrd(path, &kernel, provide)?),
            None => None,
        };
        let cmdline = self.cmdline(vm.cmdline.as_ref(), kernel.cmdline_max as usize)?;
        let initrd_bytes = initrd.as_ref().map_or(0, |initrd| initrd.bytes.len() as u64);
        kernel.fits(memory, initrd_bytes).map_err(|reason| self.wrong("memory", &vm.memory, &reason))?;
        // What is left, the loader of stage 3 finds.
        let acpi = acpi::tables(&AcpiConfig { cpus: 1 });
        let initrd_bytes = initrd.as_ref().map(|initrd| &*initrd.bytes);
        linux::load(&file.bytes, initrd_bytes, &cmdline, acpi.rsdp, &Pretended::new(memory))
            .map_err(|error| self.wrong("kernel", path, &error.to_string()))?;
        Ok(Boot::Linux { kernel: file, initrd, cmdline })
    }

    fn initrd(&self, path: &Spanned<String>, kernel: &Kernel, provide: Provide) -> Result<File> {
        let file = self.file("initrd", path, provide)?;
        kernel.takes_initrd(file.bytes.len() as u64).map_err(|reason| self.wrong("initrd", path, &reason))?;
        Ok(file)
    }

    /// The command line of a kernel that takes at most `max` bytes.
    fn cmdline(&self, value: Option<&Spanned<String>>, max: usize) -> Result<String> {
        let Some(value) = value else { return Ok(String::new()) };
        let text = value.get_ref();
        if text.len() > max {
            let reason = format!("{} bytes; this kernel takes at most {max}", text.len());
            bail!(self.wrong("cmdline", value, &reason));
        }
        self.printable("cmdline", value, text)?;
        Ok(text.clone())
    }

    fn printable<T: std::fmt::Debug>(&self, key: &str, value: &Spanned<T>, text: &str) -> Result<()> {
        if text.contains(|c: char| c.is_control()) {
            bail!(self.wrong(key, value, "control characters can't stand in a command line; remove them"));
        }
        Ok(())
    }

    /// The loader of stage 3 tries whether it could load everything.
    fn multiboot(&self, vm: &Vm, memory: u64, provide: Provide) -> Result<Boot> {
        let (path, kernel) = self.kernel(vm, provide)?;
        let words = self.cmdline(vm.cmdline.as_ref(), usize::MAX)?;
        // Kernels take the first word for their name, unless the loader says that it is GRUB 2.
        let cmdline = format!("{} {words}", kernel.name).trim_end().to_owned();
        let mut modules = Vec::new();
        for module in vm.modules.iter().flatten() {
            modules.push(self.module(module, provide)?);
        }
        let guest_modules: Vec<_> =
            modules.iter().map(|(file, args)| Module { bytes: &file.bytes, args }).collect();
        let guest = Guest { kernel: &kernel.bytes, cmdline: &cmdline, modules: &guest_modules };
        let acpi = acpi::tables(&AcpiConfig { cpus: 1 });
        let load = |memory| multiboot::load(&guest, &acpi, &Pretended::new(memory));
        if let Err(error) = load(memory) {
            if load(MEMORY_MAX).is_err() {
                bail!(self.wrong("kernel", path, &error.to_string()));
            }
            let units: Vec<u64> = (1..=MEMORY_MAX / MEMORY_UNIT).collect();
            let enough = units.partition_point(|units| load(units * MEMORY_UNIT).is_err()) as u64 + 1;
            let enough = size::show(enough * MEMORY_UNIT);
            let reason = format!("too small: {error}; write at least {enough:?}");
            bail!(self.wrong("memory", &vm.memory, &reason));
        }
        Ok(Boot::Multiboot { kernel, cmdline, modules })
    }

    fn module(&self, value: &Spanned<raw::Module>, provide: Provide) -> Result<(File, String)> {
        let (name, args) = value.get_ref().parts();
        if name.is_empty() {
            bail!(self.wrong("modules", value, "there is no file; write [\"FILE words\"]"));
        }
        self.printable("modules", value, args)?;
        Ok((self.named_file("modules", value, name, provide)?, args.into()))
    }

    fn flat(&self, vm: &Vm, memory: u64, provide: Provide) -> Result<Boot> {
        let (_, kernel) = self.kernel(vm, provide)?;
        let Some(value) = &vm.load else {
            bail!(
                "{}: [[vm]] {:?} has no load address; write load = \"0x7c00\"",
                self.name,
                vm.name.get_ref()
            );
        };
        let Some(load) = value.get_ref().value() else {
            bail!(self.wrong("load", value, "write an address, for example \"0x7c00\""));
        };
        flat::load(&kernel.bytes, load, &Pretended::new(memory)).map_err(|error| {
            let reason = format!("{error}; write a lower address, for example \"0x7c00\"");
            self.wrong("load", value, &reason)
        })?;
        Ok(Boot::Flat { kernel, load: load as u32 })
    }
}

/// Where a value is, and how it is written.
fn shown<T: std::fmt::Debug>(value: Option<&Spanned<T>>) -> Option<(usize, String)> {
    value.map(|value| (value.span().start, format!("{:?}", value.get_ref())))
}

/// The first value of a list.
fn first<T>(list: Option<&Vec<T>>) -> Option<&T> {
    list.and_then(|list| list.first())
}
