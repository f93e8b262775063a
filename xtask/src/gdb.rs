//! `cargo xtask gdb`: stage 3 in a debugger.

use crate::control::Record;
use crate::emulator::{Computer, Debugger, Emulator, On};
use crate::packages::{self, Purpose};
use crate::{image, project, size};
use anyhow::{bail, ensure, Context, Result};
use elf::{endian::LittleEndian, ElfBytes};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Options of `cargo xtask gdb`
#[derive(clap::Args, Debug)]
pub struct Options {
    #[command(flatten)]
    build: image::What,
    /// What to run on; Bochs has no gdb server, so its own debugger is used
    #[arg(long, value_enum, default_value = "qemu")]
    on: On,
    /// The computer's RAM: a number with M or G [default: 1G, or more if the virtual machines need it]
    #[arg(long, value_parser = size::parse)]
    memory: Option<u64>,
    /// Further arguments of gdb
    #[arg(last = true)]
    gdb: Vec<String>,
}

/// Builds the image and debugs it.
pub fn run(options: &Options) -> Result<()> {
    options.on.ensure()?;
    packages::ensure(&[Purpose::Gdb])?;
    let built = image::build(&options.build, None)?;
    let directory = tempfile::Builder::new().prefix("pxhv-gdb-").tempdir()?;
    let file = std::fs::read(&built.symbols)?;
    let file = ElfBytes::<LittleEndian>::minimal_parse(&file)?;
    let entry = file.ehdr.e_entry;
    let socket = directory.path().join("gdb");
    let debugger = match options.on {
        On::Qemu | On::Kvm => Debugger::Gdb(socket.clone()),
        On::Bochs | On::BochsSvm => Debugger::Own(bochs_commands(&file, &directory.path().join("symbols"))?),
    };
    let is_own = matches!(debugger, Debugger::Own(_));
    let computer = Computer {
        on: options.on,
        cpu: None,
        cpus: 1,
        memory: built.need.checked(options.memory, &built.config)?,
        image: built.path,
        clock: None,
        debugger: Some(debugger),
    };
    // Ctrl-C is the debugger's.
    let ignored = Arc::new(AtomicBool::new(false));
    let terminated = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGINT, ignored)?;
    signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::clone(&terminated))?;
    signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::clone(&terminated))?;

    let log = project::target().join("gdb-console.log");
    println!("the console goes to {}; stage 3 starts at {entry:#x}", project::shown(&log));
    let mut log = std::fs::File::create(&log)?;
    if is_own {
        println!("Bochs has no gdb server: this is its own debugger (help, continue, step, info cpu, quit)");
    }
    let mut emulator = Emulator::start(&computer)?;
    let _record = Record::new(&project::target(), computer.on, emulator.control.socket())?;
    if is_own {
        while emulator.ended()?.is_none() && !terminated.load(Ordering::Relaxed) {
            copy_console(&emulator, &mut log)?;
        }
        return Ok(());
    }
    wait_for(&socket, &mut emulator)?;
    let mut gdb = gdb(&built.symbols, &socket, entry, &options.gdb).spawn().context("can't start gdb")?;
    let status = loop {
        if let Some(status) = gdb.try_wait()? {
            break status;
        }
        if terminated.load(Ordering::Relaxed) {
            gdb.kill()?;
        }
        copy_console(&emulator, &mut log)?;
    };
    ensure!(status.success(), "gdb ended with {status}");
    Ok(())
}

fn gdb(symbols: &Path, socket: &Path, entry: u64, further: &[String]) -> Command {
    let mut gdb = Command::new("gdb");
    gdb.args(["-q", "-ex", "set confirm off", "-ex", "set architecture i386:x86-64"]);
    gdb.arg("-ex").arg(format!("target remote {}", socket.display()));
    // A hardware breakpoint: the code isn't there yet, so there is nothing to write an INT3 to.
    gdb.arg("-ex").arg(format!("hbreak *{entry:#x}"));
    gdb.args(further).arg(symbols);
    gdb
}

/// Stops Bochs at stage 3's entry, with the names of its symbols.
fn bochs_commands(file: &ElfBytes<LittleEndian>, symbols: &Path) -> Result<String> {
    let mut list = String::new();
    if let Some((table, names)) = file.symbol_table()? {
        for symbol in table.iter().filter(|symbol| symbol.st_value != 0 && symbol.st_name != 0) {
            writeln!(list, "{:x} {}", symbol.st_value, names.get(symbol.st_name as usize)?)?;
        }
    }
    std::fs::write(symbols, list)?;
    Ok(format!("ldsym global \"{}\"\nlb {:#x}\ncontinue\n", symbols.display(), file.ehdr.e_entry))
}

fn wait_for(socket: &Path, emulator: &mut Emulator) -> Result<()> {
    let start = Instant::now();
    while !socket.exists() {
        if emulator.ended()?.is_some() || start.elapsed() > Duration::from_secs(10) {
            bail!("the emulator does not start: {}", emulator.complaints());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Writes what the serial port says to the log, and waits a moment.
fn copy_console(emulator: &Emulator, log: &mut std::fs::File) -> Result<()> {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = rustix::io::read(&emulator.serial, &mut buffer) {
        log.write_all(&buffer[..count])?;
    }
    std::thread::sleep(Duration::from_millis(20));
    Ok(())
}
