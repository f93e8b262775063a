; "Unreal" mode: real mode with 4 GB segments.
;
; A processor keeps each segment's limit in a hidden part of the register. In real mode a load
; changes the base only, so limits that were loaded in protected mode stay (SDM, "Switching Back to
; Real-Address Mode", which therefore says to load 64 KB limits first: we don't).
;
; Any BIOS call may switch modes for its own purposes and leave 64 KB limits. So this is called
; before each use, and interrupts stay off during it.

        section .text
        bits    16

; Gives DS and ES, which stay 0, a limit of 4 GB. Out: IF clear. Clobbers AX, BX.
unreal_enter:
        cli
        lgdt    [gdt_pointer]
        mov     eax, cr0
        or      al, CR0_PE
        mov     cr0, eax
        mov     bx, SELECTOR_DATA
        mov     ds, bx
        mov     es, bx
        and     al, ~CR0_PE & 0xff
        mov     cr0, eax
        xor     bx, bx
        mov     ds, bx
        mov     es, bx
        ret
