//! A run in QEMU whose instructions are counted, by the plugin count.c.

use super::asking::{self, Asking};
use super::counts::{text, At, Counts};
use crate::control::Answer;
use crate::fuzz::HOST;
use crate::{packages, project};
use anyhow::{bail, ensure, Context as _, Result};
use regex::Regex;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// No emulator on a busy computer takes longer for what is measured here.
const PATIENCE: Duration = Duration::from_mins(10);
/// How often it is looked at.
const GLANCE: Duration = Duration::from_millis(500);
/// How long it may take to end.
const LAST_WORDS: Duration = Duration::from_secs(20);
/// A VGA's text memory: characters and their colours.
const SCREEN: (u64, usize) = (0xb8000, 80 * 25 * 2);

/// When a run has seen enough.
pub enum Until {
    /// This is on the console.
    Console(Regex),
    /// A row of the computer's own screen is this.
    Screen(&'static str),
}

/// The program and its options for both kinds of runs: the same computer but for memory and drives. Each instruction takes
/// a nanosecond of its clocks, which makes a run repeatable.
pub fn computer(memory: &str) -> Command {
    let mut command = Command::new("qemu-system-x86_64");
    command.args(["-name", "pxHV", "-machine", "pc", "-accel", "tcg", "-no-user-config", "-nodefaults"]);
    command.args(["-cpu", "max", "-m", memory, "-vga", "std", "-display", "none", "-no-reboot"]);
    command.args(["-icount", "shift=0,sleep=off", "-seed", "1"]);
    command.args(["-rtc", "base=2026-01-01T00:00:00,clock=vm"]);
    command
}

/// Runs a computer until it has shown what `until` wants. `start` is an address whose first execution is noted.
pub fn count(computer: Command, until: &Until, start: Option<u64>) -> Result<Counts> {
    let options = start.map_or_else(String::new, |address| format!(",start={address}"));
    Ok(run(computer, until, &options, None)?.0)
}

/// Runs a computer until it has shown what `until` wants and pxHV's monitor was asked.
pub fn count_and_ask(
    computer: Command,
    until: &Until,
    asking: Option<Asking>,
) -> Result<(Counts, Vec<Answer>)> {
    run(computer, until, "", asking)
}

fn run(
    mut computer: Command,
    until: &Until,
    options: &str,
    asking: Option<Asking>,
) -> Result<(Counts, Vec<Answer>)> {
    packages::ensure(&[packages::Purpose::Qemu])?;
    let directory = tempfile::Builder::new().prefix("pxhv-bench-").tempdir()?;
    let file = |name: &str| directory.path().join(name);
    let (console, counted) = (file("console"), file("counted"));
    let (plugin, [out, sent]) = (plugin()?, [&counted, &console].map(|path| path.display()));
    let mut port = asking.map(|asking| asking::Port::new(asking, directory.path()));
    let pause = port.as_ref().map_or_else(String::new, asking::Port::plugin_options);
    let plugin = format!("{},out={out},console={sent}{options}{pause}", plugin.display());
    computer.args(["-plugin", &plugin, "-serial", &format!("file:{}", console.display())]);
    if let Some(port) = &port {
        port.add_to(&mut computer);
    }
    let command = computer.args(["-monitor", "stdio"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut run = Run(command.spawn().context("can't start QEMU")?);
    let begun = Instant::now();
    let mut answers = Vec::new();
    while port.is_some() || !run.has_shown(until, &console, &file("screen"))? {
        ensure!(begun.elapsed() < PATIENCE, "time-out; console:\n{}", text(&read(&console)));
        ensure!(run.0.try_wait()?.is_none(), "QEMU ended; console:\n{}", text(&read(&console)));
        std::thread::sleep(GLANCE);
        if let Some(port) = port.take_if(|_| asking::Port::is_time(&String::from_utf8_lossy(&read(&counted))))
        {
            answers = port.ask()?;
        }
    }
    let elapsed = begun.elapsed();
    run.end()?;
    let counts = Counts { elapsed, ..parse(&std::fs::read_to_string(&counted)?, read(&console))? };
    Ok((counts, answers))
}

/// A running emulator. Dropping it ends it.
struct Run(Child);

impl Run {
    fn has_shown(&mut self, until: &Until, console: &Path, screen: &Path) -> Result<bool> {
        match until {
            Until::Console(wanted) => Ok(wanted.is_match(&text(&read(console)))),
            Until::Screen(wanted) => {
                let (address, length) = SCREEN;
                self.tell(&format!("pmemsave {address:#x} {length} \"{}\"", screen.display()))?;
                let cells = read(screen);
                let characters: Vec<u8> = cells.iter().step_by(2).copied().collect();
                let mut rows =
                    characters.chunks(80).map(|row| String::from_utf8_lossy(row).trim_end().to_owned());
                Ok(rows.any(|row| row == *wanted))
            }
        }
    }

    /// Types a command at QEMU's monitor.
    fn tell(&mut self, command: &str) -> Result<()> {
        let input = self.0.stdin.as_mut().context("a pipe was asked for")?;
        writeln!(input, "{command}").context("QEMU ended")
    }

    /// Has it quit, and the plugin write what it counted.
    fn end(mut self) -> Result<()> {
        self.tell("quit")?;
        let begun = Instant::now();
        while begun.elapsed() < LAST_WORDS {
            if self.0.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(GLANCE / 10);
        }
        bail!("QEMU does not quit")
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// What the plugin wrote.
fn parse(counted: &str, console: Vec<u8>) -> Result<Counts> {
    let mut counts = Counts { console, ..Counts::default() };
    let mut is_complete = false;
    for line in counted.lines() {
        let mut words = line.split(' ');
        let kind = words.next().unwrap_or_default();
        let numbers = words.map(str::parse).collect::<Result<Vec<u64>, _>>()?;
        match (kind, numbers.as_slice()) {
            ("console", &[count, guest, entries, bytes]) => {
                counts.sent.push((At { count, guest, entries }, bytes as usize));
            }
            ("screen", &[count, guest, entries]) => counts.screen = At { count, guest, entries },
            ("entry", [count]) => counts.entry = Some(*count),
            ("start", [count]) => counts.start = Some(*count),
            ("paused", []) => {}
            ("end", []) => is_complete = true,
            _ => bail!("the plugin wrote {line:?}"),
        }
    }
    ensure!(is_complete, "the plugin did not come to its end");
    Ok(counts)
}

/// A file that may not be there yet.
fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_default()
}

/// The plugin, compiled.
fn plugin() -> Result<PathBuf> {
    let output = project::target().join("bench/count.so");
    std::fs::create_dir_all(output.parent().context("it lies in a directory")?)?;
    let mut build = cc::Build::new();
    // What cargo tells build scripts.
    build.target(HOST).host(HOST).opt_level(2).cargo_metadata(false);
    let mut compiler = build.try_get_compiler().context("no C compiler (package gcc)")?.to_command();
    compiler
        .args(["-shared", "-fPIC", "-o"])
        .arg(&output)
        .arg(project::root().join("xtask/src/bench/count.c"));
    let done = compiler.output().context("can't start the C compiler (package gcc)")?;
    ensure!(done.status.success(), "count.c: {}", String::from_utf8_lossy(&done.stderr));
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_plugin_writes_is_read() {
        let counted =
            "console 10 0 0 1\nconsole 25 0 0 4\nentry 30\nstart 31\nconsole 40 6 2 9\nscreen 35 4 1\nend\n";
        let counts = parse(counted, b"a: b\nc\nd\n".to_vec()).unwrap();
        let pattern = crate::expect::pattern("^c$").unwrap();
        assert_eq!(counts.first_byte(&pattern).unwrap(), At { count: 40, guest: 6, entries: 2 });
        assert_eq!((counts.entry, counts.start), (Some(30), Some(31)));
        assert_eq!(counts.screen, At { count: 35, guest: 4, entries: 1 });
        assert!(parse("entry 30\n", Vec::new()).is_err(), "QEMU was killed");
    }
}
