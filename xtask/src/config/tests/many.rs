//! Several virtual machines, and how they run beside each other.

use super::*;
use std::cell::Cell;

/// `count` virtual machines like that of [`GOOD`], with `keys`.
fn many(count: usize, keys: &str) -> String {
    let vm = |number| GOOD.replace("name = \"linux\"", &format!("name = \"vm{number}\"\n    {keys}"));
    (0..count).map(vm).collect()
}

#[test]
fn virtual_machines_are_in_the_order_of_the_file() {
    let config = load(&many(100, "")).unwrap();
    let names = config.vms.iter().map(|vm| vm.name.clone()).collect::<Vec<_>>();
    assert_eq!(names, (0..100).map(|number| format!("vm{number}")).collect::<Vec<_>>());
    assert_eq!(config.memory(), 100 * 512 * MIB);
    let mixed = load(&[MULTIBOOT, BIOS, GOOD, FLAT].concat()).unwrap();
    let names = mixed.vms.iter().map(|vm| vm.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["mine", "dos", "linux", "sector"]);
}

#[test]
fn a_fault_is_named_in_whichever_it_is() {
    let again = format!("{}{}", many(3, ""), many(3, "").replace("vm0", "new").replace("vm2", "newer"));
    let error = load(&again).unwrap_err().to_string();
    assert!(
        error.ends_with("pxhv.toml:43: name = \"vm1\": another [[vm]] has this name; names are unique"),
        "{error}"
    );
    let third = many(3, "").replace("name = \"vm2\"", "name = \"vm2\"\n    display = \"big\"");
    let error = load(&third).unwrap_err().to_string();
    assert!(error.contains("pxhv.toml:24: display = \"big\": write"), "{error}");
}

#[test]
fn a_file_that_several_name_is_read_once() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("vmlinuz"), crate::bzimage::sample()).unwrap();
    std::fs::write(directory.path().join("initrd.gz"), [0; 5000]).unwrap();
    let path = directory.path().join("pxhv.toml");
    std::fs::write(&path, many(64, "")).unwrap();
    let asked = Cell::new(0);
    let provide = |path: &Path| {
        asked.set(asked.get() + 1);
        Ok(path.into())
    };
    let config = Config::load(&path, &provide).unwrap();
    assert_eq!(asked.get(), 2);
    let kernels = config.vms.iter().map(|vm| match &vm.boot {
        Boot::Linux { kernel, .. } => &kernel.bytes,
        other => panic!("{other:?}"),
    });
    let kernels: Vec<_> = kernels.collect();
    assert!(kernels.iter().all(|kernel| Rc::ptr_eq(kernel, kernels[0])), "they share its bytes");
}

#[test]
fn how_they_run_is_read() {
    let of = |keys: &str| {
        let config = load(&many(1, keys)).unwrap();
        (config.vms[0].autostart, config.vms[0].weight, config.vms[0].on_exit)
    };
    assert_eq!(of(""), (true, 100, OnExit::Stop));
    assert_eq!(of("autostart = false\nweight = 1\non_exit = \"restart\""), (false, 1, OnExit::Restart));
    assert_eq!(of("autostart = true\nweight = 1000\non_exit = \"stop\""), (true, 1000, OnExit::Stop));
    for (keys, words) in [
        ("weight = 0", ["pxhv.toml:4: weight = 0", "1 to 1000"]),
        ("weight = 1001", ["weight = 1001", "1 to 1000"]),
        ("weight = -1", ["weight = -1", "1 to 1000"]),
        ("weight = 4294967297", ["weight = 4294967297", "1 to 1000"]),
        ("on_exit = \"reboot\"", ["pxhv.toml:4: on_exit = \"reboot\"", "\"stop\" or \"restart\""]),
        ("autostart = \"no\"", ["line 4", "boolean"]),
    ] {
        let error = format!("{:#}", load(&many(1, keys)).expect_err(keys));
        assert!(words.iter().all(|word| error.contains(word)), "{keys}: {error}");
    }
}

#[test]
fn the_prefix_is_a_control_character_that_nobody_else_needs() {
    let of = |host: &str| load(&format!("[host]\n{host}\n{GOOD}")).map(|config| config.prefix);
    assert_eq!(of("").unwrap(), 1);
    for (prefix, byte) in [("ctrl-a", 1), ("ctrl-b", 2), ("ctrl-t", 20), ("ctrl-z", 26)] {
        assert_eq!(of(&format!("prefix = {prefix:?}")).unwrap(), byte, "{prefix}");
    }
    for letter in "chijmqs".chars() {
        let error = of(&format!("prefix = \"ctrl-{letter}\"")).unwrap_err().to_string();
        assert!(error.contains("pxhv.toml:2: prefix = \"ctrl-") && error.contains("guests need"), "{error}");
    }
    for wrong in ["", "a", "ctrl-", "ctrl-A", "Ctrl-a", "ctrl-]", "ctrl-ab", "ctrl-é", "^a"] {
        let error = of(&format!("prefix = {wrong:?}")).unwrap_err().to_string();
        assert!(error.contains("\"ctrl-\" and a letter"), "{wrong}: {error}");
    }
}
