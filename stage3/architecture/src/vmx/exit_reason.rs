//! The basic exit reasons (Intel SDM, "VMX Basic Exit Reasons").

crate::exit_table::exit_table! { u16;
    0 EXCEPTION_OR_NMI Asked [Resume Inject Stop HostFault]
        "#UD: VMMCALL, AMD's hypercall, is done like VMCALL, all else is the guest's; an NMI is the host's: its handler serves it; a machine check ends pxHV; no other exception exits"
        ["hypercalls" "the_other_vendors_instruction_is_the_same_call" "cpu-state"]
    1 EXTERNAL_INTERRUPT Asked [Resume] "the host's handler serves it" ["linux-shell"]
    2 TRIPLE_FAULT Always [Stop] "a reset; the end if it comes at once again and again" ["triple-fault" "reset-by-triple-fault"]
    3 INIT_SIGNAL Always [Stop] "INIT to this computer's CPU, which nothing sends; the guest's own reset its VM without it"
        ["what_stops_a_vm_says_so_in_words"]
    4 STARTUP_IPI Always [Stop] "comes only in the activity state wait-for-SIPI, which no guest enters" []
    5 IO_SMI Always [Stop] "comes only with dual-monitor treatment of SMM, which is off" []
    6 OTHER_SMI Always [Stop] "comes only with dual-monitor treatment of SMM, which is off" []
    7 INTERRUPT_WINDOW Asked [Resume] "the interrupt that waits is injected at the next entry" ["interrupts" "linux-shell"]
    8 NMI_WINDOW Asked [Resume] "the NMI that waits is injected at the next entry" ["interrupts"]
    9 TASK_SWITCH Always [Resume Inject Stop]
        "done by the manual's steps; faults are the guest's; the VM ends if a table is not in RAM, or by a triple fault"
        ["task-switch" "call_saves_one_task_and_loads_the_other" "faults_of_the_old_task_change_nothing"
         "a_tss_that_is_not_in_ram_stops_the_vm"]
    10 CPUID Always [Resume] "the policy's table answers" ["cpu-state"]
    11 GETSEC Always [Inject] "#UD: there is no SMX; with CR4.SMXE clear the processor raises it itself" ["cpu-state"]
    12 HLT Asked [Resume Stop] "waits for what wakes it; the VM ends if nothing can"
        ["interrupts" "cpu-state" "halt_waits_only_if_an_interrupt_can_come"]
    13 INVD Always [Resume] "nothing to do: caches are coherent" ["cpu-state"]
    14 INVLPG Never [Resume] "the processor does it" []
    15 RDPMC Asked [Inject] "#GP: there are no counters" ["cpu-state"]
    16 RDTSC Never [Resume] "the processor does it, with TSC offset" ["cpu-state"]
    17 RSM Always [Inject] "#UD: the guest is never in SMM; the processor raises it itself" ["cpu-state"]
    18 VMCALL Always [Resume Stop] "the hypercall is done (hypercalls.md)" ["hypercalls" "cpu-state"]
    19 VMCLEAR Always [Inject] "#UD: there is no VMX" ["cpu-state"]
    20 VMLAUNCH Always [Inject] "#UD: there is no VMX" ["cpu-state"]
    21 VMPTRLD Always [Inject] "#UD: there is no VMX" ["cpu-state"]
    22 VMPTRST Always [Inject] "#UD: there is no VMX" ["cpu-state"]
    23 VMREAD Always [Inject] "#UD: there is no VMX" ["cpu-state"]
    24 VMRESUME Always [Inject] "#UD: there is no VMX" ["cpu-state"]
    25 VMWRITE Always [Inject] "#UD: there is no VMX" ["cpu-state"]
    26 VMXOFF Always [Inject] "#UD: there is no VMX" ["cpu-state"]
    27 VMXON Always [Inject] "#UD: there is no VMX" ["cpu-state"]
    28 CONTROL_REGISTER_ACCESS Asked [Resume Inject]
        "a write to CR0 or CR4 that changes what is not the guest's: done if the manual and CPUID allow it, else #GP"
        ["cpu-state" "control_registers_are_written_or_fault" "long_mode_has_conditions"]
    29 MOV_DR Never [Resume] "the debug registers are the guest's" ["cpu-state"]
    30 IO_INSTRUCTION Asked [Resume Inject Stop] "the board answers; a port may reset the VM or switch it off"
        ["linux-shell" "reset-by-port-cf9" "reset-by-keyboard-controller" "reset-loop"]
    31 RDMSR Asked [Resume Inject] "the policy or the local APIC answers, or #GP" ["cpu-state" "linux-shell"]
    32 WRMSR Asked [Resume Inject] "the policy or the local APIC takes it, or #GP" ["cpu-state" "linux-shell"]
    33 ENTRY_FAILURE_GUEST_STATE Always [Stop] "the rules that the state breaks are printed; no guest should get here"
        ["what_stops_a_vm_says_so_in_words"]
    34 ENTRY_FAILURE_MSR_LOADING Always [Stop] "VM entry loads no MSRs from memory" []
    36 MWAIT Asked [Inject] "#UD: CPUID does not show it" ["cpu-state"]
    37 MONITOR_TRAP_FLAG Never [Resume] "no guest is stepped" []
    39 MONITOR Asked [Inject] "#UD: CPUID does not show it" ["cpu-state"]
    40 PAUSE Never [Resume] "one virtual CPU has nobody to yield to" ["linux-shell"]
    41 ENTRY_FAILURE_MACHINE_CHECK Always [HostFault] "the computer failed: pxHV reports it and halts" []
    43 TPR_BELOW_THRESHOLD Asked [Resume] "the interrupt that CR8 held back is injected" ["interrupts"]
    44 APIC_ACCESS Never [Resume] "the local APIC is device memory: see EPT_VIOLATION" []
    45 VIRTUALIZED_EOI Never [Resume] "there is no virtual-interrupt delivery" []
    46 GDTR_OR_IDTR_ACCESS Never [Resume] "the tables are the guest's" ["cpu-state"]
    47 LDTR_OR_TR_ACCESS Never [Resume] "the registers are the guest's" ["task-switch"]
    48 EPT_VIOLATION Always [Resume Inject Stop]
        "RAM is made ready; else the instruction is done on the device there; faults are the guest's; the VM ends where that is not possible"
        ["first-touch" "interrupts" "page-tables" "what_can_not_be_done_on_a_device_is_named_with_its_bytes"]
    49 EPT_MISCONFIGURATION Always [Stop] "a bug of pxHV: the VM ends" ["what_stops_a_vm_says_so_in_words"]
    50 INVEPT Always [Inject] "#UD: there is no VMX" ["cpu-state"]
    51 RDTSCP Never [Resume] "the processor does it, or #UD where CPUID does not show it" []
    52 PREEMPTION_TIMER_EXPIRED Asked [Resume] "the deadline: timers of devices act" ["linux-shell"]
    53 INVVPID Always [Inject] "#UD: there is no VMX" ["cpu-state"]
    54 WBINVD_OR_WBNOINVD Asked [Resume] "nothing to do: caches are coherent" ["cpu-state"]
    55 XSETBV Always [Resume Inject] "set if the policy allows it, else #GP" ["cpu-state" "linux-shell"]
    56 APIC_WRITE Never [Resume] "there is no APIC-register virtualization" []
    57 RDRAND Never [Resume] "the processor does it" []
    58 INVPCID Never [Resume] "the processor does it, or #UD where CPUID does not show it" []
    59 VMFUNC Never [Inject] "#UD by the processor: VM functions are off" ["cpu-state"]
    60 ENCLS Never [Inject] "a fault by the processor: no memory for enclaves is in reach of a guest" []
    61 RDSEED Never [Resume] "the processor does it" []
    62 PAGE_MODIFICATION_LOG_FULL Never [Resume] "there is no log" []
    63 XSAVES Never [Inject] "#UD by the processor: CPUID does not show it" ["cpu-state"]
    64 XRSTORS Never [Inject] "#UD by the processor: CPUID does not show it" ["cpu-state"]
    65 PCONFIG Never [Inject] "#UD by the processor: the control that enables it is off" ["cpu-state"]
    66 SPP_RELATED_EVENT Never [Resume] "there are no sub-page permissions" []
    67 UMWAIT Never [Inject] "#UD by the processor: the control that enables it is off" ["cpu-state"]
    68 TPAUSE Never [Inject] "#UD by the processor: the control that enables it is off" ["cpu-state"]
    69 LOADIWKEY Never [Inject] "#UD by the processor: CR4.KL can't be set" []
    70 ENCLV Never [Inject] "a fault by the processor: no memory for enclaves is in reach of a guest" []
    72 ENQCMD_PASID_TRANSLATION_FAILURE Never [Inject] "#GP by the processor: no PASID is valid" []
    73 ENQCMDS_PASID_TRANSLATION_FAILURE Never [Inject] "#GP by the processor: no PASID is valid" []
    74 BUS_LOCK Never [Resume] "bus locks are not watched" []
    75 INSTRUCTION_TIMEOUT Never [Resume] "no instruction is timed" []
    76 SEAMCALL Always [Inject] "#UD: there is no SEAM" []
    77 TDCALL Always [Inject] "#UD: there is no SEAM" []
    78 RDMSRLIST Never [Inject] "#UD by the processor: the control that enables it is off" []
    79 WRMSRLIST Never [Inject] "#UD by the processor: the control that enables it is off" []
}

/// Numbers up to the last one that the manual gives to no exit.
pub const UNASSIGNED: &[u32] = &[35, 38, 42, 71];

/// The name of a basic exit reason.
#[must_use]
pub fn name(basic: u16) -> &'static str {
    NAMES.iter().find(|(number, _)| *number == basic).map_or("unknown", |(_, name)| name)
}
