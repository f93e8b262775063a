//! The board: which device answers at which port, and which interrupt line it drives.
//!
//! All devices here are 8 bits wide. A wider access is split into bytes at consecutive ports, and a byte
//! that no device claims floats high.
//!
//! Time: whoever drives the board calls [`Pc::advance`] at [`Pc::next_deadline`], and before it looks at
//! [`Pc::interrupt_pending`]; port accesses advance by themselves. Interrupt lines follow the timers at
//! these moments only. Nothing gets lost by that: the interrupt controller remembers an edge just as long
//! as the line stays high, which is known whenever it is looked at. So there is no deadline for an edge
//! that is masked or already requested, and an idle guest sleeps as long as it wants to.

mod effects;
mod ports;
#[cfg(test)]
mod tests;

pub use effects::{Effects, Output, ResetSource};

use crate::device::i8042::I8042;
use crate::device::pic::{Pic, Which};
use crate::device::pit::{self, Pit};
use crate::device::reset_control::ResetControl;
use crate::device::rtc::Rtc;
use crate::device::system_control::SystemControl;
use crate::device::uart::Uart;
use crate::memory::RamLayout;
use crate::port::{PortMap, Size};
use crate::time::Instant;
use ports::{Device, PORTS};

/// Interrupt line of the timer's counter 0.
const TIMER_IRQ: u8 = 0;
/// Interrupt line of the keyboard.
const KEYBOARD_IRQ: u8 = 1;
/// Interrupt line of the first serial port.
const UART_IRQ: u8 = 4;
/// Interrupt line of the real-time clock.
const CLOCK_IRQ: u8 = 8;
/// Interrupt line of the keyboard controller's auxiliary device.
const AUX_IRQ: u8 = 12;
/// Byte that is read where no device is.
const FLOATING: u8 = 0xff;

/// When timers will next move an interrupt line, computed after each access to one.
#[derive(Clone, Copy, Debug, Default)]
struct Due {
    /// OUT of the timer changes.
    timer_change: Option<Instant>,
    /// OUT of the timer rises.
    timer_rise: Option<Instant>,
    /// The real-time clock interrupts.
    clock: Option<Instant>,
    /// The serial port announces waiting characters.
    uart: Option<Instant>,
}

impl Due {
    fn reached(&self, now: Instant) -> bool {
        [self.timer_change, self.clock, self.uart].into_iter().flatten().any(|due| due <= now)
    }
}

/// A PC but for CPU and memory.
#[derive(Clone, Debug)]
pub struct Pc {
    ports: PortMap<Device>,
    pic: Pic,
    pit: Pit,
    keyboard: I8042,
    system_control: SystemControl,
    clock: Rtc,
    uart: Uart,
    reset_control: ResetControl,
    due: Due,
}

impl Pc {
    /// A PC with memory of this layout, powered on at [`Instant`] zero, when its clock showed `wall_clock`
    /// seconds since 1970 (UTC).
    #[must_use]
    pub fn new(layout: RamLayout, wall_clock: u64) -> Self {
        let mut ports = PortMap::default();
        for (range, device) in PORTS {
            let registered = ports.register(range.clone(), *device);
            debug_assert!(registered.is_ok(), "{device:?} overlaps another device");
        }
        let mut pc = Self {
            ports,
            pic: Pic::new(),
            pit: Pit::new(),
            keyboard: I8042::new(),
            system_control: SystemControl::new(),
            clock: Rtc::new(layout, wall_clock),
            uart: Uart::new(),
            reset_control: ResetControl::default(),
            due: Due::default(),
        };
        // The timer's output is high already: that is no edge.
        pc.carry_timer(Instant(0));
        pc
    }

    /// IN: reads `size` from `port`. Bits above `size` are zero.
    pub fn read_port(&mut self, now: Instant, port: u16, size: Size) -> u32 {
        self.advance(now);
        let mut bytes = [0; 4];
        for (byte, offset) in bytes.iter_mut().zip(0..size.bytes()) {
            *byte = match self.find(port.wrapping_add(offset), size) {
                Some((device, register)) => self.read_device(now, device, register),
                None => FLOATING,
            };
        }
        u32::from_le_bytes(bytes)
    }

    /// OUT: writes `size` of `value` to `port`.
    pub fn write_port(&mut self, now: Instant, port: u16, size: Size, value: u32) -> Effects {
        self.advance(now);
        let mut effects = Effects::default();
        for (byte, offset) in value.to_le_bytes().into_iter().zip(0..size.bytes()) {
            if let Some((device, register)) = self.find(port.wrapping_add(offset), size) {
                self.write_device(now, device, register, byte, &mut effects);
            }
        }
        effects
    }

    /// Lets timers that came due act. Cheap if none did.
    pub fn advance(&mut self, now: Instant) {
        if self.due.reached(now) {
            self.carry_timer(now);
            self.carry_clock(now);
            self.carry_uart(now);
        }
    }

