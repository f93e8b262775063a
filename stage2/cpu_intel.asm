; Intel VT-x: what stage 3 needs of it (SDM, "Discovering Support for VMX" and "VMX Capability
; Reporting Facility").
;
; In real mode nobody would catch the #GP of an MSR that doesn't exist. So the order matters:
;   CPUID.1:ECX.VMX                   there are FEATURE_CONTROL and 480h-484h
;   482h, secondary controls          there is 48Bh

MSR_FEATURE_CONTROL         equ 0x3a
FEATURE_CONTROL_LOCKED      equ 1 << 0
FEATURE_CONTROL_VMX         equ 1 << 2  ; outside SMX operation
MSR_VMX_PROCESSOR_CONTROLS  equ 0x482   ; high half: which controls may be 1
PROCESSOR_SECONDARY         equ 1 << 31 ; "activate secondary controls"
MSR_VMX_SECONDARY_CONTROLS  equ 0x48b
SECONDARY_EPT               equ 1 << 1
SECONDARY_UNRESTRICTED      equ 1 << 7

        section .text
        bits    16

; Checks VT-x. Returns only if it can be used. Clobbers EAX, ECX, EDX, SI.
intel_check:
        mov     ecx, MSR_FEATURE_CONTROL
        rdmsr
        and     eax, FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX
        cmp     eax, FEATURE_CONTROL_LOCKED     ; if not locked, vmx_on sets the other bit
        fail_if e, text_vmx_off

        mov     ecx, MSR_VMX_PROCESSOR_CONTROLS
        rdmsr
        test    edx, PROCESSOR_SECONDARY
        fail_if z, text_no_ept
        mov     ecx, MSR_VMX_SECONDARY_CONTROLS
        rdmsr
        test    edx, SECONDARY_EPT
        fail_if z, text_no_ept
        test    edx, SECONDARY_UNRESTRICTED
        fail_if z, text_no_unrestricted

        mov     dword [cpu_vendor], VENDOR_INTEL
        mov     si, text_vmx_supported
        jmp     print
