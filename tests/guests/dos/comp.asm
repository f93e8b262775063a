; COMP FILE1 FILE2: are two files the same?
        bits 16
        org 100h

PARAMETERS      equ 80h                 ; their length, and the characters
BYTES           equ 4096

        mov si, PARAMETERS
        lodsb
        mov bl, al
        xor bh, bh
        mov byte [si + bx], 0
        call open
        mov [first], ax
        call open
        mov [second], ax
.next:
        mov bx, [first]
        mov dx, buffer
        call read
        mov bp, ax
        mov bx, [second]
        mov dx, buffer + BYTES
        call read
        cmp ax, bp
        jne different
        test ax, ax
        jz same
        add [count], ax
        adc word [count + 2], 0
        mov cx, ax
        mov si, buffer
        mov di, buffer + BYTES
        repe cmpsb
        je .next
different:
        mov dx, .text
        jmp end
.text   db "different", 13, 10, "$"

same:
        mov dx, .text
        cmp dword [count], 0            ; what is empty proves nothing
        jne end
        mov dx, .empty
        jmp end
.text   db "the same", 13, 10, "$"
.empty  db "empty", 13, 10, "$"

failed:
        mov dx, .text
end:
        mov ah, 09h
        int 21h
        mov ax, 4c00h
        int 21h
failed.text db "can't be read", 13, 10, "$"

; SI = a name after spaces, and then behind it. Returns the file's handle.
open:
        lodsb
        cmp al, ' '
        je open
        lea dx, [si - 1]
.end:
        lodsb
        cmp al, ' '
        ja .end
        mov byte [si - 1], 0
        mov ax, 3d00h
        int 21h
        jc failed
        ret

read:
        mov cx, BYTES
        mov ah, 3fh
        int 21h
        jc failed
        ret

first   dw 0
second  dw 0
count   dd 0
buffer:
