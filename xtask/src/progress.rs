//! Progress of long steps: a bar or a spinner on a terminal, plain lines elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal as _;
use std::time::Duration;

/// One step under way.
#[derive(Debug)]
pub struct Step {
    bar: ProgressBar,
}

impl Step {
    /// Begins a step of unknown length.
    pub fn start(what: &str) -> Self {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new_spinner()
        } else {
            println!("{what} ...");
            ProgressBar::hidden()
        };
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar }
    }

    /// Begins a step of `bytes` bytes.
    pub fn of_bytes(what: &str, bytes: u64) -> Self {
        let step = Self::start(what);
        let style = "{msg} [{bar:30}] {bytes}/{total_bytes}";
        step.bar.set_style(ProgressStyle::with_template(style).expect("a fixed template"));
        step.bar.set_length(bytes);
        step
    }

    /// Tells how far a step of known length is.
    pub fn at(&self, bytes: u64) {
        self.bar.set_position(bytes);
    }

    /// Ends the step; `what` remains to be read.
    pub fn done(self, what: &str) {
        self.bar.finish_and_clear();
        println!("{what}");
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