    /// When [`Pc::advance`] must be called at the latest, so that no interrupt comes late.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        [(TIMER_IRQ, self.due.timer_rise), (CLOCK_IRQ, self.due.clock), (UART_IRQ, self.due.uart)]
            .into_iter()
            .filter(|(irq, _)| self.pic.awaits(*irq))
            .filter_map(|(_, due)| due)
            .min()
    }

    /// Whether the interrupt controller asks for the CPU (INTR).
    #[must_use]
    pub fn interrupt_pending(&self) -> bool {
        self.pic.interrupt_pending()
    }

    /// The CPU's interrupt acknowledge cycle: the vector to deliver.
    pub fn acknowledge_interrupt(&mut self) -> u8 {
        self.pic.acknowledge()
    }

    /// Whether the serial port takes a byte now without losing one.
    #[must_use]
    pub fn can_receive(&self) -> bool {
        self.uart.ready()
    }

    /// A byte from outside for the serial port.
    pub fn receive(&mut self, now: Instant, byte: u8) {
        self.advance(now);
        self.uart.receive(now, byte);
        self.carry_uart(now);
    }

    /// The device at `port` and its register. Port CF9h is not seen by accesses that are wider than a
    /// byte: they are for the PCI configuration address that it lies in.
    fn find(&self, port: u16, size: Size) -> Option<(Device, u16)> {
        self.ports.find(port).filter(|(device, _)| *device != Device::ResetControl || size == Size::Byte)
    }

    fn read_device(&mut self, now: Instant, device: Device, register: u16) -> u8 {
        match device {
            Device::Pic(which) => self.pic.read(which, register),
            Device::PicTrigger => self.pic.read_trigger(trigger_register(register)),
            Device::Pit => self.pit.read(now, register),
            Device::Keyboard(register) => {
                let value = self.keyboard.read(register);
                self.carry_keyboard();
                value
            }
            Device::PortB => self.system_control.read_port_b(now, &self.pit),
            Device::Clock => {
                let value = self.clock.read(now, register);
                self.carry_clock(now);
                value
            }
            Device::PostCode => self.system_control.post_code(),
            Device::PortA => self.system_control.read_port_a(),
            Device::Uart => {
                let value = self.uart.read(now, register);
                self.carry_uart(now);
                value
            }
            Device::ResetControl => self.reset_control.read(),
        }
    }

    fn write_device(
        &mut self,
        now: Instant,
        device: Device,
        register: u16,
        value: u8,
        effects: &mut Effects,
    ) {
        match device {
            Device::Pic(which) => self.pic.write(which, register, value),
            Device::PicTrigger => self.pic.write_trigger(trigger_register(register), value),
            Device::Pit => {
                self.pit.write(now, register, value);
                self.carry_timer(now);
            }
            Device::Keyboard(register) => {
                if self.keyboard.write(register, value) {
                    effects.reset = Some(ResetSource::KeyboardController);
                }
                self.carry_keyboard();
            }
            Device::Clock => {
                self.clock.write(now, register, value);
                self.carry_clock(now);
            }
            Device::PortB => {
                let gate = self.system_control.write_port_b(value);
                self.pit.set_gate(now, gate);
            }
            Device::PostCode => self.system_control.set_post_code(value),
            Device::PortA => {
                if self.system_control.write_port_a(value) {
                    effects.reset = Some(ResetSource::FastReset);
                }
            }
            Device::Uart => {
                if let Some(byte) = self.uart.write(now, register, value) {
                    effects.output.push(byte);
                }
                self.carry_uart(now);
            }
            Device::ResetControl => {
                if self.reset_control.write(value) {
                    effects.reset = Some(ResetSource::ResetControl);
                }
            }
        }
    }

    /// Carries the timer's output to its interrupt line.
    fn carry_timer(&mut self, now: Instant) {
        if self.pit.take_rising_edge(now) {
            self.pic.set_line(TIMER_IRQ, false);
            self.pic.set_line(TIMER_IRQ, true);
        }
        self.pic.set_line(TIMER_IRQ, self.pit.out(pit::TIMER, now));
        self.due.timer_change = self.pit.next_change();
        self.due.timer_rise = self.pit.next_edge();
    }

    /// Carries the real-time clock's interrupt output to its line.
    fn carry_clock(&mut self, now: Instant) {
        self.clock.settle(now);
        self.pic.set_line(CLOCK_IRQ, self.clock.irq());
        self.due.clock = self.clock.next_deadline();
    }

    /// Carries the keyboard controller's interrupt outputs to their lines.
    fn carry_keyboard(&mut self) {
        if self.keyboard.take_drop() {
            self.pic.set_line(KEYBOARD_IRQ, false);
            self.pic.set_line(AUX_IRQ, false);
        }
        self.pic.set_line(KEYBOARD_IRQ, self.keyboard.keyboard_irq());
        self.pic.set_line(AUX_IRQ, self.keyboard.aux_irq());
    }

    /// Carries the serial port's interrupt output to its line.
    fn carry_uart(&mut self, now: Instant) {
        if self.uart.take_drop() {
            self.pic.set_line(UART_IRQ, false);
        }
        self.pic.set_line(UART_IRQ, self.uart.irq(now));
        self.due.uart = self.uart.next_deadline(now);
    }
}

/// Whose edge/level register is at offset `register` from 4D0h.
fn trigger_register(register: u16) -> Which {
    if register == 0 {
        Which::Master
    } else {
        Which::Slave
    }
}
