; Reads and writes memory above 4 GiB that this PC does not have.
;
; Must happen: what a PC does. Reads give ones, writes vanish, the guest goes on.

%include "bzimage.inc"
%include "lib/mode.inc"
%include "lib/lapic_registers.inc"

        mode    32
        call    set_up
        call    to_64_bit
        mode    64
        mov     dword [abs PAGE_TABLES + 0x1000 + 4 * 8], PAGE_TABLES + 0x6003
        mov     dword [abs PAGE_TABLES + 0x6000], 0x83      ; 4 GiB to ...
        mov     dword [abs PAGE_TABLES + 0x6004], 7         ; ... 28 GiB
        mov     rbx, 0x100000123
        mov     dword [rbx], 0x5a5a5a5a
        mov     eax, [rbx]
        equals  -1, "a write vanishes"
        lock add dword [rbx], 1
        mov     eax, [rbx]
        equals  -1, "so does a locked one"
        mov     edi, buffer
        mov     rsi, rbx
        mov     ecx, 4
        rep     movsb
        mov     eax, [buffer]
        equals  -1, "a string is ones"
        mov     edx, 0x80
        mov     rsi, rbx
        outsb
        mov     rdi, rbx
        insb
        mov     eax, [rbx]
        equals  -1, "port strings vanish, too"
        jmp     finish_64

buffer: dd      0
guest_name: db "memory-beyond-ram", 0
%include "lib/all.inc"
        bzimage_end
