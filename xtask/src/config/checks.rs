//! The checks of pxhv.toml, one function per key.

use super::{raw, Config, Provide, Source, Vm};
use crate::size::{self, MIB};
use anyhow::{bail, Result};
use bundle::manifest::{Display, LogLevel};
use machine::pc::is_free_port;
use std::collections::BTreeSet;
use toml::Spanned;

/// Most RAM of a virtual machine: the PC's devices lie above.
pub const MEMORY_MAX: u64 = 3 << 30;
/// Guest RAM is mapped in pages of this size.
pub const MEMORY_UNIT: u64 = 2 * MIB;

impl Source<'_> {
    pub(super) fn check(&self, provide: Provide) -> Result<Config> {
        let raw = self.parse()?;
        let log = self.log_level(&raw)?;
        let prefix = self.prefix(&raw)?;
        if raw.vm.is_empty() {
            bail!("{}: there is no [[vm]]; describe one virtual machine", self.name);
        }
        let mut names = BTreeSet::new();
        let mut vms = Vec::new();
        for vm in &raw.vm {
            if !names.insert(vm.name.get_ref()) {
                bail!(self.wrong("name", &vm.name, "another [[vm]] has this name; names are unique"));
            }
            vms.push(self.vm(vm, provide)?);
        }
        Ok(Config { log, prefix, vms })
    }

    fn log_level(&self, raw: &raw::File) -> Result<LogLevel> {
        let Some(value) = &raw.host.log else { return Ok(LogLevel::Info) };
        match value.get_ref().as_str() {
            "error" => Ok(LogLevel::Error),
            "warn" => Ok(LogLevel::Warn),
            "info" => Ok(LogLevel::Info),
            "debug" => Ok(LogLevel::Debug),
            _ => Err(self.wrong("log", value, "write error, warn, info or debug")),
        }
    }

    fn vm(&self, vm: &raw::Vm, provide: Provide) -> Result<Vm> {
        self.name(&vm.name)?;
        let memory = self.memory(&vm.memory)?;
        if let Some(vcpus) = &vm.vcpus {
            self.vcpus(vcpus)?;
        }
        let debug_exit = self.port("debug_exit", vm.debug_exit.as_ref())?;
        let debugcon = self.port("debugcon", vm.debugcon.as_ref())?;
        if let (Some(value), true) = (&vm.debugcon, debugcon.is_some() && debugcon == debug_exit) {
            bail!(self.wrong("debugcon", value, "debug_exit has this port; write another, for example 0xe9"));
        }
        let boot = self.boot(vm, memory, provide)?;
        let display = self.display(vm)?;
        Ok(Vm {
            name: vm.name.get_ref().clone(),
            memory,
            boot,
            display,
            debug_exit,
            debugcon,
            autostart: vm.autostart.unwrap_or(true),
            weight: self.weight(vm)?,
            on_exit: self.on_exit(vm)?,
        })
    }

    fn name(&self, name: &Spanned<String>) -> Result<()> {
        let text = name.get_ref();
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if text.is_empty() || text.len() > 32 || !text.bytes().all(allowed) {
            bail!(self.wrong("name", name, "write 1 to 32 characters of a-z, 0-9 and -"));
        }
        Ok(())
    }

    fn memory(&self, value: &Spanned<String>) -> Result<u64> {
        let wrong = |reason: &str| self.wrong("memory", value, reason);
        let memory = size::parse(value.get_ref()).map_err(|reason| wrong(&reason))?;
        if memory > MEMORY_MAX {
            bail!(wrong(&format!(
                "more than a virtual machine can have; write at most {:?}",
                size::show(MEMORY_MAX)
            )));
        }
        if memory == 0 || !memory.is_multiple_of(MEMORY_UNIT) {
            let right = size::show(memory.next_multiple_of(MEMORY_UNIT).max(MEMORY_UNIT));
            bail!(wrong(&format!("not a multiple of 2M; write for example {right:?}")));
        }
        Ok(memory)
    }

    fn vcpus(&self, value: &Spanned<i64>) -> Result<()> {
        if *value.get_ref() != 1 {
            bail!(self.wrong(
                "vcpus",
                value,
                "this version of pxHV gives a virtual machine one CPU; write 1"
            ));
        }
        Ok(())
    }

    fn display(&self, vm: &raw::Vm) -> Result<Display> {
        let Some(value) = &vm.display else { return Ok(Display::Serial) };
        let has_bios = vm.boot.get_ref() == "bios";
        match value.get_ref().as_str() {
            "serial" => Ok(Display::Serial),
            "text" => Ok(Display::Text),
            "none" if has_bios => Ok(Display::None),
            "none" => {
                Err(self.wrong("display", value, "only a BIOS can do without; write \"serial\" or \"text\""))
            }
            _ if has_bios => Err(self.wrong("display", value, "write \"serial\", \"text\" or \"none\"")),
            _ => Err(self.wrong("display", value, "write \"serial\" or \"text\"")),
        }
    }

    /// A port that no device of the PC has.
    fn port(&self, key: &str, value: Option<&Spanned<raw::Number>>) -> Result<Option<u16>> {
        let Some(value) = value else { return Ok(None) };
        let example = if key == "debug_exit" { "0xf4" } else { "0xe9" };
        let port = value.get_ref().value().and_then(|port| u16::try_from(port).ok());
        let Some(port) = port.filter(|port| *port != u16::MAX) else {
            bail!(self.wrong(key, value, &format!("write a port from 0 to 0xfffe, for example {example}")));
        };
        if !is_free_port(port) {
            let reason = format!("a device of the PC has this port; write another, for example {example}");
            bail!(self.wrong(key, value, &reason));
        }
        Ok(Some(port))
    }
}
