//! `cargo xtask fuzz`: the targets of tests/fuzz under libFuzzer.
//!
//! libFuzzer comes with the crate libfuzzer-sys. Its eyes are counters at each branch, which the compiler puts in
//! behind every stable rustc's `-Cpasses` and `-Cllvm-args`: no other toolchain is needed.

use crate::packages::{self, Purpose};
use crate::progress::Step;
use crate::{host_checks, project};
use anyhow::{bail, ensure, Context, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Options of `cargo xtask fuzz`
#[derive(clap::Args, Debug)]
pub struct Options {
    /// The targets to run, one after the other [default: all]
    targets: Vec<String>,
    /// Seconds for each
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    time: u32,
    /// Only list the names
    #[arg(long)]
    list: bool,
    /// Run one target on this file instead, and tell each step
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
}

/// The target that is built, by name: build scripts and macros are not instrumented then.
pub const HOST: &str = "x86_64-unknown-linux-gnu";
/// What makes the compiler count branches and note comparisons, for libFuzzer to see.
const INSTRUMENTATION: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
];
/// Names the target to the program, and makes it tell each step.
const TARGET: &str = "PXHV_FUZZ";
const VERBOSE: &str = "PXHV_FUZZ_VERBOSE";
/// Longest input, in bytes.
const MAX_LENGTH: &str = "-max_len=4096";

/// Runs it. Whether nothing was found.
pub fn run(options: &Options) -> Result<bool> {
    packages::ensure(&[Purpose::Fuzz])?;
    let program = build()?;
    let output = Command::new(&program).env_remove(TARGET).output()?;
    let names = String::from_utf8(output.stdout)?;
    let names: Vec<&str> = names.lines().collect();
    if options.list {
        println!("{}", names.join("\n"));
        return Ok(true);
    }
    if let Some(unknown) = options.targets.iter().find(|target| !names.contains(&target.as_str())) {
        bail!("there is no target {unknown}; there are {}", names.join(", "));
    }
    if let Some(input) = &options.input {
        let [target] = &options.targets[..] else { bail!("--input needs the name of one target") };
        let status = Command::new(&program).env(TARGET, target).env(VERBOSE, "1").arg(input).status()?;
        return Ok(status.success());
    }
    let chosen =
        names.iter().filter(|name| options.targets.is_empty() || options.targets.iter().any(|t| t == *name));
    let mut sound = true;
    for name in chosen {
        sound &= fuzz(&program, name, options.time)?;
    }
    Ok(sound)
}

/// Where it is built, and where corpus, logs and findings are kept.
fn directory() -> PathBuf {
    project::target().join("fuzz")
}

/// Builds the program that holds all targets.
fn build() -> Result<PathBuf> {
    let step = Step::start("building the fuzz targets");
    let mut command = host_checks::cargo("build");
    command.args([
        "--quiet",
        "--package",
        "fuzz",
        "--features",
        "libfuzzer",
        "--profile",
        "fuzz",
        "--target",
        HOST,
    ]);
    command.env("CARGO_TARGET_DIR", directory()).env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTATION.join("\x1f"));
    ensure!(command.status()?.success(), "the fuzz targets do not build; see above");
    step.done("built the fuzz targets");
    Ok(directory().join(HOST).join("fuzz/fuzz"))
}

/// Runs one target for some seconds. Whether nothing was found.
fn fuzz(program: &Path, name: &str, seconds: u32) -> Result<bool> {
    let corpus = directory().join("corpus").join(name);
    let findings = directory().join("findings");
    let log = directory().join(format!("{name}.log"));
    for directory in [&corpus, &findings] {
        fs::create_dir_all(directory).with_context(|| format!("can't make {}", directory.display()))?;
    }
    let step = Step::start(&format!("fuzzing {name} for {seconds} s"));
    let out = File::create(&log).with_context(|| format!("can't write {}", log.display()))?;
    let status = Command::new(program)
        .env(TARGET, name)
        .arg(format!("-max_total_time={seconds}"))
        // The name of a finding follows.
        .arg(format!("-artifact_prefix={}/{name}-", findings.display()))
        .args([MAX_LENGTH, "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=0"])
        .arg(&corpus)
        .stdout(out.try_clone()?)
        .stderr(out)
        .status()?;
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let runs = statistic(&text, "number_of_executed_units").unwrap_or("no");
    let inputs = fs::read_dir(&corpus)?.count();
    if status.success() {
        step.done(&format!("ok      {name:<10} {runs:>10} runs, {inputs} inputs in the corpus"));
        return Ok(true);
    }
    step.done(&format!("FAILED  {name:<10} after {runs} runs"));
    for line in text.lines().filter(|line| !line.starts_with(['#', '"', '\t'])) {
        println!("    {line}");
    }
    if let Some(finding) = finding(&text) {
        println!("Again, with each step:\n    cargo xtask fuzz {name} --input {finding}");
    }
    Ok(false)
}

/// A number among libFuzzer's last lines.
fn statistic<'a>(log: &'a str, name: &str) -> Option<&'a str> {
    log.lines()
        .find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name)?.strip_prefix(':'))
        .map(str::trim)
}

/// The file that libFuzzer keeps an input in that fails.
fn finding(log: &str) -> Option<&str> {
    log.lines().find_map(|line| line.split_once("Test unit written to ")).map(|(_, file)| file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libfuzzers_words_are_understood() {
        let log = "artifact_prefix='a/'; Test unit written to a/board-crash-12\nstat::number_of_executed_units: 708696\n";
        assert_eq!(statistic(log, "number_of_executed_units"), Some("708696"));
        assert_eq!(statistic(log, "peak_rss_mb"), None);
        assert_eq!(finding(log), Some("a/board-crash-12"));
    }
}
