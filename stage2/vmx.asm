; Intel: VMX root operation (SDM, "Enabling and Entering VMX Operation").

MSR_VMX_BASIC           equ 0x480
VMX_REVISION            equ 0x7fffffff  ; bits 30:0
MSR_VMX_CR0_FIXED0      equ 0x486       ; bits that must be 1
MSR_VMX_CR0_FIXED1      equ 0x487       ; bits that may be 1
MSR_VMX_CR4_FIXED0      equ 0x488
MSR_VMX_CR4_FIXED1      equ 0x489

        section .text
        bits    64

; Brings this processor into VMX root operation; intel_check found that it can.
; In: RDI = its VMXON region, a page. Out: CF set on failure. Clobbers RAX, RCX, RDX.
vmx_on:
        mov     ecx, MSR_FEATURE_CONTROL
        rdmsr
        test    eax, FEATURE_CONTROL_LOCKED
        jnz     .permitted
        or      eax, FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX
        wrmsr
.permitted:
        mov     rax, cr0
        mov     ecx, MSR_VMX_CR0_FIXED0
        call    .fix
        mov     cr0, rax
        mov     rax, cr4
        or      eax, CR4_VMXE
        mov     ecx, MSR_VMX_CR4_FIXED0
        call    .fix
        mov     cr4, rax

        push    rdi
        xor     eax, eax
        mov     ecx, PAGE / 8
        rep     stosq
        pop     rdi
        mov     ecx, MSR_VMX_BASIC
        rdmsr
        and     eax, VMX_REVISION
        mov     [rdi], eax

        push    rdi
        vmxon   [rsp]                   ; its operand is the region's address, in memory
        pop     rdi                     ; leaves the flags alone
        jbe     .failed                 ; CF or ZF: SDM, "Conventions"
        clc
        ret
.failed:
        stc
        ret

; Sets what must be 1 and clears what must be 0. In: RAX = value, ECX = MSR of the fixed ones; the
; fixed zeros follow it. Out: RAX. Clobbers RCX, RDX.
.fix:
        push    rax
        rdmsr
        or      [rsp], eax
        inc     ecx
        rdmsr
        and     [rsp], eax
        pop     rax
        ret
