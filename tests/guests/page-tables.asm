; A bzImage that switches paging on with its tables where there is no memory.

%include "bzimage.inc"

        mov     eax, 0xd0000000
        mov     cr3, eax
        mov     eax, cr0
        or      eax, 1 << 31            ; PG
        mov     cr0, eax
        jmp     $

        bzimage_end
