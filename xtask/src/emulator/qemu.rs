//! QEMU's command line.

use super::{mebibytes, Computer, Debugger, On};
use std::path::Path;
use std::process::Command;

/// QEMU with its serial ports at the terminals `ports`.
pub fn command(computer: &Computer, ports: [&Path; 2]) -> Command {
    let (accelerator, usual_cpu) = match computer.on {
        On::Kvm => ("kvm", "host"),
        _ => ("tcg", "max"),
    };
    let mut command = Command::new("qemu-system-x86_64");
    command.args([
        "-name",
        "pxHV",
        "-machine",
        "pc",
        "-accel",
        accelerator,
        "-no-user-config",
        "-nodefaults",
    ]);
    command.args(["-cpu", computer.cpu.as_deref().unwrap_or(usual_cpu)]);
    command.args(["-smp", &computer.cpus.to_string(), "-m", &format!("{}M", mebibytes(computer))]);
    // A comma in a file name is written twice. With snapshot=on the image itself stays as it is.
    let image = computer.image.display().to_string().replace(',', ",,");
    command.args(["-drive", &format!("file={image},format=raw,if=ide,snapshot=on")]);
    // The display adapter is there for the BIOS's text mode; nobody looks at it.
    command.args(["-vga", "std", "-display", "none", "-monitor", "none", "-no-reboot"]);
    if let Some(clock) = computer.clock {
        command.args(["-rtc", &format!("base={clock}")]);
    }
    for port in ports {
        command.arg("-serial").arg(port);
    }
    if let Some(Debugger::Gdb(socket)) = &computer.debugger {
        let socket = socket.display();
        command.args(["-S", "-chardev", &format!("socket,id=gdb,path={socket},server=on,wait=off")]);
        command.args(["-gdb", "chardev:gdb"]);
    }
    command
}
