; A kernel for multiboot version 1: a flat file with addresses in its header, loaded at 4 MB. It shows what it got
; and ends by the debug exit port. QEMU loads it itself, too:
;     qemu-system-x86_64 -kernel KERNEL -append CMDLINE -initrd "FILE words" -device isa-debug-exit,iobase=0xf4
;         -debugcon stdio

        bits    32
ADDRESS equ     0x400000
        org     ADDRESS

MAGIC   equ     0x1badb002
FLAGS   equ     1 << 16 | 1 << 1 | 1 << 0       ; addresses, memory information, aligned modules

; Fields of the boot information.
INFO_FLAGS      equ 0
INFO_LOWER      equ 4
INFO_UPPER      equ 8
INFO_CMDLINE    equ 16
INFO_MODULES    equ 20
INFO_MODULE     equ 24
INFO_MAP_BYTES  equ 44
INFO_MAP        equ 48
INFO_LOADER     equ 64

        jmp     start
        align   4
header: dd      MAGIC, FLAGS, -(MAGIC + FLAGS)
        dd      header, ADDRESS, file_end, bss_end, start

%include "lib/print.inc"

start:  mov     [registers], eax
        mov     [registers + 4], ebx
        mov     esp, stack_top
        pushfd
        pop     edx
        and     edx, 0x200
        say     {"multiboot1: started", 10}
        show    "eax", [registers]
        show    "eflags.if", edx
        mov     eax, cr0
        and     eax, 0x80000001
        show    "cr0.pg, cr0.pe", eax
        sidt    [table]
        movzx   eax, word [table]
        show    "idtr.limit", eax
        show    "idtr.base", [table + 2]
        show    "zeros", [zeros]
        mov     ebx, [registers + 4]
        mov     eax, [ebx + INFO_FLAGS]
        and     eax, 0x4d               ; memory, command line, modules, memory map
        show    "flags", eax
        show    "lower", [ebx + INFO_LOWER]
        show    "upper", [ebx + INFO_UPPER]
        say     "cmdline "
        mov     esi, [ebx + INFO_CMDLINE]
        call    print
        say     {10, "loader "}
        mov     esi, [ebx + INFO_LOADER]
        call    print
        call    print_newline

        mov     ecx, [ebx + INFO_MODULES]
        mov     edi, [ebx + INFO_MODULE]
        jecxz   .map
.module:
        say     "module "
        mov     esi, [edi + 8]
        call    print
        mov     eax, [edi]
        test    eax, 0xfff
        jnz     .not_aligned
        say     ", aligned"
.not_aligned:
        say     ": "
        mov     esi, [edi]
.byte:  cmp     esi, [edi + 4]
        jae     .module_end
        mov     al, [esi]
        call    print_char
        inc     esi
        jmp     .byte
.module_end:
        call    print_newline
        add     edi, 16
        dec     ecx
        jnz     .module

.map:   mov     edi, [ebx + INFO_MAP]
        mov     ecx, edi
        add     ecx, [ebx + INFO_MAP_BYTES]
.range: cmp     edi, ecx
        jae     .end
        say     "memory"
%assign field 4
%rep    5
        call    print_space
        mov     eax, [edi + field]
        call    print_hex
%assign field field + 4
%endrep
        call    print_newline
        add     edi, [edi]
        add     edi, 4
        jmp     .range

.end:   in      al, DEBUG_CONSOLE
        movzx   eax, al
        show    "debug console", eax
        mov     esi, farewell
        mov     ecx, farewell_end - farewell
        mov     dx, DEBUG_CONSOLE
        rep outsb
        mov     eax, 42
        out     DEBUG_EXIT, eax
        say     {"still here", 10}
.halt:  hlt
        jmp     .halt

farewell:
        db      "multiboot1: end", 10
farewell_end:
        align   4
file_end:

        absolute file_end
zeros:  resd    1
registers:
        resd    2
table:  resb    6
        resb    4096
stack_top:
bss_end:
