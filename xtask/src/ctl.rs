//! `cargo xtask ctl`: commands to the pxHV that runs.

use crate::control::{self, Answer, Client};
use crate::emulator::On;
use crate::project;
use anyhow::{Context, Result};
use std::io::{BufRead as _, Write as _};
use std::time::{Duration, Instant};

/// How long to wait for an answer if nobody says otherwise.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often to look whether a computer runs.
const GLANCE: Duration = Duration::from_millis(100);

/// Options of `cargo xtask ctl`
#[derive(clap::Args, Debug)]
pub struct Options {
    /// What it runs on, if there are several
    #[arg(long, value_enum)]
    on: Option<On>,
    /// How long to wait for pxHV to be started, and for its answers [default: 30 for answers only]
    #[arg(long, value_name = "SECONDS")]
    wait: Option<u64>,
    /// The command; without, lines of standard input are
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Whether pxHV did all that it was told.
pub fn run(options: &Options) -> Result<bool> {
    let patience = options.wait.map_or(PATIENCE, Duration::from_secs);
    let mut client = connect(options)?;
    if !options.words.is_empty() {
        return show(&client.answer(&options.words.join(" "), patience)?);
    }
    let mut is_done = true;
    for line in std::io::stdin().lock().lines() {
        is_done &= show(&client.answer(&line?, patience)?)?;
    }
    Ok(is_done)
}

fn connect(options: &Options) -> Result<Client> {
    let start = Instant::now();
    loop {
        if let Some(client) = control::running(&project::target(), options.on)? {
            return Ok(client);
        }
        let remaining = Duration::from_secs(options.wait.unwrap_or(0)).checked_sub(start.elapsed());
        remaining.filter(|remaining| !remaining.is_zero()).with_context(|| {
            let what = options.on.map_or("nothing".into(), |on| format!("nothing on {}", on.name()));
            format!(
                "{what} runs in this checkout: start it by cargo xtask run, or wait for it by --wait SECONDS"
            )
        })?;
        std::thread::sleep(GLANCE);
    }
}

/// Prints an answer. Whether the command was done.
fn show(answer: &Answer) -> Result<bool> {
    // At once: what reads it may stop after the first line.
    let text: String = answer.lines.iter().flat_map(|line| [line, "\n"]).collect();
    std::io::stdout().lock().write_all(text.as_bytes())?;
    if let Some(error) = &answer.error {
        eprintln!("error: {error}");
    }
    Ok(answer.error.is_none())
}
