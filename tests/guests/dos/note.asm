; NOTE FILE: a small full-screen editor. It writes to video memory and looks for keys at INT 16h, as large ones do; its
; menu opens with Alt-F or F10.
        bits 16
        org 100h

PARAMETERS      equ 80h                 ; their length, and the characters
VIDEO           equ 0b800h
COLUMNS         equ 80
GREY            equ 07h
WHITE_ON_BLUE   equ 1fh
BLACK_ON_GREY   equ 70h
RETURN          equ 13
BACKSPACE       equ 8
ESCAPE          equ 27
; Keys without a character, by their scan codes.
ALT_F           equ 21h
F1              equ 3bh
F10             equ 44h
UP              equ 48h
DOWN            equ 50h
ITEMS           equ 2                   ; of the menu: Save, Exit

        cld
        mov ax, 0003h
        int 10h
        mov ax, VIDEO
        mov es, ax
        mov si, PARAMETERS
        lodsb
        mov bl, al
        xor bh, bh
        mov byte [si + bx], 0
        call skip
        mov [name], si
paint:
        call screen
key:
        mov ah, 10h
        int 16h
        cmp ah, F10
        je menu
        cmp ah, F1
        je help
        cmp ax, ALT_F << 8
        je menu
        mov di, [end]
        cmp al, BACKSPACE
        je .back
        cmp al, RETURN
        je .line
        cmp al, ' '
        jb key
        mov [di], al
        inc word [end]
        jmp paint
.line:
        mov word [di], 0a0dh
        add word [end], 2
        jmp paint
.back:
        cmp di, text
        je key
        dec word [end]
        jmp paint

help:
        mov word [status], .text
        jmp paint
.text   db "Alt-F or F10 opens the menu", 0

menu:
        mov byte [item], 0
.paint:
        mov dx, 0101h
        mov si, .save
        mov al, 0
        call .entry
        mov dx, 0201h
        mov si, .exit
        mov al, 1
        call .entry
        mov ah, 10h
        int 16h
        cmp al, ESCAPE
        je paint
        cmp al, RETURN
        je .choose
        cmp ah, UP
        je .move
        cmp ah, DOWN
        jne .paint
.move:
        xor byte [item], 1
        jmp .paint
.entry:
        mov bl, BLACK_ON_GREY
        cmp al, [item]
        jne put
        mov bl, WHITE_ON_BLUE
        jmp put
.choose:
        cmp byte [item], 0
        jne leave_
        call save
        jmp paint
.save   db "| Save |", 0
.exit   db "| Exit |", 0

leave_:
        mov ax, 0003h
        int 10h
        mov ax, 4c00h
        int 21h

save:
        mov dx, [name]
        xor cx, cx
        mov ah, 3ch                     ; a new file
        int 21h
        jc .failed
        mov bx, ax
        mov dx, text
        mov cx, [end]
        sub cx, dx
        mov ah, 40h
        int 21h
        jc .failed
        mov ah, 3eh
        int 21h
        jc .failed
        mov word [status], .saved
        ret
.failed:
        mov word [status], .not_saved
        ret
.saved  db "saved", 0
.not_saved db "not saved", 0

; Paints all of it.
screen:
        xor di, di
        mov ax, GREY << 8 | ' '
        mov cx, 25 * COLUMNS
        rep stosw
        xor dx, dx
        mov bl, BLACK_ON_GREY
        mov si, .bar
        call put
        mov si, [name]
        call put
        mov dx, 1800h
        mov si, .keys
        call put
        mov si, [status]
        call put
        mov bl, WHITE_ON_BLUE
        mov dx, 0200h
        mov di, [end]
        mov byte [di], 0
        mov si, text
        call put
        mov ah, 02h                     ; the cursor behind the text
        xor bh, bh
        int 10h
        ret
.bar    db " File  Help   NOTE ", 0
.keys   db " F1 Help  F10 Menu  ", 0

; The text at SI in the colours BL from row DH, column DL on, which move.
put:
        lodsb
        test al, al
        jz .end
        cmp al, 10
        je .row
        cmp al, RETURN
        je put
        push ax
        mov al, COLUMNS
        mul dh
        mov di, ax
        xor ax, ax
        mov al, dl
        add di, ax
        add di, di
        pop ax
        mov ah, bl
        stosw
        inc dl
        jmp put
.row:
        inc dh
        mov dl, 0
        jmp put
.end:
        ret

; SI behind spaces.
skip:
        lodsb
        cmp al, ' '
        je skip
        dec si
        ret

name    dw 0
item    db 0
end     dw text
status  dw .none
.none   db 0
text:
