//! `cargo xtask stress`: a guest that does nothing but exits, at random.

use crate::console::Console;
use crate::emulator::{Computer, Emulator, On};
use crate::expect::{pattern, Script, Step};
use crate::{image, project, session};
use anyhow::{ensure, Context, Result};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What the guest is made of.
const SOURCE: &str = "guests/hostile/random-exits.asm";
/// The guest shows how far it is after so many exits.
const SHOWN: u64 = 1 << 18;
/// No emulator on a busy computer is slower (exits in a second).
const SLOWEST: u64 = 1000;
/// For everything but the exits.
const PATIENCE: Duration = Duration::from_mins(2);

/// Options of `cargo xtask stress`
#[derive(clap::Args, Debug)]
pub struct Options {
    /// What to run on
    #[arg(long, value_enum, default_value = "qemu")]
    on: On,
    /// How many exits
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    exits: u64,
    /// Which ones: a run with the same seed does the same [default: another one each time]
    #[arg(long)]
    seed: Option<u64>,
}

/// Fails unless the guest did all of them, the host counted as many, and switched the computer off.
pub fn run(options: &Options) -> Result<()> {
    let Options { on, exits, seed } = *options;
    on.ensure()?;
    let seed = seed.unwrap_or_else(new_seed);
    let guest =
        image::What::guest(project::root().join(SOURCE), format!("cmdline = \"exits={exits} seed={seed}\""));
    let place = |end: &str| project::target().join(format!("stress-{}.{end}", on.name()));
    let (image, log) = (place("img"), place("log"));
    let built = image::build(&guest, Some(&image))?;
    println!("{exits} exits on {}, seed {seed}", on.name());
    let repeat = || {
        let on = on.name();
        format!("seed {seed}; to repeat it: cargo xtask stress --on {on} --exits {exits} --seed {seed}")
    };
    let computer =
        Computer { on, cpu: None, cpus: 1, memory: built.need.usual(), image, clock: None, debugger: None };
    let console = Console::new(Emulator::start(&computer)?, Some(&log))?;
    let start = Instant::now();
    let tell = |met: &str| println!("[{:6.1} s] {}", start.elapsed().as_secs_f32(), met.trim_matches('^'));
    let timeout = PATIENCE + Duration::from_secs(exits / SLOWEST);
    session::scripted(console, script(exits, seed)?, timeout, &tell).with_context(repeat)?;
    let counted = counted(&String::from_utf8_lossy(&std::fs::read(&log)?)).with_context(repeat)?;
    ensure!(counted >= exits, "the guest made {exits} exits, the host counted {counted}; {}", repeat());
    println!("ok: {exits} exits on {}, seed {seed}; the host counted {counted}", on.name());
    Ok(())
}

/// What the console has to say.
fn script(exits: u64, seed: u64) -> Result<Script> {
    let mut lines: Vec<_> = (0..exits.div_ceil(SHOWN))
        .map(|part| format!("^random-exits: {} exits so far, seed {seed}", part * SHOWN))
        .collect();
    lines.push(format!("^random-exits: done: {exits} exits, seed {seed}"));
    lines.push("^pxHV: power off".into());
    let steps = lines.iter().map(|line| Ok(Step::Expect(pattern(line)?))).collect::<Result<_>>()?;
    let never = ["^pxHV panic", "FAILED.*\n"].iter().map(|text| pattern(text)).collect::<Result<_, _>>()?;
    Ok(Script::new(steps, never))
}

/// The exits that the host counted.
fn counted(console: &str) -> Result<u64> {
    let line = pattern(r"vm random-exits: exits: (\d+)")?;
    let found = line.captures(console).context("the host does not say how many exits there were")?;
    Ok(found[1].parse()?)
}

fn new_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::from(now.subsec_nanos()) ^ now.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect::Progress;

    #[test]
    fn the_script_follows_a_run_to_its_end() {
        let mut script = script(SHOWN + 1, 7).unwrap();
        let text = "random-exits: 0 exits so far, seed 7\nrandom-exits: 262144 exits so far, seed 7\n\
                    random-exits: done: 262145 exits, seed 7\npxHV: power off";
        for _ in 0..4 {
            assert!(matches!(script.advance(text), Progress::Met(_)));
        }
        assert!(matches!(script.advance(text), Progress::Done));
    }

    #[test]
    fn the_hosts_count_is_read() {
        let text = "random-exits: done\r\npxHV: vm random-exits: exits: 123: ports 100, CPUID 23\r\n";
        assert_eq!(counted(text).unwrap(), 123);
        assert!(counted("pxHV: power off").is_err());
    }
}
