//! Access to the registers: by memory in xAPIC mode, by RDMSR and WRMSR in x2APIC mode.

use super::base::Mode;
use super::registers::{
    Register, DESTINATION_FORMAT_ONES, ILLEGAL_REGISTER, SOFTWARE_ENABLE, SPURIOUS_BITS, VERSION,
};
use super::{timer, ApicEffects, LocalApic, Source, TASK_PRIORITY};
use crate::port::Size;
use crate::time::Instant;
use crate::vcpu::Fault;

/// IA32_APIC_BASE.
pub const APIC_BASE: u32 = 0x1b;
/// IA32_TSC_DEADLINE.
pub const TSC_DEADLINE: u32 = 0x6e0;
/// The MSRs that are registers of the local APIC in x2APIC mode, and nothing in other modes.
pub const X2APIC: core::ops::RangeInclusive<u32> = 0x800..=0x8ff;

/// Bits of an xAPIC register that hold an ID or a destination.
const ID_SHIFT: u32 = 24;

impl LocalApic {
    /// Reads from byte `offset` of the page.
    ///
    /// A register is 32 bits wide and has 16 bytes of the page; the manual leaves all accesses but aligned
    /// 32-bit ones undefined. Here the 12 bytes after a register read as zero, and a narrow or misaligned
    /// read returns that part of the 16 bytes. Registers that don't exist read as zero, and are an error
    /// (ESR bit 7). If there is no such page in this mode, all bits are ones.
    pub fn read(&mut self, now: Instant, offset: u32, size: Size) -> u32 {
        self.advance(now);
        if self.base.mode() != Mode::Xapic {
            return size.mask();
        }
        let Some(register) = Register::at(offset >> 4).filter(|register| register.in_xapic()) else {
            self.error(ILLEGAL_REGISTER);
            return 0;
        };
        let value = match register {
            Register::Id => self.id << ID_SHIFT,
            Register::LogicalDestination => u32::from(self.ldr) << ID_SHIFT,
            register => self.get(now, register),
        };
        value.checked_shr(8 * (offset & 15)).unwrap_or(0) & size.mask()
    }

    /// Writes to byte `offset` of the page. Narrow and misaligned writes are ignored, as are those to
    /// read-only registers; the ID is read-only.
    pub fn write(&mut self, now: Instant, offset: u32, size: Size, value: u32) -> ApicEffects {
        self.advance(now);
        if self.base.mode() != Mode::Xapic {
            return ApicEffects::default();
        }
        let Some(register) = Register::at(offset >> 4).filter(|register| register.in_xapic()) else {
            self.error(ILLEGAL_REGISTER);
            return ApicEffects::default();
        };
        if offset & 15 != 0 || size != Size::Dword {
            return ApicEffects::default();
        }
        match register {
            Register::LogicalDestination => self.ldr = (value >> ID_SHIFT) as u8,
            Register::DestinationFormat => self.dfr = value | DESTINATION_FORMAT_ONES,
            Register::CommandLow => return self.command(self.icr >> 32 << 32 | u64::from(value)),
            Register::CommandHigh => {
                let destination = value >> ID_SHIFT << ID_SHIFT;
                self.icr = u64::from(destination) << 32 | self.icr & 0xffff_ffff;
            }
            register => return self.set(now, register, value),
        }
        ApicEffects::default()
    }

    /// RDMSR of [`APIC_BASE`], [`TSC_DEADLINE`] and [`X2APIC`].
    ///
    /// # Errors
    /// #GP if there is no such register in this mode, or it can't be read.
    pub fn read_msr(&mut self, now: Instant, index: u32) -> Result<u64, Fault> {
        self.advance(now);
        match index {
            APIC_BASE => return Ok(self.base()),
            TSC_DEADLINE => return Ok(self.timer.deadline()),
            _ => {}
        }
        let register = self.x2apic_register(index)?;
        if !register.msr_readable() {
            return Err(Fault::GeneralProtection);
        }
        Ok(match register {
            Register::Id => self.id.into(),
            Register::LogicalDestination => self.x2apic_logical_id().into(),
            Register::CommandLow => self.icr,
            register => self.get(now, register).into(),
        })
    }

