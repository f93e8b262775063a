; Can this processor run stage 3? Everything that may be missing is found here, before loading.

EFLAGS_ID               equ 1 << 21     ; can be toggled if there is CPUID

CPUID_FEATURES          equ 1
CPUID_1_ECX_VMX         equ 1 << 5
CPUID_EXTENDED          equ 0x80000000  ; EAX = highest extended leaf
CPUID_EXTENDED_FEATURES equ 0x80000001
CPUID_EXT1_ECX_SVM      equ 1 << 2
CPUID_EXT1_EDX_NX       equ 1 << 20
CPUID_EXT1_EDX_LM       equ 1 << 29     ; long mode

        section .bss
cpu_vendor:             resd 1          ; VENDOR_...
cpu_efer:               resd 1          ; what long mode needs in EFER
        section .text
        bits    16

; Checks the processor and sets cpu_vendor and cpu_efer. Returns only if all is there.
; Clobbers general registers.
cpu_check:
        pushfd                          ; SDM, "Identification of Earlier IA-32 Processors"
        pop     eax
        mov     ebx, eax
        xor     eax, EFLAGS_ID
        push    eax
        popfd
        pushfd
        pop     eax
        xor     eax, ebx
        test    eax, EFLAGS_ID
        fail_if z, text_no_cpuid

        mov     eax, CPUID_EXTENDED
        cpuid
        cmp     eax, CPUID_EXTENDED_FEATURES    ; older processors return something small
        fail_if b, text_no_long_mode
        mov     eax, CPUID_EXTENDED_FEATURES
        cpuid
        test    edx, CPUID_EXT1_EDX_LM
        fail_if z, text_no_long_mode
        mov     dword [cpu_efer], EFER_LME
        test    edx, CPUID_EXT1_EDX_NX
        jz      .no_nx
        or      dword [cpu_efer], EFER_NXE
.no_nx:
        push    ecx

; The feature decides, not the vendor's name: there are others with Intel's and AMD's extension.
        mov     eax, CPUID_FEATURES
        cpuid
        pop     edx                     ; ECX of the extended features
        test    ecx, CPUID_1_ECX_VMX
        jnz     intel_check
        test    edx, CPUID_EXT1_ECX_SVM
        jnz     amd_check
        mov     si, text_no_virtualization
        jmp     fail
