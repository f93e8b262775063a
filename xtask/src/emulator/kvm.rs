//! Whether this computer can run pxHV under KVM.

use anyhow::{bail, Result};
use std::path::Path;

/// Fails with what to do about it.
pub fn check() -> Result<()> {
    const INSTEAD: &str = "Without it, `make run` (QEMU) and `make run-bochs` work everywhere.";
    if let Err(error) = std::fs::File::options().read(true).write(true).open("/dev/kvm") {
        bail!(
            "KVM is not usable here: /dev/kvm: {error}\n\
             Load kvm_intel or kvm_amd (and switch VT-x or AMD-V on in the firmware), and join the group kvm.\n{INSTEAD}"
        );
    }
    for module in ["kvm_intel", "kvm_amd"] {
        let directory = Path::new("/sys/module").join(module);
        if !directory.exists() {
            continue;
        }
        let nested = std::fs::read_to_string(directory.join("parameters/nested")).unwrap_or_default();
        if matches!(nested.trim(), "1" | "Y") {
            return Ok(());
        }
        bail!(
            "the host's KVM does not offer virtualization to its guests. Switch it on, with no other virtual machine running:\n    \
             modprobe -r {module} && modprobe {module} nested=1\n\
             and for good:\n    echo 'options {module} nested=1' > /etc/modprobe.d/kvm-nested.conf\n{INSTEAD}"
        );
    }
    bail!("/dev/kvm is there, but neither kvm_intel nor kvm_amd is loaded, so it can't offer virtualization to its guests.\n{INSTEAD}")
}
