//! The checks before the boot tests: format, lints, the tests that run on this computer, the size of the stages, and counts
//! that must not grow.

use crate::test::Count;
use crate::toolchain::Toolchain;
use crate::{bench, footprint};
use anyhow::{Context, Result};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// A check by name.
#[derive(Debug)]
pub struct Check {
    /// What it is called.
    pub name: &'static str,
    /// Runs it.
    pub run: fn() -> Result<Count>,
}

/// All of them, in the order in which they run.
pub const CHECKS: &[Check] = &[
    Check { name: "format", run: format },
    Check { name: "lints", run: lints },
    Check { name: "lints of stage 3", run: lints_of_stage3 },
    Check { name: "host tests", run: host_tests },
    Check { name: "size of the stages", run: footprint::check },
    Check { name: "counts of the baseline", run: bench::check_the_quick },
];

/// Beside what Cargo.toml asks for.
const DENY: [&str; 3] = ["--", "-D", "warnings"];

fn format() -> Result<Count> {
    let toolchain = Toolchain::with("fmt", false).context("cargo fmt is missing")?;
    succeeds(toolchain.cargo("fmt").args(["--all", "--check"]))
}

fn lints() -> Result<Count> {
    let toolchain = Toolchain::with("clippy", false).context("cargo clippy is missing")?;
    succeeds(toolchain.cargo("clippy").args(["--quiet", "--all-targets"]).args(DENY))
}

fn lints_of_stage3() -> Result<Count> {
    let toolchain =
        Toolchain::with("clippy", true).context("cargo clippy is missing for stage 3's target")?;
    succeeds(toolchain.cargo_for_stage3("clippy").arg("--quiet").args(DENY))
}

fn succeeds(command: &mut Command) -> Result<Count> {
    let status =
        command.status().with_context(|| format!("can't run {}", command.get_program().display()))?;
    Ok(Count::one(status.success()))
}

/// The default members of the workspace are the crates that run on this computer.
fn host_tests() -> Result<Count> {
    let mut command = cargo("test");
    let mut child = command.stdout(Stdio::piped()).spawn().context("can't run cargo test")?;
    let mut count = Count::default();
    for line in BufReader::new(child.stdout.take().expect("piped")).lines() {
        let line = line?;
        match result(&line) {
            Some(result) => count += result,
            // Only what is not as it should be is worth the reader's time.
            None if line.ends_with("... ok") => {}
            None => println!("{line}"),
        }
    }
    let passed = child.wait()?.success();
    // A test program that does not build or crashes prints no result.
    if !passed && count.failed == 0 {
        count.failed = 1;
    }
    Ok(count)
}

/// A command of the cargo that runs this program.
pub fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.arg(subcommand).current_dir(crate::project::root());
    command
}

/// Reads `test result: ok. 4 passed; 0 failed; …`.
fn result(line: &str) -> Option<Count> {
    let (_, numbers) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |word: &str| {
        let part = numbers.split("; ").find_map(|part| part.strip_suffix(word))?;
        part.trim().parse().ok()
    };
    Some(Count { passed: number("passed")?, failed: number("failed")?, ..Count::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_cargo_test_are_read() {
        let line = "test result: FAILED. 37 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.05s";
        assert_eq!(result(line), Some(Count { passed: 37, failed: 2, not_run: 0 }));
        assert_eq!(result("test a ... ok"), None);
        assert_eq!(result("test result: ok"), None);
    }
}
