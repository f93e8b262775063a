//! `cargo xtask run`.

use crate::console::Console;
use crate::control::Record;
use crate::emulator::{Computer, Emulator, On};
use crate::expect::{pattern, Script, Step};
use crate::{config, image, project, session, size};
use anyhow::{bail, Context, Result};
use clap::ArgMatches;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Options of `cargo xtask run`
#[derive(clap::Args, Debug)]
pub struct Options {
    #[command(flatten)]
    build: image::What,
    /// Run this image as it is, instead of building one
    #[arg(long, conflicts_with_all = ["config", "stage3"])]
    image: Option<PathBuf>,
    /// What to run on
    #[arg(long, value_enum, default_value = "qemu")]
    on: On,
    /// Number of the computer's CPUs
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    cpus: u32,
    /// The computer's RAM: a number with M or G [default: 1G, or more if the virtual machines need it]
    #[arg(long, value_parser = size::parse)]
    memory: Option<u64>,
    /// Another CPU model, in the emulator's words
    #[arg(long, hide = true)]
    cpu: Option<String>,
    /// Type TEXT and Enter, after the --expect before it was met
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    send: Vec<String>,
    /// Wait until REGEX appears on the console; without, the run is interactive
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    expect: Vec<String>,
    /// Fail as soon as REGEX appears on the console
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    never: Vec<String>,
    /// With --expect: how long to wait for all of it
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    /// Keep the whole console in FILE
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

/// Builds the image, runs it, and returns when the emulator is gone.
pub fn run(options: &Options, matches: &ArgMatches) -> Result<()> {
    let script = script(options, matches)?;
    if options.expect.is_empty() && !(options.send.is_empty() && options.never.is_empty()) {
        bail!("--send and --never are for scripted runs: add an --expect");
    }
    options.on.ensure()?;
    let (image, memory, prefix) = if let Some(image) = &options.image {
        // What is in it is not known.
        (image.clone(), options.memory.unwrap_or(size::GIB), config::USUAL_PREFIX)
    } else {
        let built = image::build(&options.build, None)?;
        let memory = built.need.checked(options.memory, &built.config)?;
        (built.path, memory, built.prefix)
    };
    let computer = Computer {
        on: options.on,
        cpu: options.cpu.clone(),
        cpus: options.cpus,
        memory,
        image,
        clock: None,
        debugger: None,
    };
    println!("starting {}", computer.on.name());
    let emulator = Emulator::start(&computer)?;
    let _record = Record::new(&project::target(), computer.on, emulator.control.socket())?;
    let console = Console::new(emulator, options.log.as_deref())?;
    if options.expect.is_empty() {
        return session::interactive(console, prefix);
    }
    let start = Instant::now();
    let tell = |met: &str| println!("[{:6.1} s] met: {met}", start.elapsed().as_secs_f32());
    session::scripted(console, script, Duration::from_secs(options.timeout), &tell)
}

/// The expectations and what is typed, in the order of the command line.
fn script(options: &Options, matches: &ArgMatches) -> Result<Script> {
    let indices = |name: &str| matches.indices_of(name).into_iter().flatten();
    let mut steps = Vec::new();
    for (index, text) in indices("expect").zip(&options.expect) {
        steps.push((index, Step::Expect(pattern(text).with_context(|| format!("--expect {text:?}"))?)));
    }
    steps.extend(indices("send").zip(options.send.iter().cloned().map(Step::Send)));
    steps.sort_by_key(|(index, _)| *index);
    let never = options.never.iter().map(|text| pattern(text).with_context(|| format!("--never {text:?}")));
    Ok(Script::new(steps.into_iter().map(|(_, step)| step).collect(), never.collect::<Result<_>>()?))
}
