//! The checks of pxhv.toml, one function per key.

use super::{Config, File, Provide, Raw, RawVm, Source, Vm};
use crate::bzimage::Kernel;
use crate::size::{self, MIB};
use anyhow::{bail, Result};
use bundle::manifest::LogLevel;
use toml::Spanned;

/// Most RAM of a virtual machine: the PC's devices lie above.
const MEMORY_MAX: u64 = 3 << 30;
/// Guest RAM is mapped in pages of this size.
const MEMORY_UNIT: u64 = 2 * MIB;

impl Source<'_> {
    pub(super) fn check(&self, provide: Provide) -> Result<Config> {
        let raw = self.parse()?;
        let log = self.log_level(&raw)?;
        match raw.vm.as_slice() {
            [] => bail!("{}: there is no [[vm]]; describe one virtual machine", self.name),
            [vm] => Ok(Config { log, vms: vec![self.vm(vm.get_ref(), provide)?] }),
            [first, second, ..] => {
                let (first, again) = (&first.get_ref().name, &second.get_ref().name);
                if first.get_ref() == again.get_ref() {
                    bail!(self.wrong("name", again, "another [[vm]] has this name; names are unique"));
                }
                bail!(
                    "{}: [[vm]] {:?} is the second one; this version of pxHV runs one: remove it",
                    self.at(second.span().start),
                    again.get_ref()
                )
            }
        }
    }

    fn log_level(&self, raw: &Raw) -> Result<LogLevel> {
        let Some(value) = &raw.host.log else { return Ok(LogLevel::Info) };
        match value.get_ref().as_str() {
            "error" => Ok(LogLevel::Error),
            "warn" => Ok(LogLevel::Warn),
            "info" => Ok(LogLevel::Info),
            "debug" => Ok(LogLevel::Debug),
            _ => Err(self.wrong("log", value, "write error, warn, info or debug")),
        }
    }

    fn vm(&self, vm: &RawVm, provide: Provide) -> Result<Vm> {
        self.name(&vm.name)?;
        let memory = self.memory(&vm.memory)?;
        if let Some(vcpus) = &vm.vcpus {
            self.vcpus(vcpus)?;
        }
        self.boot(&vm.boot)?;
        let Some(path) = &vm.kernel else {
            bail!("{}: [[vm]] {:?} has no kernel; write kernel = \"FILE\"", self.name, vm.name.get_ref());
        };
        let file = self.file("kernel", path, provide)?;
        let kernel = Kernel::parse(&file.bytes).map_err(|reason| self.wrong("kernel", path, &reason))?;
        let initrd = match &vm.initrd {
            Some(path) => Some(self.initrd(path, &kernel, provide)?),
            None => None,
        };
        let cmdline = self.cmdline(vm.cmdline.as_ref(), &kernel)?;
        let initrd_bytes = initrd.as_ref().map_or(0, |initrd| initrd.bytes.len() as u64);
        kernel.fits(memory, initrd_bytes).map_err(|reason| self.wrong("memory", &vm.memory, &reason))?;
        Ok(Vm { name: vm.name.get_ref().clone(), memory, kernel: file, initrd, cmdline })
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

    fn boot(&self, value: &Spanned<String>) -> Result<()> {
        match value.get_ref().as_str() {
            "linux" => Ok(()),
            "multiboot" | "bios" | "flat" => {
                Err(self.wrong("boot", value, "planned, but not in this version of pxHV; write \"linux\""))
            }
            _ => Err(self.wrong("boot", value, "unknown; write \"linux\"")),
        }
    }

    fn initrd(&self, path: &Spanned<String>, kernel: &Kernel, provide: Provide) -> Result<File> {
        let file = self.file("initrd", path, provide)?;
        kernel.takes_initrd(file.bytes.len() as u64).map_err(|reason| self.wrong("initrd", path, &reason))?;
        Ok(file)
    }

    fn cmdline(&self, value: Option<&Spanned<String>>, kernel: &Kernel) -> Result<String> {
        let Some(value) = value else { return Ok(String::new()) };
        let text = value.get_ref();
        if text.len() > kernel.cmdline_max as usize {
            let reason = format!("{} bytes; this kernel takes at most {}", text.len(), kernel.cmdline_max);
            bail!(self.wrong("cmdline", value, &reason));
        }
        if text.contains(|c: char| c.is_control()) {
            bail!(self.wrong(
                "cmdline",
                value,
                "control characters can't stand in a command line; remove them"
            ));
        }
        Ok(text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        file("empty", &[])?;
        file("text", b"not a kernel")?;
        file("pxhv.toml", text.as_bytes())?;
        Config::load(&directory.path().join("pxhv.toml"), &|path| Ok(path.into()))
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
        assert_eq!((vm.name.as_str(), vm.cmdline.as_str()), ("linux", "console=ttyS0"));
        assert_eq!(vm.kernel.name, "vmlinuz");
        assert_eq!(vm.initrd.as_ref().unwrap().bytes.len(), 5000);
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
            ("boot = \"linux\"", "boot = \"bios\"", ["pxhv.toml:6: boot = \"bios\"", "\"linux\""]),
            ("boot = \"linux\"", "boot = \"lunix\"", ["boot = \"lunix\"", "\"linux\""]),
            ("\"vmlinuz\"", "\"nowhere\"", ["pxhv.toml:7: kernel = \"nowhere\"", "nowhere"]),
            ("\"vmlinuz\"", "\"text\"", ["kernel = \"text\"", "bzImage"]),
            ("\"vmlinuz\"", "\"empty\"", ["kernel = \"empty\"", "the file is empty"]),
            ("\"initrd.gz\"", "\"nowhere\"", ["pxhv.toml:8: initrd = \"nowhere\"", "nowhere"]),
            ("name = \"linux\"", "name = \"Linux\"", ["pxhv.toml:3: name = \"Linux\"", "a-z"]),
            ("name = \"linux\"", "name = \"\"", ["name = \"\"", "a-z"]),
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
    fn one_virtual_machine_it_is() {
        let twice = format!("{:#}", load(&format!("{GOOD}{GOOD}")).unwrap_err());
        assert!(twice.contains("name = \"linux\": another"), "{twice}");
        let second = GOOD.replace("\"linux\"\n", "\"second\"\n");
        let two = format!("{:#}", load(&format!("{GOOD}{second}")).unwrap_err());
        assert!(two.contains("runs one"), "{two}");
        let none = format!("{:#}", load("").unwrap_err());
        assert!(none.contains("[[vm]]"), "{none}");
    }

    #[test]
    fn log_level_is_read() {
        assert_eq!(load(&format!("[host]\nlog = \"debug\"\n{GOOD}")).unwrap().log, LogLevel::Debug);
        let wrong = format!("{:#}", load(&format!("[host]\nlog = \"loud\"\n{GOOD}")).unwrap_err());
        assert!(wrong.contains("pxhv.toml:2: log = \"loud\""), "{wrong}");
    }
}
