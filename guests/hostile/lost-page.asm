; Takes its own code, stack and interrupt table out of its page tables.
;
; Must happen: a triple fault, which resets the VM and after the third ends it. Its operator sees how far the address of the
; last page fault (CR2) gets in the page tables.

%include "bzimage.inc"
%include "lib/mode.inc"
%include "lib/lapic_registers.inc"

        mode    32
        call    set_up
        call    to_64_bit
        mode    64
        and     dword [abs PAGE_TABLES + 0x2000], ~1    ; the first 2 MiB
        mov     rax, cr3
        mov     cr3, rax
        jmp     finish_64

guest_name: db "lost-page", 0
%include "lib/all.inc"
        bzimage_end
