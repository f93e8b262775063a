//! `cargo xtask bench`: what running in a VM costs, counted in instructions and not in seconds: a run that is repeated
//! gives the same figures, whatever else the build computer does. docs/performance.md says what each figure means.

mod exits;
mod figures;
mod freedos;
mod linux;
mod qemu;

use anyhow::{bail, Context as _, Result};
use figures::Figures;
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
}

/// A measurement.
struct Measurement {
    name: &'static str,
    what: &'static str,
    /// Why it can't be made here, if so.
    missing: fn() -> Option<String>,
    run: fn(&mut Figures) -> Result<()>,
}

const MEASUREMENTS: &[Measurement] =
    &[exits::MEASUREMENT, freedos::MEASUREMENT, linux::MEASUREMENT, linux::QUIET];

/// Measures, prints the figures, and writes them. Whether each is within its limit.
pub fn run(options: &Options) -> Result<bool> {
    if options.list {
        for measurement in MEASUREMENTS {
            println!("{:<18} {}", measurement.name, measurement.what);
        }
        return Ok(true);
    }
    for name in &options.only {
        if !MEASUREMENTS.iter().any(|measurement| measurement.name == name) {
            bail!("there is no measurement {name:?}; see `cargo xtask bench --list`");
        }
    }
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    let mut all = Vec::new();
    for measurement in MEASUREMENTS.iter().filter(|measurement| wanted(measurement.name)) {
        if let Some(reason) = (measurement.missing)() {
            println!("{}: NOT MEASURED: {reason}", measurement.name);
            continue;
        }
        let mut figures = Figures::new(measurement.name);
        (measurement.run)(&mut figures).with_context(|| measurement.name)?;
        println!("\n{}: {}\n{figures}", measurement.name, measurement.what);
        all.push(figures);
    }
    if let Some(path) = &options.json {
        crate::image::write(path, figures::json(&all)?.as_bytes())?;
    }
    Ok(all.iter().all(Figures::are_within_limits))
}
