//! `cargo xtask coverage`: which lines of the crate machine its host tests execute.
//!
//! rustc counts, and LLVM's own tools read the counts; their version must be that of the LLVM inside rustc. Test code
//! does not count.

mod lcov;

use crate::fuzz::HOST;
use crate::progress::Step;
use crate::{host_checks, packages, project};
use anyhow::{ensure, Context, Result};
use lcov::Coverage;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Options of `cargo xtask coverage`
#[derive(clap::Args, Debug)]
pub struct Options {
    /// Percentage of lines below which it fails
    #[arg(long, default_value_t = 90.0, value_name = "PERCENT")]
    least: f64,
    /// Name the lines that no test executes
    #[arg(long)]
    lines: bool,
}

/// The crate that is measured.
const CRATE: &str = "machine";

/// Runs the tests and prints what they cover. Whether that is enough.
pub fn run(options: &Options) -> Result<bool> {
    let [profdata, cov] = tools()?;
    let directory = project::target().join("coverage");
    let profiles = directory.join("profiles");
    if profiles.exists() {
        fs::remove_dir_all(&profiles)?;
    }
    let programs = test(&directory, &profiles)?;
    let merged = directory.join("merged.profdata");
    let files: Vec<_> = fs::read_dir(&profiles)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    output(Command::new(profdata).args(["merge", "--sparse", "--output"]).arg(&merged).args(files))?;
    let mut command = Command::new(cov);
    command.args(["export", "--format=lcov", "--instr-profile"]).arg(&merged);
    for program in &programs {
        command.arg("--object").arg(program);
    }
    let source = project::root().join("stage3").join(CRATE).join("src");
    let coverage = Coverage::parse(&output(&mut command)?, &source, &|file| fs::read_to_string(file).ok());
    coverage.print(options.lines);
    let enough = coverage.percent() >= options.least;
    if !enough {
        println!(
            "FAILED: at least {} % are asked for; --lines names those that no test executes",
            options.least
        );
    }
    Ok(enough)
}

/// llvm-profdata and llvm-cov of the LLVM inside rustc; installs them if they are missing.
fn tools() -> Result<[String; 2]> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = output(Command::new(rustc).arg("-vV"))?;
    let major = version
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: ")?.split('.').next())
        .context("rustc does not tell its LLVM version")?;
    let tools = ["llvm-profdata", "llvm-cov"].map(|tool| format!("{tool}-{major}"));
    packages::ensure_programs(&tools, &format!("llvm-{major}"))?;
    Ok(tools)
}

/// Builds and runs the tests, which leave their counts in `profiles`. Returns their programs.
fn test(directory: &Path, profiles: &Path) -> Result<Vec<PathBuf>> {
    let step = Step::start("testing with counters");
    let mut command = host_checks::cargo("test");
    command.args(["--package", CRATE, "--lib", "--tests", "--target", HOST]);
    command.env("CARGO_TARGET_DIR", directory).env("CARGO_ENCODED_RUSTFLAGS", "-Cinstrument-coverage");
    // Tests run side by side: each process has a file of its own.
    command.env("LLVM_PROFILE_FILE", profiles.join("%p-%m.profraw"));
    let output = command.stdin(Stdio::null()).output()?;
    let (said, results) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    ensure!(output.status.success(), "the tests fail:\n{said}{results}");
    step.done("tested with counters");
    Ok(said.lines().filter_map(program).map(|program| project::root().join(program)).collect())
}

/// The program that cargo says it runs: `Running unittests src/lib.rs (target/…/deps/machine-0123)`.
fn program(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("Running ")?.rsplit_once('(')?.1.strip_suffix(')')
}

/// What a command prints.
fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().display().to_string();
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("can't run {name}"))?;
    ensure!(output.status.success(), "{name} ended with {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_tells_which_programs_it_runs() {
        let line = "     Running unittests src/lib.rs (target/coverage/debug/deps/machine-0123)";
        assert_eq!(program(line), Some("target/coverage/debug/deps/machine-0123"));
        assert_eq!(program("    Finished `test` profile [unoptimized] target(s) in 1 s (2)"), None);
    }
}
