//! The boot tests of tests/boot/*.toml: whole images in emulators.

mod prepare;
mod step;

use crate::console::Console;
use crate::emulator::{Clock, Computer, Emulator, On};
use crate::expect::{pattern, Script, Step};
use crate::test::{report, Count};
use crate::{project, session, size};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use step::RawStep;

/// So many run at once: each keeps a core busy, and in more company Bochs would exceed its limits.
const AT_ONCE: usize = 2;

/// A file of tests/boot. What its tests have in common stands in front of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The steps of tests that have none.
    #[serde(default)]
    steps: Vec<RawStep>,
    /// In addition to each test's own.
    #[serde(default)]
    never: Vec<String>,
    /// Of tests that have none.
    timeout: Option<u64>,
    test: Vec<Raw>,
}

impl File {
    /// The tests of this file, each complete.
    fn tests(self) -> impl Iterator<Item = Raw> {
        let Self { steps, never, timeout, test } = self;
        test.into_iter().map(move |mut raw| {
            if raw.steps.is_empty() {
                raw.steps.clone_from(&steps);
            }
            raw.never.extend(never.iter().cloned());
            raw.timeout = raw.timeout.or(timeout);
            raw
        })
    }
}

/// One `[[test]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    /// The emulators to run it in, each one a test of its own.
    on: Vec<On>,
    /// Another CPU model than the usual one.
    cpu: Option<String>,
    #[serde(default = "one")]
    cpus: u32,
    /// RAM of the computer, if it is not the usual.
    memory: Option<String>,
    /// What the computer's clock shows at first.
    clock: Option<Clock>,
    /// Another image than that of pxhv.toml.
    #[serde(default)]
    image: prepare::Image,
    /// Environment variables without which it can't be run.
    #[serde(default)]
    needs: Vec<String>,
    /// What must appear, and what is typed then, in order.
    #[serde(default)]
    steps: Vec<RawStep>,
    /// What must not appear.
    #[serde(default)]
    never: Vec<String>,
    /// Seconds for all of it.
    timeout: Option<u64>,
}

fn one() -> u32 {
    1
}

/// A test in one emulator.
#[derive(Debug)]
pub struct Test {
    raw: Raw,
    on: On,
    steps: Vec<Step>,
    never: Vec<regex::Regex>,
    memory: Option<u64>,
    timeout: Duration,
}

impl Test {
    fn new(raw: &Raw, on: On) -> Result<Self> {
        Ok(Self {
            on,
            steps: raw.steps.iter().map(RawStep::step).collect::<Result<_>>()?,
            never: raw.never.iter().map(|text| pattern(text)).collect::<Result<_, _>>()?,
            memory: raw.memory.as_deref().map(size::parse).transpose().map_err(anyhow::Error::msg)?,
            timeout: Duration::from_secs(
                raw.timeout.with_context(|| format!("{} has no timeout", raw.name))?,
            ),
            raw: raw.clone(),
        })
    }

    /// Its name and where it runs.
    pub fn title(&self) -> String {
        format!("{} on {}", self.raw.name, self.on.name())
    }

    /// An environment variable that it needs and that is not set.
    fn missing(&self) -> Option<&str> {
        self.raw.needs.iter().map(String::as_str).find(|name| std::env::var_os(name).is_none())
    }

    fn run(&self, images: &prepare::Images) -> Result<()> {
        let image = images.of(&self.raw.image)?;
        let computer = Computer {
            on: self.on,
            cpu: self.raw.cpu.clone(),
            cpus: self.raw.cpus,
            memory: self.memory.unwrap_or(image.usual_memory),
            image: image.path().to_owned(),
            clock: self.raw.clock,
            debugger: None,
        };
        let log = project::target().join("tests").join(format!("{}.log", self.title().replace(' ', "-")));
        let console = Console::new(Emulator::start(&computer)?, Some(&log))?;
        let script = Script::new(self.steps.clone(), self.never.clone());
        session::scripted(console, script, self.timeout, &|_| ())
    }
}

/// All tests, in the order of the files' names.
pub fn load() -> Result<Vec<Test>> {
    let directory = project::root().join("tests/boot");
    let mut files: Vec<_> = std::fs::read_dir(&directory)?.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let mut tests = Vec::new();
    for path in files {
        let parse = || parse(&std::fs::read_to_string(&path)?);
        tests.extend(parse().with_context(|| path.display().to_string())?);
    }
    Ok(tests)
}

/// The tests of a file with this text.
fn parse(text: &str) -> Result<Vec<Test>> {
    let file: File = toml::from_str(text)?;
    let mut tests = Vec::new();
    for raw in file.tests() {
        for on in &raw.on {
            tests.push(Test::new(&raw, *on)?);
        }
    }
    Ok(tests)
}

