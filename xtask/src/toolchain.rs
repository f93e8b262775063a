//! Which Rust builds stage 3.
//!
//! Stage 3's target, x86_64-unknown-none, needs its own `core` and `alloc`. Either they come with
//! the toolchain (`rustup target add x86_64-unknown-none`), or they are built from the standard
//! library's source (Debian's package rust-web-src). The second way needs an unstable option of
//! cargo, which `RUSTC_BOOTSTRAP=1` allows on a stable toolchain.

use anyhow::Result;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The target of stage 3.
pub const TARGET: &str = "x86_64-unknown-none";

/// Debian's packages that together can build for [`TARGET`].
pub const DEBIAN: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// The oldest Rust that builds pxHV: `rust-version` of the workspace.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

/// A toolchain.
#[derive(Debug)]
pub struct Toolchain {
    /// Empty for the toolchain that runs this program; else the directory of cargo and rustc.
    directory: PathBuf,
    version: String,
    /// Whether it can build for [`TARGET`] as it is.
    has_target: bool,
    /// Whether the source of its standard library is there.
    has_source: bool,
    /// Whether it brings the linker that [`TARGET`] asks for by default.
    has_lld: bool,
}

impl Toolchain {
    /// The first toolchain that can build stage 3: the one on the PATH, then the system's.
    pub fn find() -> Option<Self> {
        Self::all().find(|toolchain| toolchain.has_target || toolchain.has_source)
    }

    /// The first toolchain that can run `cargo TOOL`, for stage 3 or for this computer.
    pub fn with(tool: &str, for_stage3: bool) -> Option<Self> {
        let builds = |toolchain: &Self| !for_stage3 || toolchain.has_target || toolchain.has_source;
        Self::all().find(|toolchain| builds(toolchain) && toolchain.has(tool))
    }

    fn all() -> impl Iterator<Item = Self> {
        ["", "/usr/bin"].into_iter().filter_map(|directory| Self::probe(Path::new(directory)))
    }

    fn probe(directory: &Path) -> Option<Self> {
        let mut toolchain = Self {
            directory: directory.into(),
            version: String::new(),
            has_target: false,
            has_source: false,
            has_lld: false,
        };
        let sysroot = PathBuf::from(toolchain.ask_rustc(&["--print", "sysroot"])?);
        toolchain.version = toolchain.ask_rustc(&["--version"])?;
        if !is_new_enough(&toolchain.version, OLDEST) {
            return None;
        }
        // "cargo" may be a proxy of rustup without a toolchain behind it.
        toolchain.cargo("--version").output().ok().filter(|output| output.status.success())?;
        let libraries =
            PathBuf::from(toolchain.ask_rustc(&["--print", "target-libdir", "--target", TARGET])?);
        toolchain.has_target = has_core(&libraries);
        toolchain.has_source = sysroot.join("lib/rustlib/src/rust/library/core/Cargo.toml").exists();
        toolchain.has_lld = sysroot.join("lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld").exists();
        Some(toolchain)
    }

    fn ask_rustc(&self, arguments: &[&str]) -> Option<String> {
        let output = self.clean(self.program("rustc")).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// What the code that it makes depends on.
    pub fn version(&self) -> String {
        format!("{}, {}", self.version, self.core())
    }

    /// Core and alloc of stage 3 are built from their source, for size. Those that come with the target are built for speed.
    pub fn builds_core(&self) -> bool {
        !self.has_target
    }

    fn core(&self) -> &'static str {
        if self.has_target {
            "with the target installed"
        } else {
            "core built from its source"
        }
    }

    /// One line that says what is used.
    pub fn describe(&self) -> String {
        let place = if self.directory.as_os_str().is_empty() { "on the PATH" } else { "in /usr/bin" };
        format!("toolchain: {} {place}, {}", self.version, self.core())
    }

    /// A cargo command of this toolchain, run in the checkout.
    pub fn cargo(&self, subcommand: &str) -> Command {
        // Called as `cargo clippy` or `cargo fmt`, cargo prefers ~/.cargo/bin, where a proxy of
        // rustup may lie: name the program itself.
        let external = self.program(&format!("cargo-{subcommand}"));
        let name = if external.is_file() { external } else { self.program("cargo") };
        let mut command = self.clean(name);
        command.arg(subcommand).current_dir(crate::project::root());
        if !self.directory.as_os_str().is_empty() {
            command.env("CARGO", self.program("cargo")).env("RUSTC", self.program("rustc"));
        }
        command
    }

    /// Whether `cargo TOOL` works.
    pub fn has(&self, tool: &str) -> bool {
        self.cargo(tool).arg("--version").output().is_ok_and(|output| output.status.success())
    }

    /// `cargo SUBCOMMAND` for stage 3 and [`TARGET`], into its own directory, so that it neither
    /// waits for nor undoes the work of the cargo that runs this program.
    pub fn cargo_for_stage3(&self, subcommand: &str) -> Command {
        let mut command = self.cargo(subcommand);
        command.args(["--release", "--package", "hypervisor", "--target", TARGET]);
        command.env("CARGO_TARGET_DIR", stage3_directory());
        // Linked to a fixed address, below 2 GiB.
        let mut flags = vec!["-Crelocation-model=static", "-Ccode-model=small"];
        if !self.has_target {
            command.env("RUSTC_BOOTSTRAP", "1");
            command.args(["-Z", "build-std=core,alloc,compiler_builtins"]);
            command.args(["-Z", "build-std-features=compiler-builtins-mem,optimize_for_size"]);
            // What the operator reads is written by Display, and of a panic's place the column is in nobody's way.
            flags.extend(["-Zfmt-debug=none", "-Zlocation-detail=file,line"]);
        }
        if !self.has_lld {
            flags.extend(["-Clinker-flavor=ld", "-Clinker=/usr/bin/ld"]);
        }
        command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
        command
    }

    /// A command without what the cargo around this program left in the environment, if it is
    /// another toolchain's.
    fn clean(&self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        if !self.directory.as_os_str().is_empty() {
            let foreign = |name: &OsString| {
                let name = name.to_string_lossy();
                let kept = [
                    "CARGO_HOME",
                    "CARGO_NET_",
                    "CARGO_HTTP_",
                    "CARGO_REGISTR",
                    "CARGO_TERM_",
                    "CARGO_BUILD_JOBS",
                    "CARGO_TARGET_DIR",
                ];
                ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTDOC", "LD_LIBRARY_PATH"]
                    .iter()
                    .any(|prefix| name.starts_with(prefix))
                    && !kept.iter().any(|prefix| name.starts_with(prefix))
            };
            for (name, _) in std::env::vars_os().filter(|(name, _)| foreign(name)) {
                command.env_remove(name);
            }
        }
        command
    }
}

/// Where stage 3 is built.
fn stage3_directory() -> PathBuf {
    crate::project::target().join("stage3")
}

/// Builds stage 3 and returns its ELF file.
pub fn build_stage3(toolchain: &Toolchain) -> Result<PathBuf> {
    let status = toolchain.cargo_for_stage3("build").arg("--quiet").status()?;
    anyhow::ensure!(status.success(), "stage 3 does not build; see above");
    Ok(stage3_directory().join(TARGET).join("release/hypervisor"))
}

/// Whether `version`, as in `rustc 1.96.0 (…)`, is `oldest`, as in `1.95`, or later.
fn is_new_enough(version: &str, oldest: &str) -> bool {
    let numbers = |text: &str| -> Option<(u32, u32)> {
        let mut parts = text.split(['.', '-', ' ']);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    let version = version.strip_prefix("rustc ").unwrap_or(version);
    numbers(version).is_some_and(|version| Some(version) >= numbers(oldest))
}

fn has_core(libraries: &Path) -> bool {
    let entries = std::fs::read_dir(libraries).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
}

/// What to do where no toolchain can build stage 3.
pub fn advice() -> String {
    format!(
        "no Rust {OLDEST} or later here can build for {TARGET}; either run\n    rustup target add {TARGET}\nor, on Debian, install {}",
        DEBIAN.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_toolchains_are_passed_over() {
        assert!(is_new_enough("rustc 1.95.0 (59807616e 2026-04-14)", "1.95"));
        assert!(is_new_enough("rustc 1.100.0-nightly (0 2026)", "1.95"));
        assert!(!is_new_enough("rustc 1.85.1", "1.95"));
        assert!(!is_new_enough("", "1.95"));
    }

    #[test]
    fn target_is_there_when_its_core_is() {
        let directory = tempfile::tempdir().unwrap();
        assert!(!has_core(&directory.path().join("missing")));
        std::fs::write(directory.path().join("libother-0123.rlib"), "").unwrap();
        assert!(!has_core(directory.path()));
        std::fs::write(directory.path().join("libcore-0123.rlib"), "").unwrap();
        assert!(has_core(directory.path()));
    }

    fn sample(directory: &Path, has_target: bool) -> Toolchain {
        let has_source = !has_target;
        Toolchain {
            directory: directory.into(),
            version: String::new(),
            has_target,
            has_source,
            has_lld: has_target,
        }
    }

    /// The value that a command sets a variable to; "" if it removes it.
    fn environment(command: &Command, name: &str) -> Option<String> {
        let (_, value) = command.get_envs().find(|(key, _)| *key == name)?;
        Some(value.unwrap_or_default().to_string_lossy().into_owned())
    }

    #[test]
    fn installed_target_is_built_without_unstable_options() {
        let toolchain = sample(Path::new(""), true);
        let command = toolchain.cargo_for_stage3("build");
        assert_eq!(command.get_program(), "cargo");
        assert!(command.get_args().all(|argument| argument != "-Z"));
        assert_eq!(environment(&command, "RUSTC_BOOTSTRAP"), None);
        let flags = environment(&command, "CARGO_ENCODED_RUSTFLAGS").unwrap();
        assert!(flags.contains("relocation-model=static") && !flags.contains("linker"), "{flags}");
        assert!(!flags.contains("-Z"), "{flags}");
    }

    #[test]
    fn core_from_source_asks_for_build_std_and_the_system_linker() {
        let directory = tempfile::tempdir().unwrap();
        let toolchain = sample(directory.path(), false);
        let command = toolchain.cargo_for_stage3("build");
        assert_eq!(command.get_program(), directory.path().join("cargo"));
        assert!(command.get_args().any(|argument| argument.to_string_lossy().starts_with("build-std=")));
        assert_eq!(environment(&command, "RUSTC_BOOTSTRAP"), Some("1".into()));
        let flags = environment(&command, "CARGO_ENCODED_RUSTFLAGS").unwrap();
        assert!(flags.contains("linker-flavor=ld"), "{flags}");
        assert_eq!(
            environment(&command, "RUSTC"),
            Some(directory.path().join("rustc").display().to_string())
        );
        // `cargo test` sets these for the toolchain that runs it.
        assert_eq!(environment(&command, "CARGO_MANIFEST_DIR"), Some(String::new()));
    }
}
