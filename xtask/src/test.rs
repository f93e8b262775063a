//! `cargo xtask test`: everything that must hold, in order, and how much of it does.

use crate::packages;
use crate::{boot_tests, host_checks};
use anyhow::{bail, Result};
use std::time::Instant;

/// Options of `cargo xtask test`
#[derive(clap::Args, Debug)]
pub struct Options {
    /// Run only what has one of these in its name
    filter: Vec<String>,
    /// Only list the names
    #[arg(long)]
    list: bool,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|part| name.contains(part))
    }
}

/// How many passed and how many failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Could not be run, for want of something that is not ours to bring.
    pub not_run: usize,
}

impl Count {
    /// One check.
    pub fn one(passed: bool) -> Self {
        Self { passed: usize::from(passed), failed: usize::from(!passed), not_run: 0 }
    }
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.not_run += other.not_run;
    }
}

/// Runs it all and ends with the line `N passed, N failed`. Whether nothing failed.
pub fn run(options: &Options) -> Result<bool> {
    let mut boot_tests = boot_tests::load()?;
    boot_tests.retain(|test| options.wants(&test.title()));
    let checks: Vec<_> = host_checks::CHECKS.iter().filter(|check| options.wants(check.name)).collect();
    if options.list {
        let titles = boot_tests.iter().map(boot_tests::Test::title);
        for name in checks.iter().map(|check| check.name.to_owned()).chain(titles) {
            println!("{name}");
        }
        return Ok(true);
    }
    if checks.is_empty() && boot_tests.is_empty() {
        bail!("nothing has this in its name; see `cargo xtask test --list`");
    }
    packages::ensure(packages::ALL)?;
    let mut count = Count::default();
    for check in checks {
        println!("=== {}", check.name);
        let start = Instant::now();
        let result = (check.run)().unwrap_or_else(|error| {
            println!("{error:#}");
            Count::one(false)
        });
        report(result.failed == 0, check.name, start);
        count += result;
    }
    if !boot_tests.is_empty() {
        println!("=== boot tests");
        count += boot_tests::run(&boot_tests)?;
    }
    let not_run = if count.not_run == 0 { String::new() } else { format!(" ({} not run)", count.not_run) };
    println!("\n{} passed, {} failed{not_run}", count.passed, count.failed);
    Ok(count.failed == 0)
}

/// One line about a check.
pub fn report(passed: bool, name: &str, start: Instant) {
    let verdict = if passed { "ok    " } else { "FAILED" };
    println!("{verdict}  {name:<44} {:6.1} s", start.elapsed().as_secs_f32());
}
