//! Messages of the hypervisor: one line each, starting with `pxHV`. The last of them are kept.

use super::console;
use bundle::manifest::LogLevel;
use core::fmt::Write;
use core::sync::atomic::{AtomicBool, Ordering};
use log::{Level, LevelFilter, Log, Metadata, Record};
use monitor::Ring;
use spin::Mutex;

/// Bytes of messages that are kept: some two hundred.
const KEPT: usize = 16 << 10;

struct Logger;

static LOGGER: Logger = Logger;
static LOG: Mutex<Option<Ring>> = Mutex::new(None);
/// Whether a message was shown since somebody asked.
static NEWS: AtomicBool = AtomicBool::new(false);

/// Sends the `log` macros to the console, at level Info until the manifest says otherwise.
pub fn init() {
    log::set_logger(&LOGGER).expect("the logger is set once, at boot");
    log::set_max_level(LevelFilter::Info);
}

/// Keeps messages from here on. There is a heap.
pub fn keep() {
    *LOG.lock() = Some(Ring::new(KEPT));
}

/// Lends the messages that are kept.
pub fn look(look: &mut dyn FnMut(&mut Ring)) {
    if let Some(ring) = &mut *LOG.lock() {
        look(ring);
    }
}

/// Whether a message was shown since the last call.
pub fn take_news() -> bool {
    NEWS.swap(false, Ordering::Relaxed)
}

/// The least important level that is printed.
pub fn level() -> LogLevel {
    match log::max_level() {
        LevelFilter::Off | LevelFilter::Error => LogLevel::Error,
        LevelFilter::Warn => LogLevel::Warn,
        LevelFilter::Info => LogLevel::Info,
        LevelFilter::Debug | LevelFilter::Trace => LogLevel::Debug,
    }
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
        let _ = write!(Both(&mut console), "{prefix}{}", record.args());
        let _ = write!(console, "\r\n");
        keep_bytes(b"\n");
        NEWS.store(true, Ordering::Relaxed);
    }

    fn flush(&self) {
        console::lock().flush();
    }
}

/// Console and log.
struct Both<'a>(&'a mut console::Console);

impl Write for Both<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        keep_bytes(text.as_bytes());
        self.0.write_str(text)
    }
}

fn keep_bytes(bytes: &[u8]) {
    look(&mut |ring| ring.push(bytes));
}
