//! A run in front of a person, or by a script.

use crate::console::{keyboard, Console, Event};
use crate::expect::{Progress, Script};
use crate::picture;
use crate::terminal::{Key, Keys, RawMode, Screen, HELP};
use anyhow::{anyhow, bail, Result};
use std::time::{Duration, Instant};

/// Lines that are shown of a run that failed.
const TAIL: usize = 40;

/// Connects the terminal with the console until the computer is off or the operator leaves.
pub fn interactive(mut console: Console) -> Result<()> {
    let input = std::io::stdin();
    let raw = RawMode::enter()?;
    let mut screen = Screen::stdout();
    if raw.is_some() {
        screen.write(HELP.trim_start().as_bytes())?;
    }
    let (mut keys, mut is_open) = (Keys::default(), true);
    let result = loop {
        match console.next(is_open.then(|| keyboard(&input)))? {
            Event::Output(bytes) => screen.write(&bytes)?,
            Event::Quiet => screen.settle()?,
            Event::Input(bytes) if bytes.is_empty() => is_open = false,
            Event::Input(bytes) if raw.is_none() => console.send(&bytes),
            Event::Input(bytes) => {
                let mut meanings = bytes.iter().filter_map(|byte| keys.meaning(*byte));
                let leave = meanings.find_map(|key| match key {
                    Key::Guest(byte) => {
                        console.send(&[byte]);
                        None
                    }
                    Key::Leave => Some(Ok(())),
                    Key::Help => screen.write(HELP.as_bytes()).err().map(|error| Err(error.into())),
                });
                if let Some(result) = leave {
                    break result;
                }
            }
            Event::PoweredOff => break Ok(()),
            Event::Failed(reason) => break Err(anyhow!(reason)),
        }
    };
    screen.finish()?;
    if raw.is_some() && console.transcript().shows_picture() {
        picture::leave(&mut std::io::stdout())?;
    }
    drop(console);
    drop(raw);
    println!();
    result
}

/// Lets `script` run on the console. `tell` hears of every expectation that is met. An error
/// contains the last lines of the console.
pub fn scripted(
    mut console: Console,
    mut script: Script,
    timeout: Duration,
    tell: &dyn Fn(&str),
) -> Result<()> {
    let start = Instant::now();
    let outcome = loop {
        match step(&mut console, &mut script, tell) {
            Ok(Some(())) => break Ok(()),
            Ok(None) if start.elapsed() < timeout => {}
            Ok(None) => break Err(anyhow!("time-out after {} s", timeout.as_secs())),
            Err(error) => break Err(error),
        }
    };
    let Err(error) = outcome else { return Ok(()) };
    let mut report = String::from("--- the last lines of the console ---\n");
    for line in console.transcript().tail(TAIL) {
        report.push_str(line);
        report.push('\n');
    }
    report.push_str("-------------------------------------\n");
    if let Some(pending) = script.pending() {
        report.push_str("not met: ");
        report.push_str(&pending);
        report.push('\n');
    }
    bail!("{report}{error:#}")
}

/// One event; `Some` at the script's end.
fn step(console: &mut Console, script: &mut Script, tell: &dyn Fn(&str)) -> Result<Option<()>> {
    let event = console.next(None)?;
    // Even when the emulator has ended, its last words may be what the script waits for.
    loop {
        match script.advance(console.transcript().text()) {
            Progress::Waiting => break,
            Progress::Type(line) => {
                console.send(line.as_bytes());
                console.send(b"\r");
            }
            Progress::Met(expected) => tell(&expected),
            Progress::Done => return Ok(Some(())),
            Progress::Forbidden(pattern) => bail!("this must not appear: {pattern}"),
        }
    }
    match event {
        Event::Output(_) | Event::Quiet | Event::Input(_) => Ok(None),
        Event::PoweredOff => bail!("pxHV powered off before that"),
        Event::Failed(reason) => bail!(reason),
    }
}
