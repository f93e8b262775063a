//! `cargo xtask bench`: what running in a VM costs, counted in instructions and not in seconds: a run that is repeated
//! gives the same figures, whatever else the build computer does. docs/performance.md says what each figure means.

mod asking;
mod baseline;
mod bochs;
mod counts;
mod exits;
mod figures;
mod freedos;
mod linux;
mod loads;
mod page;
mod qemu;
mod reasons;
mod record;
mod size;
mod tools;

use crate::packages::{self, Purpose};
use crate::project;
use crate::test::Count;
use anyhow::{bail, Context as _, Result};
use figures::Figures;
use record::Record;
use std::path::PathBuf;

/// Options of `cargo xtask bench`
#[derive(clap::Args, Debug)]
pub struct Options {
    /// Measure only this; to be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Only list the measurements
    #[arg(long)]
    list: bool,
    /// Write the figures to FILE, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Fail if a count has grown since bench/baseline.json was written
    #[arg(long)]
    check: bool,
    /// Write bench/baseline.json; of what is not measured now, the old figures stay
    #[arg(long, conflicts_with = "check")]
    save_baseline: bool,
}

/// A measurement.
struct Measurement {
    name: &'static str,
    what: &'static str,
    /// Why it can't be made here, if so.
    missing: fn() -> Option<String>,
    run: fn(&mut Figures) -> Result<()>,
}

const MEASUREMENTS: &[Measurement] = &[
    size::MEASUREMENT,
    exits::MEASUREMENT,
    exits::BOCHS,
    exits::BOCHS_SVM,
    freedos::MEASUREMENT,
    linux::MEASUREMENT,
    linux::QUIET,
    linux::BOCHS,
    linux::BOCHS_SVM,
    loads::MEASUREMENT,
];

/// Those that take some seconds together, and need nothing but what builds images and QEMU.
const QUICK: [&str; 2] = ["size", "exits"];

/// Measures, prints the figures, writes and compares them. Whether each is within its limit, and not above the baseline if
/// that is looked at.
pub fn run(options: &Options) -> Result<bool> {
    if options.list {
        for measurement in MEASUREMENTS {
            println!("{:<22} {}", measurement.name, measurement.what);
        }
        return Ok(true);
    }
    for name in &options.only {
        if !MEASUREMENTS.iter().any(|measurement| measurement.name == name) {
            bail!("there is no measurement {name:?}; see `cargo xtask bench --list`");
        }
    }
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    let (all, are_made) = measure(wanted)?;
    if let Some(path) = &options.json {
        Record::new(all.clone()).save(path)?;
    }
    draw(&all)?;
    let file = project::root().join(baseline::FILE);
    let mut is_fine = are_made && all.iter().all(Figures::are_within_limits);
    if options.check {
        is_fine &= is_as_before(&all, options.only.is_empty())?;
    } else if options.save_baseline {
        let mut record = Record::load(&file)?.unwrap_or_else(|| Record::new(Vec::new()));
        record.update(&all);
        record.save(&file)?;
        println!("wrote {}", project::shown(&file));
    }
    Ok(is_fine)
}

/// Writes the page with pictures.
fn draw(all: &[Figures]) -> Result<()> {
    let what = |figures: &Figures| {
        MEASUREMENTS.iter().find(|one| one.name == figures.name).map_or("", |one| one.what)
    };
    let sections: Vec<_> = all.iter().map(|figures| (what(figures), figures)).collect();
    let file = project::target().join(page::FILE);
    crate::image::write(&file, page::html(&sections).as_bytes())?;
    println!("pictures: {}", project::shown(&file));
    Ok(())
}

/// Makes the measurements that are wanted, and prints the figures of each. And whether none failed: the others go on.
fn measure(wanted: impl Fn(&str) -> bool) -> Result<(Vec<Figures>, bool)> {
    // What the figures were made with is noted before they are.
    packages::ensure(&[Purpose::Image, Purpose::Bios, Purpose::Qemu, Purpose::Bochs])?;
    let (mut all, mut are_made) = (Vec::new(), true);
    let chosen: Vec<_> = MEASUREMENTS.iter().filter(|measurement| wanted(measurement.name)).collect();
    for (number, measurement) in (1..).zip(&chosen) {
        println!("=== {} ({number} of {})", measurement.name, chosen.len());
        if let Some(reason) = (measurement.missing)() {
            println!("{}: NOT MEASURED: {reason}", measurement.name);
            continue;
        }
        let mut figures = Figures::new(measurement.name);
        tools::note(&mut figures);
        if let Err(error) = (measurement.run)(&mut figures) {
            println!("{}: FAILED: {error:#}", measurement.name);
            are_made = false;
            continue;
        }
        println!("\n{}: {}\n{figures}", measurement.name, measurement.what);
        all.push(figures);
    }
    Ok((all, are_made))
}

/// Whether nothing has grown since the baseline was written. `all`: every measurement should have been made.
fn is_as_before(measured: &[Figures], all: bool) -> Result<bool> {
    let file = project::root().join(baseline::FILE);
    let baseline = Record::load(&file)?.with_context(|| {
        format!("there is no {}: write it by `cargo xtask bench --save-baseline`", baseline::FILE)
    })?;
    Ok(baseline::report(&baseline::compare(&baseline, measured, all)))
}

/// A check of `cargo xtask test`: the measurements that take no time, with the baseline.
pub fn check_the_quick() -> Result<Count> {
    let (all, are_made) = measure(|name| QUICK.contains(&name))?;
    let is_fine = are_made && all.iter().all(Figures::are_within_limits);
    Ok(Count::one(is_as_before(&all, false)? && is_fine))
}
