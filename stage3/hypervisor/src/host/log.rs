//! Messages of the hypervisor: one line each, starting with `pxHV`.

use super::console;
use bundle::manifest::LogLevel;
use core::fmt::Write;
use log::{Level, LevelFilter, Log, Metadata, Record};

struct Logger;

static LOGGER: Logger = Logger;

/// Sends the `log` macros to the console, at level Info until the manifest says otherwise.
pub fn init() {
    log::set_logger(&LOGGER).expect("the logger is set once, at boot");
    log::set_max_level(LevelFilter::Info);
}

/// Sets the least important level that is printed.
pub fn set_level(level: LogLevel) {
    log::set_max_level(match level {
        LogLevel::Error => LevelFilter::Error,
        LogLevel::Warn => LevelFilter::Warn,
        LogLevel::Info => LevelFilter::Info,
        LogLevel::Debug => LevelFilter::Debug,
    });
}

impl Log for Logger {
    fn enabled(&self, _: &Metadata) -> bool {
        true
    }

    fn log(&self, record: &Record) {
        let prefix = match record.level() {
            Level::Error => "pxHV error: ",
            Level::Warn => "pxHV warning: ",
            Level::Info => "pxHV: ",
            Level::Debug | Level::Trace => "pxHV debug: ",
        };
        let mut console = console::lock();
        console.start_line();
        // Writing to the console can't fail.
        let _ = write!(console, "{prefix}{}\r\n", record.args());
    }

    fn flush(&self) {
        console::lock().flush();
    }
}
