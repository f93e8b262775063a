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
mod interrupts;
mod memory_mapped;
mod ports;
#[cfg(test)]
mod tests;

pub use effects::{Effects, Output, PowerEvent, ResetSource};
pub use memory_mapped::IOAPIC;

use crate::device::i8042::{Key, I8042};
use crate::device::lapic::{LocalApic, Mode};
use crate::device::pci::{self, Pci};
use crate::device::pic::Which;
use crate::device::pit::{self, Pit};
use crate::device::power_management::{PowerManagement, SCI_IRQ};
use crate::device::reset_control::ResetControl;
use crate::device::rtc::Rtc;
use crate::device::system_control::SystemControl;
use crate::device::uart::Uart;
use crate::memory::RamLayout;
use crate::port::{PortMap, Size};
use crate::time::{Instant, TscScale};
use crate::vcpu::Fault;
use interrupts::Interrupts;
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
    /// The power management timer interrupts.
    power: Option<Instant>,
    /// The local APIC's timer interrupts.
    lapic: Option<Instant>,
}

impl Due {
    fn reached(&self, now: Instant) -> bool {
        let due = [self.timer_change, self.clock, self.uart, self.power, self.lapic];
        due.into_iter().flatten().any(|due| due <= now)
    }
}

/// What a PC depends on.
#[derive(Clone, Copy, Debug)]
pub struct PcConfig {
    /// Its memory.
    pub layout: RamLayout,
    /// What its clock showed when it was powered on, at [`Instant`] zero: seconds since 1970 (UTC).
    pub wall_clock: u64,
    /// The rate of its CPU's time-stamp counter.
    pub tsc: TscScale,
    /// Bits of its CPU's physical addresses.
    pub physical_bits: u8,
}

/// A PC for tests, with a TSC of 1 GHz.
#[cfg(test)]
pub(crate) fn test_pc(memory: u64) -> Pc {
    Pc::new(&PcConfig {
        layout: RamLayout::new(memory),
        wall_clock: 1_700_000_000,
        tsc: TscScale::from_khz(1_000_000),
        physical_bits: 40,
    })
}

/// A PC but for CPU and memory.
#[derive(Clone, Debug)]
pub struct Pc {
    ports: PortMap<Device>,
    interrupts: Interrupts,
    pci: Pci,
    power: PowerManagement,
    pit: Pit,
    keyboard: I8042,
    system_control: SystemControl,
    clock: Rtc,
    uart: Uart,
    reset_control: ResetControl,
    due: Due,
}

impl Pc {
    /// A PC as its firmware leaves it to an operating system.
    #[must_use]
    pub fn new(config: &PcConfig) -> Self {
        let mut ports = PortMap::default();
        for (range, device) in PORTS {
            let registered = ports.register(range.clone(), *device);
            debug_assert!(registered.is_ok(), "{device:?} overlaps another device");
        }
        let mut lapic = LocalApic::new(0, true, config.physical_bits, config.tsc);
        lapic.set_virtual_wire_mode();
        let mut pc = Self {
            ports,
            interrupts: Interrupts::new(lapic),
            pci: Pci::new(),
            power: PowerManagement::new(),
            pit: Pit::new(),
            keyboard: I8042::new(),
            system_control: SystemControl::new(),
            clock: Rtc::new(config.layout, config.wall_clock),
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
        if let Some(register) = pci::Register::at(port, size) {
            return self.pci.read(register, size);
        }
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
        if let Some(register) = pci::Register::at(port, size) {
            self.pci.write(register, size, value);
            return effects;
        }
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
            self.carry_power(now);
            self.interrupts.lapic.advance(now);
            self.carry_lapic();
        }
    }

    /// When [`Pc::advance`] must be called at the latest, so that no interrupt comes late.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let lines = [
            (TIMER_IRQ, self.due.timer_rise),
            (CLOCK_IRQ, self.due.clock),
            (UART_IRQ, self.due.uart),
            (SCI_IRQ, self.due.power),
        ];
        let lines = lines.into_iter().filter(|(irq, _)| self.interrupts.awaits(*irq));
        lines.filter_map(|(_, due)| due).chain(self.due.lapic).min()
    }

    /// Whether an interrupt waits for the CPU that its task priority does not hold back.
    #[must_use]
    pub fn interrupt_pending(&self) -> bool {
        self.interrupts.pending()
    }

    /// The CPU's interrupt acknowledge cycle: the vector to deliver.
    pub fn acknowledge_interrupt(&mut self) -> u8 {
        self.interrupts.acknowledge()
    }

    /// The priority class of an interrupt that only the task priority holds back.
    #[must_use]
    pub fn held_back_class(&self) -> Option<u8> {
        self.interrupts.lapic.held_back_class()
    }

    /// CR8, which is the upper half of the local APIC's task priority.
    #[must_use]
    pub const fn cr8(&self) -> u8 {
        self.interrupts.lapic.cr8()
    }

    /// The CPU wrote CR8.
    pub fn set_cr8(&mut self, value: u8) {
        if value != self.cr8() {
            self.interrupts.lapic.set_cr8(value);
        }
    }

    /// Somebody presses the power button: the guest is asked to switch itself off.
    pub fn press_power_button(&mut self, now: Instant) {
        self.advance(now);
        self.power.press_power_button();
        self.carry_power(now);
    }

    /// Whether a non-maskable interrupt, INIT or start-up message waits for the CPU.
    #[must_use]
    pub const fn has_signal(&self) -> bool {
        self.interrupts.lapic.has_signal()
    }

    /// Whether a non-maskable interrupt waits for the CPU; takes it.
    pub fn take_nmi(&mut self) -> bool {
        self.interrupts.lapic.take_nmi()
    }

    /// Whether an INIT message waits for the CPU; takes it.
    pub fn take_init(&mut self) -> bool {
        self.interrupts.lapic.take_init()
    }

    /// Whether the local APIC is there for the CPU: CPUID shows it.
    #[must_use]
    pub fn has_lapic(&self) -> bool {
        self.interrupts.lapic.mode() != Mode::Disabled
    }

    /// RDMSR of a register of the local APIC.
    ///
    /// # Errors
    /// #GP if there is none with this index.
    pub fn read_lapic_msr(&mut self, now: Instant, index: u32) -> Result<u64, Fault> {
        self.advance(now);
        let value = self.interrupts.lapic.read_msr(now, index);
        self.carry_lapic();
        value
    }

    /// WRMSR of a register of the local APIC, when the guest's time-stamp counter is `tsc`.
    ///
    /// # Errors
    /// #GP if there is none with this index, or the value is not allowed in it.
    pub fn write_lapic_msr(&mut self, now: Instant, tsc: u64, index: u32, value: u64) -> Result<(), Fault> {
        self.advance(now);
        let effects = self.interrupts.lapic.write_msr(now, tsc, index, value)?;
        self.interrupts.apply(effects);
        self.carry_lapic();
        Ok(())
    }

    /// The guest set its time-stamp counter to `tsc`.
    pub fn tsc_changed(&mut self, now: Instant, tsc: u64) {
        self.interrupts.lapic.tsc_changed(now, tsc);
        self.carry_lapic();
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

    /// Somebody presses a key of the keyboard (`down`; again, if it repeats) or lets it go.
    pub fn key(&mut self, now: Instant, key: Key, down: bool) {
        self.advance(now);
        self.keyboard.key(key, down);
        self.carry_keyboard();
    }

    /// The keyboard's indicators that are lit: Scroll, Num and Caps Lock in bits 0 to 2.
    #[must_use]
    pub const fn keyboard_indicators(&self) -> u8 {
        self.keyboard.indicators()
    }

    /// The device at `port` and its register. Port CF9h is not seen by accesses that are wider than a
    /// byte: they are for the PCI configuration address that it lies in.
    fn find(&self, port: u16, size: Size) -> Option<(Device, u16)> {
        self.ports.find(port).filter(|(device, _)| *device != Device::ResetControl || size == Size::Byte)
    }

    fn read_device(&mut self, now: Instant, device: Device, register: u16) -> u8 {
        match device {
            Device::Pic(which) => {
                let value = self.interrupts.pic.read(which, register);
                self.interrupts.settle();
                value
            }
            Device::PicTrigger => self.interrupts.pic.read_trigger(trigger_register(register)),
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
            Device::PowerManagement => {
                let value = self.power.read(now, register);
                self.carry_power(now);
                value
            }
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
            Device::Pic(which) => {
                self.interrupts.pic.write(which, register, value);
                self.interrupts.settle();
            }
            Device::PicTrigger => {
                self.interrupts.pic.write_trigger(trigger_register(register), value);
                self.interrupts.settle();
            }
            Device::Pit => {
                self.pit.write(now, register, value);
                self.carry_timer(now);
            }
            Device::Keyboard(register) => {
                if self.keyboard.write(register, value) {
                    effects.power = Some(PowerEvent::Reset(ResetSource::KeyboardController));
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
                    effects.power = Some(PowerEvent::Reset(ResetSource::FastReset));
                }
            }
            Device::Uart => {
                if let Some(byte) = self.uart.write(now, register, value) {
                    effects.output.push(byte);
                }
                self.carry_uart(now);
            }
            Device::PowerManagement => {
                if self.power.write(now, register, value) {
                    effects.power = Some(PowerEvent::Off);
                }
                self.carry_power(now);
            }
            Device::ResetControl => {
                if self.reset_control.write(value) {
                    effects.power = Some(PowerEvent::Reset(ResetSource::ResetControl));
                }
            }
        }
    }

    /// Carries the timer's output to its interrupt line.
    fn carry_timer(&mut self, now: Instant) {
        if self.pit.take_rising_edge(now) {
            self.interrupts.set_line(TIMER_IRQ, false);
            self.interrupts.set_line(TIMER_IRQ, true);
        }
        self.interrupts.set_line(TIMER_IRQ, self.pit.out(pit::TIMER, now));
        self.due.timer_change = self.pit.next_change();
        self.due.timer_rise = self.pit.next_edge();
    }

    /// Carries the real-time clock's interrupt output to its line.
    fn carry_clock(&mut self, now: Instant) {
        self.clock.settle(now);
        self.interrupts.set_line(CLOCK_IRQ, self.clock.irq());
        self.due.clock = self.clock.next_deadline();
        self.power.set_clock_line(self.clock.irq());
        self.carry_power(now);
    }

    /// Carries the power management events to the system control interrupt.
    fn carry_power(&mut self, now: Instant) {
        self.power.settle(now);
        self.interrupts.set_line(SCI_IRQ, self.power.sci());
        self.due.power = self.power.next_deadline();
    }

    /// Notes when the local APIC's timer ends.
    fn carry_lapic(&mut self) {
        self.due.lapic = self.interrupts.lapic.next_deadline();
    }

    /// Carries the keyboard controller's interrupt outputs to their lines.
    fn carry_keyboard(&mut self) {
        if self.keyboard.take_drop() {
            self.interrupts.set_line(KEYBOARD_IRQ, false);
            self.interrupts.set_line(AUX_IRQ, false);
        }
        self.interrupts.set_line(KEYBOARD_IRQ, self.keyboard.keyboard_irq());
        self.interrupts.set_line(AUX_IRQ, self.keyboard.aux_irq());
    }

    /// Carries the serial port's interrupt output to its line.
    fn carry_uart(&mut self, now: Instant) {
        if self.uart.take_drop() {
            self.interrupts.set_line(UART_IRQ, false);
        }
        self.interrupts.set_line(UART_IRQ, self.uart.irq(now));
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
