; AMD: SVM (APM volume 2, "Enabling SVM").

        section .text
        bits    64

; Switches SVM on for this processor; amd_check found that it can.
; Out: CF set on failure. Clobbers RAX, RCX, RDX.
svm_on:
        cmp     dword [vm_cr_exists], 0
        je      .permitted
        mov     ecx, MSR_VM_CR
        rdmsr
        test    eax, VM_CR_SVMDIS
        jz      .permitted
        and     eax, ~VM_CR_SVMDIS
        wrmsr
        rdmsr
        test    eax, VM_CR_SVMDIS       ; setting SVME with SVMDIS set would be a #GP
        jnz     .failed
.permitted:
        mov     ecx, MSR_EFER
        rdmsr
        or      eax, EFER_SVME
        wrmsr
        clc
        ret
.failed:
        stc
        ret
