; The last steps: virtualization on, BootInfo, stage 3.

        section .text
        bits    64

; Doesn't return.
hand_over:
        mov     edi, BOOT_INFO
        mov     ecx, BOOT_INFO_SIZE / 8
        xor     eax, eax
        rep     stosq

        cmp     dword [cpu_vendor], VENDOR_INTEL
        jne     .amd
        mov     edi, VMXON_REGION
        call    vmx_on
        mov     esi, text_vmx_failed
        jc      fail64
        mov     qword [BOOT_INFO + BOOT_VMXON_REGION], VMXON_REGION
        mov     esi, text_vmx_on
        jmp     .announce
.amd:
        call    svm_on
        mov     esi, text_svm_failed
        jc      fail64
        mov     esi, text_svm_on
.announce:
        call    print64

        mov     dword [BOOT_INFO + BOOT_MAGIC], BOOT_MAGIC_LOW
        mov     dword [BOOT_INFO + BOOT_MAGIC + 4], BOOT_MAGIC_HIGH
        mov     dword [BOOT_INFO + BOOT_VERSION], IMAGE_VERSION
        mov     dword [BOOT_INFO + BOOT_SIZE], BOOT_INFO_SIZE
        mov     eax, [cpu_vendor]
        mov     [BOOT_INFO + BOOT_VENDOR], eax
        mov     eax, [console_flags]
        mov     [BOOT_INFO + BOOT_FLAGS], eax
        mov     qword [BOOT_INFO + BOOT_MEMORY_MAP], MEMORY_MAP
        mov     eax, [memory_map_entries]
        mov     [BOOT_INFO + BOOT_MEMORY_MAP_ENTRIES], eax
        movzx   eax, byte [boot_drive]
        mov     [BOOT_INFO + BOOT_DRIVE], eax
        mov     qword [BOOT_INFO + BOOT_IMAGE_HEADER], HEADER_ADDRESS
        mov     eax, [HEADER_ADDRESS + HEADER_BUNDLE + PART_ADDRESS]
        mov     [BOOT_INFO + BOOT_BUNDLE], rax
        mov     eax, [HEADER_ADDRESS + HEADER_BUNDLE + PART_BYTES]
        mov     [BOOT_INFO + BOOT_BUNDLE_BYTES], rax
        mov     qword [BOOT_INFO + BOOT_LOW_MEMORY_END], LOW_MEMORY_END

        mov     edi, BOOT_INFO
        mov     eax, [HEADER_ADDRESS + HEADER_STAGE3 + PART_ENTRY]
        mov     esp, STAGE3_STACK
        xor     ebp, ebp                ; ends the chain of stack frames
        push    rbp                     ; no return address; it also aligns the stack as a call does
        jmp     rax
