//! A run in front of a person, or by a script.

use crate::console::{keyboard, Console, Event};
use crate::expect::{Progress, Script};
use crate::leaving::{self, Leaving};
use crate::picture;
use crate::terminal::{RawMode, Screen};
use anyhow::{anyhow, bail, Result};
use std::time::{Duration, Instant};

/// Lines that are shown of a run that failed.
const TAIL: usize = 40;

/// Connects the terminal with the console until the computer is off. `prefix` is that of pxHV's keys.
pub fn interactive(mut console: Console, prefix: u8) -> Result<()> {
    let input = std::io::stdin();
    let mut leaving = Leaving::new(prefix);
    let raw = RawMode::enter()?;
    let mut screen = Screen::stdout();
    if raw.is_some() {
        screen.write(leaving.help().as_bytes())?;
    }
    let mut is_open = true;
    let (result, farewell) = loop {
        match console.next(is_open.then(|| keyboard(&input)))? {
            Event::Output(bytes) => screen.write(&bytes)?,
            Event::Quiet | Event::Answer(_) => screen.settle()?,
            Event::Input(bytes) if bytes.is_empty() => is_open = false,
            Event::Input(bytes) => {
                leaving.typed(&bytes, Instant::now());
                console.send(&bytes);
            }
            Event::PoweredOff => break (Ok(()), ""),
            Event::Failed(reason) => break (Err(anyhow!(reason)), ""),
        }
        if leaving.is_over(Instant::now()) {
            break (Ok(()), leaving::REASON);
        }
    };
    screen.finish()?;
    if raw.is_some() && console.transcript().shows_picture() {
        picture::leave(&mut std::io::stdout())?;
    }
    drop(console);
    drop(raw);
    println!();
    if !farewell.is_empty() {
        println!("{farewell}");
    }
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
    if let Event::Answer(answer) = &event {
        if let Some(met) = script.answered(answer).map_err(anyhow::Error::msg)? {
            tell(&met);
        }
    }
    // Even when the emulator has ended, its last words may be what the script waits for.
    while !(script.changes_ports() && console.is_sending()) {
        match script.advance(console.transcript().text()) {
            Progress::Waiting => break,
            Progress::Ask(command) => console.ask(&command)?,
            Progress::Noise(noise) => console.disturb(noise)?,
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
        Event::Output(_) | Event::Quiet | Event::Input(_) | Event::Answer(_) => Ok(None),
        Event::PoweredOff => bail!("pxHV powered off before that"),
        Event::Failed(reason) => bail!(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::{fake, Question, Wanted};
    use crate::emulator::Emulator;
    use crate::expect::{pattern, Step};
    use crate::noise::{Noise, Port};
    use std::cell::RefCell;
    use std::io::{Read as _, Write as _};

    const NOISE: usize = 50_000;

    fn like(text: &str) -> regex::Regex {
        pattern(text).unwrap()
    }

    fn ask(command: &str, wanted: Wanted) -> Step {
        Step::Ask(Question { command: command.into(), wanted })
    }

    /// What becomes of a script at a computer that counts the bytes of its console and has a monitor. And what it
    /// met.
    fn run(steps: Vec<Step>) -> (Result<()>, Vec<String>) {
        let (emulator, [console, control]) = Emulator::pretended();
        fake::serve(&control);
        let mut console = std::fs::File::from(console);
        std::thread::spawn(move || {
            let mut noise = vec![0; NOISE];
            let heard = console.read_exact(&mut noise).and_then(|()| console.write_all(b"heard it all\n"));
            heard.map(|()| noise)
        });
        let met = RefCell::new(Vec::new());
        let tell = |what: &str| met.borrow_mut().push(what.to_owned());
        let console = Console::new(emulator, None).unwrap();
        let script = Script::new(steps, vec![]);
        let result = scripted(console, script, Duration::from_secs(30), &tell);
        (result, met.into_inner())
    }

    #[test]
    fn commands_and_noise_are_steps_of_a_script() {
        let noise = |to, bytes| Step::Noise(Noise { bytes, seed: 5, to });
        let (result, met) = run(vec![
            ask("vms", Wanted::Done(Some(like("^2 dos off$")))),
            noise(Port::Control, 10_000),
            ask("start nobody", Wanted::Refused(like("no VM named nobody"))),
            noise(Port::Console, NOISE),
            ask("vms", Wanted::Until(like("asked 5 times"))),
            Step::Expect(like("heard it all")),
        ]);
        result.unwrap();
        let expected = [
            "control: vms => ^2 dos off$",
            "control: start nobody => error: no VM named nobody",
            "control: vms => asked 5 times",
            "heard it all",
        ];
        assert_eq!(met, expected);
    }

    #[test]
    fn a_wrong_answer_ends_it_at_once() {
        let (result, met) = run(vec![
            ask("vms", Wanted::Done(None)),
            ask("start nobody", Wanted::Done(None)),
            Step::Expect(like("never comes")),
        ]);
        let error = result.unwrap_err().to_string();
        assert!(
            error.contains("the answer to control: start nobody is: error: no VM named nobody"),
            "{error}"
        );
        assert!(error.contains("not met: control: start nobody\n"), "{error}");
        assert_eq!(met, ["control: vms"]);
    }
}
