//! Bochs's configuration, and the screen that it insists on.

use super::{mebibytes, Computer, Debugger, On};
use crate::pty;
use anyhow::{bail, Context, Result};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{ChildStderr, Command};

/// Most MiB of the computer's RAM that Bochs keeps in memory.
const RESIDENT_MAX: u64 = 2048;

/// Bochs with its serial ports at the terminals `ports` and its files in `directory`.
pub fn command(computer: &Computer, ports: [&Path; 2], directory: &Path) -> Result<Command> {
    let ports = ports.map(|port| format!("mode=term, dev={}", port.display()));
    let log = "log: bochs.log";
    prepare(computer, configuration(computer, &ports, log), directory)
}

/// Bochs with nobody at its serial ports: its log, on its standard error, tells what is written there, and at which tick.
pub fn logging(computer: &Computer, directory: &Path) -> Result<Command> {
    let ports = ["mode=null", "mode=null"].map(str::to_owned);
    let log = "log: -\ndebug: action=ignore, serial=report";
    prepare(computer, configuration(computer, &ports, log), directory)
}

fn prepare(computer: &Computer, configuration: String, directory: &Path) -> Result<Command> {
    // Bochs locks the image and may write to it: it gets a copy.
    let disk = directory.join("disk.img");
    std::fs::copy(&computer.image, &disk)
        .with_context(|| format!("can't copy {}", computer.image.display()))?;
    std::fs::write(directory.join("bochsrc"), configuration)?;
    // Debian's Bochs has the debugger built in: it stops before the first instruction, and at every
    // triple fault.
    let go_on = "continue\n".repeat(1000);
    let commands = match &computer.debugger {
        Some(Debugger::Own(commands)) => commands,
        Some(Debugger::Gdb(_)) => bail!("Debian's Bochs has no gdb server"),
        None => &go_on,
    };
    std::fs::write(directory.join("commands"), commands)?;
    let mut command = Command::new("bochs-bin");
    command.args(["-q", "-f", "bochsrc", "-rc", "commands"]).current_dir(directory);
    // Its clock shows the local time.
    command.env("TERM", "xterm").env("TZ", "UTC");
    Ok(command)
}

fn configuration(computer: &Computer, [com1, com2]: &[String; 2], log: &str) -> String {
    let usual_cpu = if computer.on == On::BochsSvm { "ryzen" } else { "corei7_skylake_x" };
    let (cpu, cpus) = (computer.cpu.as_deref().unwrap_or(usual_cpu), computer.cpus);
    let memory = mebibytes(computer);
    // The rest is in a file of Bochs's own.
    let resident = memory.min(RESIDENT_MAX);
    // An SVM guest's triple fault counts as a panic of the emulated CPU before it becomes a #VMEXIT
    // for the host: there, such a panic must not be the end.
    let panic = if computer.on == On::BochsSvm { "action=fatal, cpu0=report" } else { "action=fatal" };
    let time = computer.clock.map_or("local".to_owned(), |clock| clock.unix().to_string());
    // ips: instructions in a second of the emulated clocks. Fewer make the guest's timer ticks
    // cost more than its work; the host's own speed does not matter with sync=none.
    format!(
        "display_library: term
cpu: model={cpu}, count={cpus}, ips=200000000, reset_on_triple_fault=0, ignore_bad_msrs=0
memory: guest={memory}, host={resident}
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0: enabled=1
ata0-master: type=disk, path=disk.img, mode=flat
boot: disk
com1: enabled=1, {com1}
com2: enabled=1, {com2}
clock: sync=none, time0={time}
{log}
panic: {panic}
speaker: enabled=0
"
    )
}

/// Writes what an emulator says to a file.
pub fn keep_messages(stderr: ChildStderr, messages: &Path) -> Result<()> {
    let mut messages = std::fs::File::create(messages)?;
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
            _ = messages.write_all(&line).and_then(|()| messages.write_all(b"\n"));
            drain_screen(&line);
        }
    });
    Ok(())
}

/// If this line of what Bochs says tells the name of its screen, has somebody read there.
///
/// With its debugger built in, Bochs draws its screen on a terminal of its own making. If nobody reads from that, Bochs
/// stops as soon as the terminal's buffer is full.
pub fn drain_screen(line: &[u8]) {
    if let Some(name) = line.strip_prefix(b"Bochs connected to screen \"") {
        let name = String::from_utf8_lossy(name).trim_end_matches('"').to_owned();
        std::thread::spawn(move || drain(&name));
    }
}

fn drain(terminal: &str) {
    let Ok(mut screen) = pty::open_raw(Path::new(terminal)).map(std::fs::File::from) else { return };
    let mut buffer = [0; 4096];
    while screen.read(&mut buffer).is_ok_and(|count| count > 0) {}
}
