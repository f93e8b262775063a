; AMD-V: what stage 3 needs of it (APM volume 2, "Enabling SVM").

CPUID_SVM               equ 0x8000000a
CPUID_SVM_EDX_NP        equ 1 << 0      ; nested paging
CPUID_SVM_EDX_LOCK      equ 1 << 2      ; VM_CR.LOCK exists
MSR_VM_CR               equ 0xc0010114
VM_CR_LOCK              equ 1 << 3      ; SVMDIS can't be changed
VM_CR_SVMDIS            equ 1 << 4      ; EFER.SVME can't be set

EXCEPTION_GP            equ 13
RDMSR_LENGTH            equ 2           ; bytes

        section .bss
vm_cr_exists:           resd 1
        section .text
        bits    16

; Checks AMD-V. Returns only if it can be used. Clobbers EAX, EBX, ECX, EDX, SI.
amd_check:
        mov     eax, CPUID_EXTENDED
        cpuid
        cmp     eax, CPUID_SVM
        fail_if b, text_no_nested_paging
        mov     eax, CPUID_SVM
        cpuid
        test    edx, CPUID_SVM_EDX_NP
        fail_if z, text_no_nested_paging

        mov     ebx, edx
        mov     ecx, MSR_VM_CR
        call    rdmsr_or_carry          ; some emulators have SVM without it: always on
        jc      .on
        inc     dword [vm_cr_exists]
        test    eax, VM_CR_SVMDIS
        jz      .on
        test    ebx, CPUID_SVM_EDX_LOCK
        fail_if z, text_svm_off
        test    eax, VM_CR_LOCK         ; if not locked, svm_on clears SVMDIS
        fail_if nz, text_svm_locked
.on:
        mov     dword [cpu_vendor], VENDOR_AMD
        mov     si, text_svm_supported
        jmp     print

; Reads an MSR that may not exist. In real mode, too, RDMSR raises #GP then, and the interrupt vector
; table leads it to us. The vector is IRQ 5's at the same time: hence the CLI.
; In: ECX = MSR. Out: EDX:EAX; CF set if it doesn't exist.
rdmsr_or_carry:
        cli
        push    dword [EXCEPTION_GP * 4]
        mov     dword [EXCEPTION_GP * 4], .exception    ; segment 0
        clc
        rdmsr
        pop     dword [EXCEPTION_GP * 4]
        sti
        ret

.exception:                             ; on the stack: IP, CS, FLAGS; no error code in real mode
        push    bp
        mov     bp, sp
        add     word [bp + 2], RDMSR_LENGTH
        or      byte [bp + 6], 1        ; CF
        pop     bp
        iret
