; NanoX, chapter 2: from real mode to 32-bit protected mode.
;
; In protected mode a segment register holds a selector: the number of a descriptor in the GDT, a table of ours, which
; says where the segment starts, how long it is and what may be done there. NanoX wants none of that, so its segments are
; flat: they start at 0 and are 4 GB long, and an offset is simply an address.

        bits    16
        org     0x7c00

UART            equ 0x3f8
LINE_STATUS     equ UART + 5
TRANSMIT_EMPTY  equ 0x20
PROTECTION      equ 1           ; CR0.PE
ABOVE_1MB       equ 0x100000    ; the first address that real mode can't reach
CODE            equ 0x08        ; selectors: the descriptor's offset in the GDT
DATA            equ 0x10

start:  cli
        xor     ax, ax
        mov     ds, ax
        lgdt    [gdt_pointer]
        mov     eax, cr0
        or      eax, PROTECTION
        mov     cr0, eax
        jmp     CODE:protected  ; loads CS: from here on the code is 32-bit

        bits    32
protected:
        mov     ax, DATA
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     esp, start      ; the stack grows down from here
        cld
        mov     esi, text
        call    print

        mov     edi, ABOVE_1MB
        mov     dword [edi], "fine"
        cmp     dword [edi], "fine"
        jne     halt
        mov     esi, reached
        call    print
halt:   hlt
        jmp     halt

; Sends the text at ESI, which ends with a zero.
print:  lodsb
        test    al, al
        jz      .done
        mov     ah, al
        mov     edx, LINE_STATUS
.wait:  in      al, dx
        test    al, TRANSMIT_EMPTY
        jz      .wait
        mov     al, ah
        mov     edx, UART
        out     dx, al
        jmp     print
.done:  ret

text:   db      "NanoX 2: hello from protected mode", 13, 10, 0
reached:
        db      "NanoX 2: memory above 1 MB is in reach", 13, 10, 0

; Intel SDM volume 3, "Segment Descriptors". The limit counts pages of 4 KB: FFFFFh of them are 4 GB.
        align   8
gdt:    dq      0                       ; selector 0 is never used
        dq      0x00cf9a000000ffff      ; code: present, ring 0, execute and read, 32-bit
        dq      0x00cf92000000ffff      ; data: present, ring 0, read and write
gdt_pointer:
        dw      gdt_pointer - gdt - 1   ; limit: the last byte
        dd      gdt
