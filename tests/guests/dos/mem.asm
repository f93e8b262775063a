; MEM: what memory there is, as DOS and the BIOS tell it.
        bits 16
        org 100h

        mov sp, program_end
        mov bx, program_end + 15        ; the rest of the memory is DOS's again
        shr bx, 4
        mov ah, 4ah
        int 21h
        int 12h
        mov di, .conventional
        call number
        mov ah, 88h
        int 15h
        mov di, .extended
        call number
        mov ah, 48h                     ; more than there is: DOS tells how much
        mov bx, 0ffffh
        int 21h
        mov ax, bx                      ; in paragraphs of 16 bytes
        shr ax, 6
        mov di, .free
        call number
        mov dx, .text
        mov ah, 09h
        int 21h
        mov ax, 4c00h
        int 21h
.text   db "conventional "
.conventional db "    0K, extended "
.extended db "    0K, free "
.free   db "    0K", 13, 10, "$"

; AX in decimal, at the 5 characters at DI.
number:
        mov cx, 5
        add di, 4
        mov bx, 10
.digit:
        xor dx, dx
        div bx
        add dl, '0'
        mov [di], dl
        dec di
        test ax, ax
        loopnz .digit
        ret

        align 16
        times 128 db 0                  ; the stack
program_end:
