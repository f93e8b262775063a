; A kernel for multiboot version 2: an ELF file of 64 bits, linked to the upper half of the address space and loaded
; at 2 MB. It shows the tags that it got and ends by the debug exit port.

        bits    32
ADDRESS equ     0x200000                ; physical
        org     ADDRESS
UPPER   equ     0xffffffff80000000      ; what the linker would have added

file:   db      0x7f, "ELF", 2, 1, 1    ; 64 bits, little-endian, version 1
        times   9 db 0
        dw      2, 62                   ; executable, x86-64
        dd      1
        dq      UPPER + start
        dq      segments - file
        dq      sections - file
        dd      0
        dw      64, 56, 1, 64, 2, 0     ; sizes and numbers of headers
segments:
        dd      1, 7                    ; PT_LOAD, read, write, execute
        dq      0                       ; offset
        dq      UPPER + ADDRESS, ADDRESS
        dq      file_end - file, bss_end - file
        dq      0x1000
sections:
        times   64 db 0
        dd      0, 1                    ; the first name, SHT_PROGBITS
        dq      0, 0                    ; neither part of the kernel nor at an address
        dq      symbols - file, symbols_end - symbols
        times   24 db 0

MAGIC   equ     0xe85250d6
        align   8
header: dd      MAGIC, 0, header_end - header, -(MAGIC + header_end - header)
        dw      1, 0                    ; information request
        dd      8 + 4 * 4
        dd      1, 6, 9, 15             ; command line, memory map, ELF sections, ACPI
        dw      6, 0                    ; modules on page boundaries
        dd      8
        dw      5, 1                    ; a frame buffer would be nice
        dd      20
        dd      1024, 768, 32
        align   8
        dw      0, 0
        dd      8
header_end:

symbols:
        db      "symbols of the kernel", 0
symbols_end:

%include "lib/print.inc"

start:  mov     esp, stack_top
        mov     ebp, ebx
        say     {"multiboot2: started", 10}
        show    "eax", eax
        mov     edx, cr0
        and     edx, 0x80000001
        show    "cr0.pg, cr0.pe", edx
        show    "zeros", [zeros]
        lea     edi, [ebp + 8]

.tag:   mov     eax, [edi]
        cmp     eax, 0
        je      .end
        cmp     eax, 1
        je      .cmdline
        cmp     eax, 2
        je      .loader
        cmp     eax, 3
        je      .module
        cmp     eax, 4
        je      .memory
        cmp     eax, 6
        je      .map
        cmp     eax, 9
        je      .sections
        cmp     eax, 14
        je      .acpi
        cmp     eax, 15
        je      .acpi
        show    "tag", eax
.next:  mov     eax, [edi + 4]
        add     eax, 7
        and     eax, ~7
        add     edi, eax
        jmp     .tag

.cmdline:
        say     "cmdline "
        jmp     .string
.loader:
        say     "loader "
.string:
        lea     esi, [edi + 8]
        call    print
        call    print_newline
        jmp     .next

.module:
        say     "module "
        lea     esi, [edi + 16]
        call    print
        say     ": "
        mov     esi, [edi + 8]
.byte:  cmp     esi, [edi + 12]
        jae     .module_end
        mov     al, [esi]
        call    print_char
        inc     esi
        jmp     .byte
.module_end:
        call    print_newline
        jmp     .next

.memory:
        show    "lower", [edi + 8]
        show    "upper", [edi + 12]
        jmp     .next

.map:   lea     esi, [edi + 16]
        mov     ecx, edi
        add     ecx, [edi + 4]
.range: cmp     esi, ecx
        jae     .next
        say     "memory"
%assign field 0
%rep    5
        call    print_space
        mov     eax, [esi + field]
        call    print_hex
%assign field field + 4
%endrep
        call    print_newline
        add     esi, [edi + 8]
        jmp     .range

.sections:
        say     "sections "
        mov     esi, [edi + 20 + 64 + 16]       ; sh_addr of the second one
        call    print
        call    print_newline
        jmp     .next

.acpi:  say     "acpi "
        mov     ecx, 8
        lea     esi, [edi + 8]
.letter:
        mov     al, [esi]
        call    print_char
        inc     esi
        loop    .letter
        call    print_newline
        jmp     .next

.end:   say     {"multiboot2: end", 10}
        mov     al, 7
        out     DEBUG_EXIT, al
.halt:  hlt
        jmp     .halt

        align   8
file_end:

        absolute file_end
zeros:  resd    1
        resb    4096
stack_top:
bss_end:
