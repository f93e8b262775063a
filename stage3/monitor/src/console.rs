//! The operator's terminal: what is typed goes where it belongs, and who has the console is heard.

use crate::editor::Editor;
use crate::front::Front;
use crate::hypervisor::Hypervisor;
use crate::joined::Joined;
use crate::prefix::{Key, Prefix};
use crate::run::{execute, Paint};
use alloc::string::{String, ToString};
use core::fmt::{self, Write};

/// What the terminal does when a key means nothing here.
const BELL: &[u8] = b"\x07";

/// Where a console writes to. Lines end with CR and LF.
pub trait Terminal {
    /// Shows `bytes`, which may be a guest's.
    fn write_bytes(&mut self, bytes: &[u8]);
    /// Begins a line, unless one has just begun.
    fn start_line(&mut self);
}

/// Text of ours, whose lines end with LF.
struct Text<'a>(&'a mut dyn Terminal);

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive('\n') {
            match part.strip_suffix('\n') {
                Some(line) => {
                    self.0.write_bytes(line.as_bytes());
                    self.0.write_bytes(b"\r\n");
                }
                None => self.0.write_bytes(part.as_bytes()),
            }
        }
        Ok(())
    }
}

/// The operator's console.
pub struct Console {
    prefix: Prefix,
    editor: Editor,
    joined: Joined,
    /// Who is heard. The hypervisor may have changed its mind since.
    shown: Option<Front>,
}

impl Console {
    /// With `prefix` before the hypervisor's keys, for so many VMs. Nobody is heard before [`Console::follow`].
    #[must_use]
    pub fn new(prefix: u8, vms: usize) -> Self {
        Self { prefix: Prefix::new(prefix), editor: Editor::new(), joined: Joined::new(vms), shown: None }
    }

    /// `byte` was typed.
    pub fn input(&mut self, byte: u8, hypervisor: &mut dyn Hypervisor, out: &mut dyn Terminal) {
        match self.prefix.byte(byte) {
            None => {}
            Some(Key::Byte(byte)) => self.typed(byte, hypervisor, out),
            Some(Key::Attach(number)) => {
                let vm = usize::from(number) - 1;
                if vm < hypervisor.vm_count() {
                    hypervisor.attach(Front::Vm(vm));
                } else {
                    say(out, format_args!("no VM has number {number}: {} m and vms list them", self.prefix));
                }
            }
            Some(Key::Monitor) => hypervisor.attach(Front::Monitor),
            Some(Key::Joined) => hypervisor.attach(Front::Joined),
            Some(Key::PowerOff) => hypervisor.power_off(),
            Some(Key::Help) => self.help(out),
            Some(Key::Unknown(_)) => out.write_bytes(BELL),
        }
        self.follow(hypervisor, out);
    }

    /// Whether `byte`, which a key of the computer's keyboard stands for, is the hypervisor's own. If not, a VM with a
    /// keyboard may have the key itself.
    #[must_use]
    pub const fn takes(&self, byte: u8) -> bool {
        self.prefix.takes(byte)
    }

    /// Does what there is to do when somebody else has got the console, by whatever way: says who, and shows what it
    /// said meanwhile.
    pub fn follow(&mut self, hypervisor: &mut dyn Hypervisor, out: &mut dyn Terminal) {
        let front = hypervisor.front();
        if self.shown == Some(front) {
            return;
        }
        if self.shown == Some(Front::Joined) {
            self.joined.pause(u64::MAX, &|vm| hypervisor.vm(vm).name, out);
        }
        self.shown = Some(front);
        match front {
            Front::Vm(vm) => {
                let view = hypervisor.vm(vm);
                let (name, state) = (view.name, view.state.name());
                say(out, format_args!("vm {name} has the console; it is {state}; {} h: keys", self.prefix));
                hypervisor.output(vm, &mut |ring| {
                    if ring.lost() > 0 {
                        let _ = writeln!(Text(out), "pxHV: {} bytes before this are lost", ring.lost());
                    }
                    ring.unseen().into_iter().for_each(|part| out.write_bytes(part));
                    ring.mark_seen();
                });
            }
            Front::Joined => {
                say(out, format_args!("all VMs, a line at a time; {} h: keys", self.prefix));
                for vm in 0..hypervisor.vm_count() {
                    self.replay_lines(vm, hypervisor, out);
                }
            }
            Front::Monitor => {
                say(
                    out,
                    format_args!("the monitor has the console; help: commands; {} h: keys", self.prefix),
                );
                let _ = self.editor.redraw(&mut Text(out));
            }
        }
    }

    /// The VM of this index and name said `bytes`. Whether the operator sees it; else its ring is to keep it unseen.
    pub fn output(&mut self, vm: usize, name: &str, bytes: &[u8], now: u64, out: &mut dyn Terminal) -> bool {
        match self.shown {
            Some(Front::Vm(front)) if front == vm => out.write_bytes(bytes),
            Some(Front::Joined) => self.joined.output(vm, name, bytes, now, out),
            _ => return false,
        }
        true
    }

    /// When [`Console::pause`] has something to do.
    #[must_use]
    pub fn due(&self) -> Option<u64> {
        self.joined.due()
    }

    /// It is `now`: in the joined view, lines that have waited long enough for their end are shown.
    pub fn pause(&mut self, now: u64, hypervisor: &dyn Hypervisor, out: &mut dyn Terminal) {
        self.joined.pause(now, &|vm| hypervisor.vm(vm).name, out);
    }

    /// A message of the hypervisor was shown: what the operator is typing is shown again behind it.
    pub fn message_was_shown(&mut self, out: &mut dyn Terminal) {
        if self.shown == Some(Front::Monitor) {
            let _ = self.editor.redraw(&mut Text(out));
        }
    }

    /// A byte for who has the console.
    fn typed(&mut self, byte: u8, hypervisor: &mut dyn Hypervisor, out: &mut dyn Terminal) {
        match hypervisor.front() {
            Front::Vm(vm) => {
                if hypervisor.send(vm, &[byte]).is_err() {
                    out.write_bytes(BELL);
                }
            }
            Front::Joined => out.write_bytes(BELL),
            Front::Monitor => {
                let mut text = Text(out);
                // A terminal takes everything.
                let Ok(Some(line)) = self.editor.byte(byte, hypervisor, &mut text) else { return };
                if let Err(error) = execute(&line, hypervisor, &mut text, Paint::Colours) {
                    let _ = writeln!(text, "{error}");
                }
                if hypervisor.front() == Front::Monitor {
                    let _ = self.editor.prompt(&mut text);
                }
            }
        }
    }

    fn replay_lines(&mut self, vm: usize, hypervisor: &mut dyn Hypervisor, out: &mut dyn Terminal) {
        // A name that long has no VM.
        let name = String::from(hypervisor.vm(vm).name);
        hypervisor.output(vm, &mut |ring| {
            for part in ring.unseen() {
                self.joined.output(vm, &name, part, 0, out);
            }
            ring.mark_seen();
        });
    }

    fn help(&mut self, out: &mut dyn Terminal) {
        say(out, format_args!("keys, each behind {}:", self.prefix));
        let prefix = self.prefix.to_string();
        let keys = [
            ("1 ... 9", "the VM of this number has the console"),
            ("m", "the monitor has it: commands, help lists them"),
            ("j", "all VMs are shown, a line at a time"),
            ("x", "the computer is switched off; no guest is asked"),
            ("h", "this list"),
            (&prefix, "itself, for who has the console"),
        ];
        for (key, what) in keys {
            let _ = writeln!(Text(out), "  {key:<8} {what}");
        }
        self.message_was_shown(out);
    }
}

/// Shows a line of the hypervisor's.
fn say(out: &mut dyn Terminal, words: fmt::Arguments) {
    out.start_line();
    let _ = writeln!(Text(out), "pxHV: {words}");
}
