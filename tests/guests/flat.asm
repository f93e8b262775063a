; A boot sector without a BIOS: it shows its registers on COM1, prints through the debug console, and ends by the
; debug exit port.

        bits    16
        org     0x7c00

        jmp     start
%include "lib/print.inc"

start:  push    cs
        call    .here
.here:  pop     bx                      ; IP
        pop     cx                      ; CS
        show    "flat: started, dl", edx
        movzx   eax, cx
        show    "cs", eax
        movzx   eax, bx
        sub     eax, .here - start
        show    "ip", eax
        smsw    ax
        and     eax, 1
        show    "cr0.pe", eax
        pushf
        pop     ax
        and     eax, 0x200
        show    "eflags.if", eax
        cld
        mov     si, farewell
        mov     cx, farewell_end - farewell
        mov     dx, DEBUG_CONSOLE
        rep outsb
        mov     ax, 0x1234
        out     DEBUG_EXIT, ax
        jmp     $

farewell:
        db      "flat: end", 10
farewell_end:

        times   510 - ($ - $$) db 0
        dw      0xaa55
