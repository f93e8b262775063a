//! Accesses to ports.

use super::ports::{Device, PCI_PORTS};
use super::{Effects, Pc, PowerEvent, ResetSource};
use crate::device::fw_cfg::{self, FwCfg};
use crate::device::pci;
use crate::device::pic::Which;
use crate::memory::GuestMemory;
use crate::port::Size;
use crate::time::Instant;

/// Byte that is read where no device is.
const FLOATING: u8 = 0xff;
/// What the debug console reads as: a guest finds it by that.
const DEBUG_CONSOLE: u8 = 0xe9;

impl Pc {
    /// IN: reads `size` from `port`. Bits above `size` are zero.
    pub fn read_port(&mut self, now: Instant, port: u16, size: Size) -> u32 {
        // Most accesses are of this kind.
        if size == Size::Byte && !PCI_PORTS.contains(&port) {
            return self.read_byte(now, port, size);
        }
        self.read_wide(now, port, size)
    }

    #[inline(never)]
    fn read_wide(&mut self, now: Instant, port: u16, size: Size) -> u32 {
        self.advance(now);
        if let Some(register) = pci::Register::at(port, size) {
            return self.pci.read(register, size);
        }
        if let Some(channel) = self.data_register(port, size) {
            return self.read_data(channel, size);
        }
        let mut bytes = [0; 4];
        for (byte, offset) in bytes.iter_mut().zip(0..size.bytes()) {
            *byte = self.read_byte(now, port.wrapping_add(offset), size) as u8;
        }
        u32::from_le_bytes(bytes)
    }

    /// The byte at `port` of an access of `size`.
    #[inline(never)]
    fn read_byte(&mut self, now: Instant, port: u16, size: Size) -> u32 {
        self.advance(now);
        let byte = match self.find(port, size) {
            Some((device, register)) => self.read_device(now, device, register),
            None => FLOATING,
        };
        byte.into()
    }

    /// INS: reads elements of `size` from `port` until `bytes` is full, all at the same time.
    pub fn read_port_string(&mut self, now: Instant, port: u16, size: Size, bytes: &mut [u8]) {
        if let Some(channel) = self.data_register(port, size) {
            self.advance(now);
            return self.read_data_string(channel, bytes);
        }
        for element in bytes.chunks_exact_mut(size.bytes().into()) {
            let value = self.read_port(now, port, size).to_le_bytes();
            for (to, from) in element.iter_mut().zip(value) {
                *to = from;
            }
        }
    }

    /// OUT: writes `size` of `value` to `port`.
    pub fn write_port(&mut self, now: Instant, port: u16, size: Size, value: u32) -> Effects {
        self.advance(now);
        let mut effects = Effects::default();
        if let Some(register) = pci::Register::at(port, size) {
            self.pci.write(register, size, value);
            return effects;
        }
        if let Some(register) = fw_cfg::Register::at(port, size) {
            effects.transfer = self.fw_cfg.write(register, value);
            return effects;
        }
        if let Some(channel) = self.data_register(port, size) {
            self.write_data(channel, size, value);
            return effects;
        }
        for (byte, offset) in value.to_le_bytes().into_iter().zip(0..size.bytes()) {
            match self.find(port.wrapping_add(offset), size) {
                // All of the operand that begins there.
                Some((Device::DebugExit, _)) => {
                    let operand = (value & size.mask()) >> (8 * offset);
                    effects.power = Some(PowerEvent::DebugExit(operand));
                    break;
                }
                Some((device, register)) => self.write_device(now, device, register, byte, &mut effects),
                None => {}
            }
        }
        effects
    }

    /// Lets the devices that asked for it ([`Effects::transfer`]) reach `memory`.
    pub fn transfer(&mut self, memory: &dyn GuestMemory) {
        self.fw_cfg.transfer(memory);
        self.floppy.transfer(&mut self.dma, memory);
        self.carry_floppy();
    }

    /// The device at `port` and its register. Port CF9h is not seen by accesses that are wider than a
    /// byte: they are for the PCI configuration address that it lies in.
    #[inline]
    fn find(&mut self, port: u16, size: Size) -> Option<(Device, u16)> {
        self.ports.find(port).filter(|(device, _)| *device != Device::ResetControl || size == Size::Byte)
    }

    fn read_device(&mut self, now: Instant, device: Device, register: u16) -> u8 {
        match device {
            Device::Pic(which) => {
                if self.interrupts.pic.polls(which) {
                    return self.interrupts.poll(which);
                }
                self.interrupts.pic.read(which, register)
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
            Device::Dma(group) => self.dma.read(group, register),
            Device::Floppy(base) => {
                let value = self.floppy.read(base + register);
                self.carry_floppy();
                value
            }
            Device::Ata(channel) => {
                let channel = usize::from(channel);
                let value = self.ata[channel].read(register);
                self.carry_disks(channel);
                value
            }
            Device::AtaControl(channel) => self.ata[usize::from(channel)].status(),
            Device::FwCfg => self.fw_cfg.read(register),
            Device::FwCfgAddress => FwCfg::read_address(register),
            Device::ResetControl => self.reset_control.read(),
            Device::Vga(base) => self.vga.as_mut().map_or(FLOATING, |vga| vga.read(now, base + register)),
            Device::DebugExit => 0,
            Device::DebugConsole => DEBUG_CONSOLE,
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
            Device::Vga(base) => {
                if let Some(vga) = &mut self.vga {
                    vga.write(base + register, value);
                }
            }
            Device::Dma(group) => {
                self.dma.write(group, register, value);
                // The channel may be ready now.
                effects.transfer |= self.floppy.is_transferring();
            }
            Device::Floppy(base) => {
                effects.transfer |= self.floppy.write(base + register, value);
                self.carry_floppy();
            }
            Device::Ata(channel) => {
                let channel = usize::from(channel);
                self.ata[channel].write(register, value);
                self.carry_disks(channel);
            }
            Device::AtaControl(channel) => {
                let channel = usize::from(channel);
                self.ata[channel].write_control(value);
                self.carry_disks(channel);
            }
            Device::DebugConsole => effects.output.push(value),
            // Seen by `write_port`: accesses of their own size.
            Device::DebugExit | Device::FwCfg | Device::FwCfgAddress => {}
            Device::PowerManagement => {
                if self.power.write(now, register, value) {
                    effects.power = Some(PowerEvent::Off);
                }
                self.carry_power(now);
                // Which events it waits for.
                self.interrupts.changed = true;
            }
            Device::ResetControl => {
                if self.reset_control.write(value) {
                    effects.power = Some(PowerEvent::Reset(ResetSource::ResetControl));
                }
            }
        }
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
