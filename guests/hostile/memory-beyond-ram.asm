; Writes to memory above 4 GiB that this PC does not have.
;
; Must happen: the VM ends, and its operator reads the address and the instruction. Below 4 GiB there may be devices, and
; systems look for them; above, a guest has lost its way.

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
        jmp     finish_64

guest_name: db "memory-beyond-ram", 0
%include "lib/all.inc"
        bzimage_end
