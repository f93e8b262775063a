//! Extended page tables and what builds on them (Intel SDM, "VM-Execution Control Fields" in "Checks on VMX Controls").

use super::Audit;
use crate::vmx::capabilities::{
    EPT_ACCESSED_DIRTY, EPT_PAGE_WALK_4, EPT_PAGE_WALK_5, EPT_SUPERVISOR_SHADOW_STACK, EPT_UNCACHEABLE,
    EPT_WRITE_BACK,
};
use crate::vmx::controls::Secondary;
use crate::vmx::fields::*;

/// [`VM_FUNCTION_CONTROLS`]: EPTP switching.
const EPTP_SWITCHING: u64 = 1 << 0;

impl Audit<'_> {
    /// All of it.
    pub(super) fn ept(&mut self) {
        let Self { controls, processor, .. } = *self;
        let on = |control| controls.secondary.contains(control);
        if on(Secondary::ENABLE_EPT) {
            self.ept_pointer();
        }
        if on(Secondary::ENABLE_PML) {
            self.page(&PML_ADDRESS);
        }
        if on(Secondary::SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT) {
            self.page(&SUB_PAGE_PERMISSION_TABLE_POINTER);
        }
        if on(Secondary::ENABLE_VM_FUNCTIONS) {
            let functions = self.read(&VM_FUNCTION_CONTROLS) & processor.capabilities.vm_functions;
            let switching = functions & EPTP_SWITCHING;
            self.field(&VM_FUNCTION_CONTROLS).zeros_if(
                !on(Secondary::ENABLE_EPT),
                switching,
                "EPTP switching needs enable EPT",
            );
            if switching != 0 {
                self.page(&EPTP_LIST_ADDRESS);
            }
        }
    }

    fn ept_pointer(&mut self) {
        let beyond = self.beyond_physical();
        let can = self.processor.capabilities.ept_vpid;
        let has = |capability| can & capability != 0;
        let mut pointer = self.field(&EPT_POINTER);
        let (memory_type, walk) = (pointer.value() & 7, (pointer.value() >> 3) & 7);
        let takes_type = memory_type == 0 && has(EPT_UNCACHEABLE) || memory_type == 6 && has(EPT_WRITE_BACK);
        let takes_walk = walk == 3 && has(EPT_PAGE_WALK_4) || walk == 4 && has(EPT_PAGE_WALK_5);
        pointer
            .must(takes_type, "bits 2:0 must be a memory type that this processor has for EPT")
            .must(takes_walk, "bits 5:3 must be the length of a page walk that this processor has, minus 1")
            .zeros_if(
                !has(EPT_ACCESSED_DIRTY),
                1 << 6,
                "this processor has no accessed and dirty flags for EPT",
            )
            .zeros_if(
                !has(EPT_SUPERVISOR_SHADOW_STACK),
                1 << 7,
                "this processor does not enforce access rights of shadow-stack pages",
            )
            .zeros(0xf00, "reserved bits must be 0")
            .zeros(beyond, "must not be wider than physical addresses");
    }
}
