; V86: puts DOS into virtual-8086 mode with paging, and stays resident, as EMM386 does.
        bits 16
        org 100h

        smsw ax
        test al, 1
        jnz already
        mov sp, RESIDENT
        mov bx, (RESIDENT + 15) / 16
        mov ah, 4ah                     ; the rest of the memory is DOS's again
        int 21h
        mov bx, 300h                    ; two pages, and what it takes to begin with one
        mov ah, 48h
        int 21h
        jc no_memory
        add ax, 0ffh
        and ax, 0ff00h
        movzx ebx, ax
        shl ebx, 4
        call v86_enter
        mov dx, .text
        mov ah, 09h
        int 21h
        mov dx, (RESIDENT + 15) / 16
        mov ax, 3100h
        int 21h
.text   db "DOS is in virtual-8086 mode now", 13, 10, "$"

already:
        mov dx, .text
        jmp end
.text   db "already in virtual-8086 mode", 13, 10, "$"

no_memory:
        mov dx, .text
end:
        mov ah, 09h
        int 21h
        mov ax, 4c00h
        int 21h
no_memory.text db "too little memory", 13, 10, "$"

%include "v86.inc"

        align 16, db 0
V86_MEMORY      equ ($ - $$) + 100h
RESIDENT        equ V86_MEMORY + V86_BYTES + 512
