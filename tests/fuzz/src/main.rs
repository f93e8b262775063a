//! The targets under libFuzzer; `PXHV_FUZZ` names the one. Without it, their names are printed.
#![no_main]

use fuzz::{run, Target, TARGETS};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let wanted = std::env::var("PXHV_FUZZ").unwrap_or_default();
    let found = TARGETS.iter().find(|(name, _)| *name == wanted);
    if let Some((_, target)) = found {
        *target
    } else {
        for (name, _) in TARGETS {
            println!("{name}");
        }
        std::process::exit(0)
    }
});

fuzz_target!(init: LazyLock::force(&TARGET), |bytes: &[u8]| run(*TARGET, bytes));
