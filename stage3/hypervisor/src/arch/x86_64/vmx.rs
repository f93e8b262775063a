//! Intel VMX: virtual CPUs in VMX non-root operation.
//!
//! Stage 2 executed VMXON, so that this CPU is in VMX root operation for good.
//!
//! * [`architecture::vmx`]: the manual's fields, controls, capabilities and exit reasons
//! * [`capabilities`], [`controls`]: what the processor can do, and what is asked of it
//! * [`instructions`], [`vmcs`]: access to the VMCS
//! * [`setup`], [`host_state`], [`bitmaps`], [`ept`]: what is written once
//! * [`entry`]: the world switch
//! * [`exits`], [`qualification`]: what an exit means
//! * [`vcpu`], [`guest_state`], [`control_registers`], [`events`]: the virtual CPU's state
//! * [`explain`]: why VM entry failed
//! * [`features`]: what an operator is told about the processor

#![allow(clippy::wildcard_imports, reason = "the manual's tables: fields and exit reasons")]

mod bitmaps;
mod capabilities;
mod control_registers;
mod controls;
mod entry;
mod ept;
mod events;
mod exits;
mod explain;
mod features;
mod guest_state;
mod host_state;
mod instructions;
mod qualification;
mod setup;
mod vcpu;
mod vmcs;

use super::backend::{Backend, GuestLimits, OptionalInstructions, SetupError};
use super::page::Hpa;
use alloc::rc::Rc;
use alloc::string::String;
use architecture::vmx::capabilities::Capabilities;
use bundle::boot_info::{BootInfo, VENDOR_INTEL};
use controls::Controls;
use core::cell::Cell;
use ept::Ept;
use vcpu::VmxVcpu;
use vmcs::CurrentVmcs;

/// VMX on this CPU.
pub struct Vmx {
    capabilities: Capabilities,
    /// Shared with the virtual CPUs, which it keeps on this CPU.
    current_vmcs: CurrentVmcs,
    /// For the next virtual CPU; none has one that another had before. Zero is the host's.
    next_vpid: Cell<u16>,
}

impl Backend for Vmx {
    type Vcpu = VmxVcpu;
    type Format = Ept;

    fn new(boot: &BootInfo) -> Result<Self, SetupError> {
        if boot.vendor != VENDOR_INTEL || boot.vmxon_region == 0 {
            return Err(SetupError(String::from("stage 2 did not enter VMX root operation")));
        }
        let capabilities = capabilities::read();
        Controls::choose(&capabilities, OptionalInstructions::default())?;
        capabilities::check_ept(&capabilities)?;
        Ok(Self { capabilities, current_vmcs: Rc::new(Cell::new(Hpa::default())), next_vpid: Cell::new(1) })
    }

    fn name(&self) -> &'static str {
        "Intel VMX"
    }

    fn features(&self, each: &mut dyn FnMut(&str, bool, bool)) {
        features::each(&self.capabilities, self.optional_instructions(), each);
    }

    fn optional_instructions(&self) -> OptionalInstructions {
        Controls::optional_instructions(&self.capabilities)
    }

    fn create_vcpu(&self, nested_root: Hpa, limits: &GuestLimits) -> Result<VmxVcpu, SetupError> {
        let vpid = self.next_vpid.get();
        let vcpu = VmxVcpu::new(&self.capabilities, &self.current_vmcs, vpid, nested_root, limits)?;
        let next = vpid.checked_add(1);
        self.next_vpid.set(
            next.ok_or_else(|| SetupError(String::from("65534 virtual CPUs were made: no VPID is left")))?,
        );
        Ok(vcpu)
    }
}
