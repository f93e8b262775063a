; NanoX, chapter 3: what C needs before main() can run.
;
; The switch to protected mode is that of chapter 2. C needs a stack, and variables without a value start as zero: they
; take no room in the image (section .bss), so somebody has to clear their memory.

        bits    16
        section .start
        global  start
        extern  main
        extern  bss_start               ; nanox.ld
        extern  bss_end

PROTECTION      equ 1                   ; CR0.PE
CODE            equ 0x08
DATA            equ 0x10
STACK           equ 0x80000             ; grows down; the kernel below it ends long before

start:  cli
        xor     ax, ax
        mov     ds, ax
        lgdt    [gdt_pointer]
        mov     eax, cr0
        or      eax, PROTECTION
        mov     cr0, eax
        jmp     dword CODE:protected

        bits    32
protected:
        mov     ax, DATA
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        mov     esp, STACK
        cld
        mov     edi, bss_start
        mov     ecx, bss_end
        sub     ecx, edi
        xor     eax, eax
        rep stosb
        call    main
halt:   cli
        hlt
        jmp     halt

        align   8
gdt:    dq      0
        dq      0x00cf9a000000ffff      ; code
        dq      0x00cf92000000ffff      ; data
gdt_pointer:
        dw      gdt_pointer - gdt - 1
        dd      gdt
