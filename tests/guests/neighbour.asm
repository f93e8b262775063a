; A guest that looks for what others left in memory: its own must be zero but for what the loader put there, and beyond it
; there must be nothing.
;
; Option on the command line: fill=1: it fills its memory with a secret then, and waits.

%include "bzimage.inc"
%include "lib/mode.inc"
%include "lib/lapic_registers.inc"

E820_COUNT      equ 0x1e8               ; in the zero page
E820            equ 0x2d0               ; entries of start, length and kind, 20 bytes
LOADER          equ 0x6000              ; GDT, zero page, command line
LOADER_END      equ 0x9000
VGA_WINDOW      equ 0xa0000
VGA_WINDOW_END  equ 0xc0000
ACPI            equ 0xe0000
ACPI_END        equ 0xf0000
IO_APIC         equ 0xfec00000
PAGE            equ 0x1000
LARGE_PAGE      equ 0x200000
NEARBY          equ 16 << 20            ; so much behind the end of memory is looked at page by page
SECRET          equ 0x2174657263655321

        mode    32
        ; Nothing is written before memory was looked at, so there is no stack.
        mov     ebp, esi
        cld
        movzx   ecx, byte [ebp + E820_COUNT]
        lea     ebx, [ebp + E820]
.entry: cmp     dword [ebx], CODE_ADDRESS
        je      .found
        add     ebx, 20
        loop    .entry
        ud2
.found: mov     edx, [ebx + 8]
        add     edx, CODE_ADDRESS       ; the end of memory
        xor     eax, eax
%macro zero 2                           ; from, to
        mov     edi, %1
        mov     ecx, %2
        sub     ecx, edi
        shr     ecx, 2
        repe    scasd
        jne     .dirty
%endmacro
        zero    0, LOADER
        zero    LOADER_END, VGA_WINDOW
        zero    VGA_WINDOW_END, ACPI
        zero    ACPI_END, CODE_ADDRESS
        zero    code_end, edx
        mov     edi, 4
.dirty: sub     edi, 4
        mov     [dirty], edi
        mov     [ram_end], edx
        mov     [zero_page], ebp
        call    set_up
        mov     eax, [dirty]
        equals  0, "memory is zero at the start"
        call    to_64_bit
        mode    64
        option  "fill=", fill

        mov     ebx, VGA_WINDOW
        mov     edx, VGA_WINDOW_END
        mov     ecx, PAGE
        call    nothing
        check   e, "the VGA window is empty"
        mov     ebx, [ram_end]
        lea     edx, [rbx + NEARBY]
        call    nothing
        check   e, "nothing is behind the end of memory"
        mov     ebx, [ram_end]
        mov     edx, IO_APIC
        mov     ecx, LARGE_PAGE
        call    nothing
        check   e, "nothing is up to the devices"
        mov     ebx, IO_APIC + PAGE
        mov     edx, LAPIC
        mov     ecx, PAGE
        call    nothing
        check   e, "nothing is between the devices"
        mov     ebx, LAPIC + PAGE
        mov     edx, 1 << 31
        add     rdx, rdx
        mov     ecx, 0x10000
        call    nothing
        check   e, "nothing is up to 4 GiB"
        mov     eax, 0x80000008
        cpuid
        movzx   ecx, al                 ; bits of a physical address
        mov     edx, 1
        shl     rdx, cl
        mov     ebx, 1 << 31
        add     rbx, rbx
.high:  lea     rax, [rbx + 0x83]       ; 2 MiB of it are seen at 1 GiB
        mov     [abs PAGE_TABLES + 0x3000], rax
        mov     rax, cr3
        mov     cr3, rax
        mov     eax, [abs 0x40000000]
        cmp     eax, -1
        jne     .seen
        mov     eax, 1 << 30
        add     rbx, rax
        cmp     rbx, rdx
        jb      .high
        mov     eax, -1
.seen:  equals  -1, "nothing is above, up to the last GiB"

        mov     esi, guest_name
        call    puts_64
        cmp     dword [failed], 0
        mov     esi, text_wrong
        jne     .told
        mov     esi, text_all_ok
.told:  call    puts_64
        cmp     qword [fill], 0
        je      idle
        mov     rax, SECRET
        mov     edi, LOADER_END         ; the stack is gone after this
        mov     ecx, (VGA_WINDOW - LOADER_END) / 8
        rep     stosq
        mov     edi, PAGE_TABLES + 0x6000
        mov     ecx, [ram_end]
        sub     ecx, edi
        shr     ecx, 3
        rep     stosq
        mov     esp, STACK
        mov     esi, text_filled
        call    puts_64
idle:   sti
        hlt
        jmp     idle

; Reads at RBX, each RCX, up to RDX. ZF is set if there was nothing; else EAX is what there was.
nothing:
        mov     eax, [rbx]
        cmp     eax, -1
        jne     .end
        add     rbx, rcx
        cmp     rbx, rdx
        jb      nothing
        cmp     eax, eax
.end:   ret

%include "lib/options.inc"

guest_name: db  "neighbour", 0
text_wrong: db  ": FAILED", 13, 10, 0
text_filled: db "neighbour: filled", 13, 10, 0
        align   8, db 0
fill:   dq      0
dirty:  dd      0
ram_end: dd     0

%include "lib/random.inc"
%include "lib/all.inc"
        bzimage_end