    /// WRMSR of [`APIC_BASE`], [`TSC_DEADLINE`] and [`X2APIC`], when the guest's time-stamp counter is `tsc`.
    ///
    /// # Errors
    /// #GP if there is no such register in this mode, it can't be written, or reserved bits are set.
    pub fn write_msr(
        &mut self,
        now: Instant,
        tsc: u64,
        index: u32,
        value: u64,
    ) -> Result<ApicEffects, Fault> {
        self.advance(now);
        match index {
            APIC_BASE => return self.set_base(value).map(|()| ApicEffects::default()),
            TSC_DEADLINE => {
                self.timer.set_deadline(now, tsc, value, &self.scale);
                self.advance(now);
                return Ok(ApicEffects::default());
            }
            _ => {}
        }
        let register = self.x2apic_register(index)?;
        let writable = register.msr_writable().ok_or(Fault::GeneralProtection)?;
        if value & !writable != 0 {
            return Err(Fault::GeneralProtection);
        }
        Ok(match register {
            Register::CommandLow => self.command(value),
            register => self.set(now, register, value as u32),
        })
    }

    fn x2apic_register(&self, index: u32) -> Result<Register, Fault> {
        if self.base.mode() != Mode::X2apic || !X2APIC.contains(&index) {
            return Err(Fault::GeneralProtection);
        }
        Register::at(index - X2APIC.start()).ok_or(Fault::GeneralProtection)
    }

    /// Registers that read alike in both modes.
    fn get(&self, now: Instant, register: Register) -> u32 {
        match register {
            Register::Version => VERSION,
            Register::TaskPriority => self.tpr.into(),
            Register::ArbitrationPriority => self.arbitration_priority().into(),
            Register::ProcessorPriority => self.processor_priority().into(),
            Register::DestinationFormat => self.dfr,
            Register::Spurious => self.svr,
            Register::InService(word) => self.isr.word(word),
            Register::TriggerMode(word) => self.tmr.word(word),
            Register::Request(word) => self.irr.word(word),
            Register::ErrorStatus => self.esr,
            Register::CommandLow => self.icr as u32,
            Register::CommandHigh => (self.icr >> 32) as u32,
            Register::Lvt(source) => self.entry(source),
            Register::InitialCount => self.timer.initial(),
            Register::CurrentCount => self.timer.current(now),
            Register::DivideConfiguration => self.timer.divide_configuration(),
            // Write-only, or different in the two modes. Remote reads don't exist any more.
            Register::Id
            | Register::Eoi
            | Register::RemoteRead
            | Register::LogicalDestination
            | Register::SelfIpi => 0,
        }
    }

    /// Registers that are written alike in both modes.
    fn set(&mut self, now: Instant, register: Register, value: u32) -> ApicEffects {
        match register {
            Register::TaskPriority => self.tpr = (value & TASK_PRIORITY) as u8,
            Register::Eoi => return ApicEffects { eoi: self.end_of_interrupt(), ..ApicEffects::default() },
            Register::Spurious => {
                self.svr = value & SPURIOUS_BITS;
                if value & SOFTWARE_ENABLE == 0 {
                    self.mask_all();
                }
            }
            Register::ErrorStatus => self.esr = core::mem::take(&mut self.errors),
            Register::Lvt(source) => {
                if source == Source::Timer {
                    self.timer.set_mode(now, timer::Mode::decode(value));
                }
                self.write_lvt(source, value);
            }
            Register::InitialCount => self.timer.set_initial(now, value),
            Register::DivideConfiguration => self.timer.set_divide_configuration(now, value),
            Register::SelfIpi => self.self_ipi(value as u8),
            _ => {}
        }
        ApicEffects::default()
    }
}