/// Runs `tests`, and prints a line for each.
pub fn run(tests: &[Test]) -> Result<Count> {
    std::fs::create_dir_all(project::target().join("tests"))?;
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
    }
    let (tests, left_out): (Vec<&Test>, Vec<&Test>) = tests.iter().partition(|test| test.missing().is_none());
    for test in &left_out {
        println!(
            "NOT RUN {:<44} {} is not set: see docs/testing.md",
            test.title(),
            test.missing().unwrap_or_default()
        );
    }
    let images = prepare::Images::build(tests.iter().map(|test| &test.raw.image))?;
    let count = Count { not_run: left_out.len(), ..Count::default() };
    let (next, count) = (AtomicUsize::new(0), Mutex::new(count));
    let work = || {
        while let Some(test) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
            if interrupted.load(Ordering::Relaxed) {
                return;
            }
            let start = Instant::now();
            let result = test.run(&images);
            let mut count = count.lock().expect("nothing panics with the lock");
            *count += Count::one(result.is_ok());
            report(result.is_ok(), &test.title(), start);
            if let Err(error) = result {
                println!("{error:#}");
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    anyhow::ensure!(!interrupted.load(Ordering::Relaxed), "interrupted");
    Ok(count.into_inner().expect("nothing panics with the lock"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_test_of_the_project_can_be_read() {
        let tests = super::load().unwrap();
        let mut titles: Vec<_> = tests.iter().map(super::Test::title).collect();
        let count = titles.len();
        titles.sort();
        titles.dedup();
        assert_eq!(titles.len(), count, "names are unique");
        for test in &tests {
            let expects =
                test.steps.iter().any(|step| matches!(step, super::Step::Expect(_) | super::Step::Ask(_)));
            assert!(expects, "{} would pass without looking", test.title());
        }
    }

    #[test]
    fn steps_are_read_or_named() {
        let steps = |steps: &str| {
            let text = format!("[[test]]\nname = \"a\"\non = [\"qemu\"]\ntimeout = 1\nsteps = [\n{steps}\n]");
            super::parse(&text).map(|tests| format!("{:?}", tests[0].steps))
        };
        for (step, words) in [
            ("{ expect = \"ready\" }", "Expect("),
            ("{ send = \"ls\" }", "Send(\"ls\")"),
            ("{ control = \"vms\" }", "command: \"vms\", wanted: Done(None)"),
            ("{ control = \"vms\", expect = \"dos\" }", "Done(Some(Regex(\"dos\")))"),
            ("{ control = \"vms\", until = \"dos\" }", "Until(Regex(\"dos\"))"),
            ("{ control = \"vms\", fails = \"no\" }", "Refused(Regex(\"no\"))"),
            ("{ noise = 5, seed = 1, to = \"console\" }", "Noise { bytes: 5, seed: 1, to: Console }"),
            ("{ noise = 5, seed = 1, to = \"control\" }", "to: Control"),
        ] {
            let read = steps(step).unwrap();
            assert!(read.contains(words), "{step}: {read}");
        }
        for (step, words) in [
            ("{ control = \"vms\", until = \"a\", fails = \"b\" }", "only one of"),
            ("{ control = \"vms\", expects = \"a\" }", "perhaps with expect, until or fails"),
            ("{ send = \"a\", expect = \"b\" }", "write { expect = REGEX }"),
            ("{ noise = 5, seed = 1 }", "write { expect = REGEX }"),
            ("{ noise = 5, seed = 1, to = \"com1\" }", "\"console\" or \"control\""),
            ("{ control = \"vms\", expect = \"(\" }", "regex"),
        ] {
            let error = format!("{:#}", steps(step).unwrap_err());
            assert!(error.contains(words), "{step}: {error}");
        }
    }

    #[test]
    fn what_stands_in_front_of_the_tests_is_for_all_of_them() {
        let text = r#"
            steps = [{ expect = "ready" }]
            never = ["BUG:"]
            timeout = 60
            [[test]]
            name = "plain"
            on = ["qemu", "bochs"]
            [[test]]
            name = "own"
            on = ["qemu"]
            steps = [{ expect = "a" }, { expect = "b" }]
            never = ["panic"]
            timeout = 90
        "#;
        let tests = super::parse(text).unwrap();
        let seen = tests.iter().map(|test| {
            let never: Vec<_> = test.never.iter().map(ToString::to_string).collect();
            (test.title(), test.steps.len(), never.join(" "), test.timeout.as_secs())
        });
        let expected = [
            ("plain on qemu".to_owned(), 1, "BUG:".to_owned(), 60),
            ("plain on bochs".to_owned(), 1, "BUG:".to_owned(), 60),
            ("own on qemu".to_owned(), 2, "panic BUG:".to_owned(), 90),
        ];
        assert_eq!(seen.collect::<Vec<_>>(), expected);
        let error = super::parse(&text.replace("timeout = 60", "")).unwrap_err();
        assert!(error.to_string().contains("plain has no timeout"), "{error}");
    }
}
