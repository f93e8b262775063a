//! Builds, runs, debugs and tests pxHV: `cargo xtask help`.

mod asm_guest;
mod assemble;
mod bench;
mod boot_tests;
mod bzimage;
mod config;
mod console;
mod control;
mod coverage;
mod ctl;
mod emulator;
mod expect;
mod flatten;
mod footprint;
mod fuzz;
mod gdb;
mod guests;
mod host_checks;
mod image;
mod initramfs;
mod leaving;
mod noise;
mod pack;
mod packages;
mod picture;
mod progress;
mod project;
mod pty;
mod ram;
mod run;
mod session;
mod size;
mod stress;
mod terminal;
mod test;
mod toolchain;
mod transcript;
mod typing;

use anyhow::Result;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Builds, runs, debugs and tests pxHV
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the disk image
    Image {
        #[command(flatten)]
        build: image::What,
        /// The file to write [default: target/pxhv.img]
        #[arg(long)]
        output: Option<PathBuf>,
    },
    /// Build the disk image and run it in an emulator
    Run(run::Options),
    /// Send commands to the monitor of the pxHV that runs
    Ctl(ctl::Options),
    /// Build the disk image, start it, and stop at stage 3's entry in a debugger
    Gdb(gdb::Options),
    /// Check format and lints, and run the host tests and the boot tests
    Test(test::Options),
    /// Run a guest that makes millions of random exits
    Stress(stress::Options),
    /// Look for inputs of the virtual PC that break it
    Fuzz(fuzz::Options),
    /// Tell which lines of the virtual PC the host tests execute
    Coverage(coverage::Options),
    /// Count what running in a VM costs
    Bench(bench::Options),
    /// Install every package that building, running, debugging and testing need
    Setup,
}

fn main() -> ExitCode {
    match execute() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the task succeeded; it has told why not.
fn execute() -> Result<bool> {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let (_, options) = matches.subcommand().expect("a subcommand is required");
    match &cli.task {
        Task::Image { build, output } => {
            image::build(build, output.as_deref())?;
        }
        Task::Run(run) => run::run(run, options)?,
        Task::Ctl(options) => return ctl::run(options),
        Task::Gdb(options) => gdb::run(options)?,
        Task::Stress(options) => stress::run(options)?,
        Task::Test(options) => return test::run(options),
        Task::Fuzz(options) => return fuzz::run(options),
        Task::Bench(options) => return bench::run(options),
        Task::Coverage(options) => return coverage::run(options),
        Task::Setup => {
            packages::ensure(packages::ALL)?;
        }
    }
    Ok(true)
}
