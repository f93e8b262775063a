//! Files that people might write, and noise.

use super::*;
use proptest::prelude::*;

/// A line with a key, and a value that fits some key.
fn line() -> impl Strategy<Value = String> {
    let keys = "name memory vcpus boot kernel initrd cmdline modules load firmware floppies display debug_exit debugcon log prefix autostart weight on_exit";
    let keys: Vec<_> = keys.split(' ').collect();
    let values = [
        "\"linux\"",
        "\"multiboot\"",
        "\"flat\"",
        "\"bios\"",
        "\"512M\"",
        "\"3G\"",
        "\"18446744073709551615K\"",
        "1",
        "-1",
        "0x7c00",
        "\"0xe9\"",
        "\"vmlinuz\"",
        "\"kernel32\"",
        "\"kernel at the end\"",
        "\"text\"",
        "\"tape\"",
        "\"none\"",
        "\"restart\"",
        "\"ctrl-b\"",
        "[\"tape a\", { file = \"text\" }]",
        "[]",
        "{}",
        "true",
        "\"\"",
        "9223372036854775807",
        "1e400",
    ];
    let value =
        prop_oneof![8 => prop::sample::select(values.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,8}"];
    (prop::sample::select(keys), value).prop_map(|(key, value)| format!("    {key} = {value}"))
}

/// The result is a configuration within its limits, or an error that names the file.
fn check(text: &str) -> Result<(), TestCaseError> {
    match load(text) {
        Ok(config) => {
            prop_assert!((1..=26).contains(&config.prefix));
            let vm = &config.vms[0];
            prop_assert!((1..=1000).contains(&vm.weight));
            prop_assert!(vm.memory > 0 && vm.memory <= 3 << 30 && vm.memory.is_multiple_of(2 * MIB));
            prop_assert!((1..=32).contains(&vm.name.len()));
            prop_assert!(vm.debug_exit.is_none() || vm.debug_exit != vm.debugcon);
        }
        Err(error) => prop_assert!(format!("{error:#}").contains("pxhv.toml"), "{error:#}"),
    }
    Ok(())
}

proptest! {
    /// Good files with lines of other files in place of their own.
    #[test]
    fn lines_in_any_order_are_taken_or_named(
        good in prop::sample::select(&[GOOD, MULTIBOOT, FLAT, BIOS][..]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), line(), any::<bool>()), 1..4),
    ) {
        let mut lines: Vec<_> = good.lines().map(str::to_owned).collect();
        for (at, line, replaces) in changes {
            let at = at.index(lines.len());
            if replaces {
                lines[at] = line;
            } else {
                lines.insert(at, line);
            }
        }
        check(&lines.join("\n"))?;
    }

    #[test]
    fn noise_is_refused(text in "\\PC*|([a-z_]{1,8} ?= ?[0-9a-z\"{}\\[\\], ]{0,12}\n){0,6}") {
        check(&text)?;
    }
}
