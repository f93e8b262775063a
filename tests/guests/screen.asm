; A program on the text screen, without a BIOS: it draws, loads a font, scrolls, switches to 50 rows, and shows the
; scan codes of what is typed. What it finds stands on the screen.

        bits    16
        org     0x7c00

VIDEO           equ     0xb800
COLUMNS         equ     80
GREY            equ     0x07
YELLOW_ON_BLUE  equ     0x1e

SEQUENCER       equ     0x3c4
GRAPHICS        equ     0x3ce
CRTC            equ     0x3d4
STATUS_1        equ     0x3da
RETRACE         equ     8               ; of STATUS_1

KEYBOARD        equ     0x60
KEYBOARD_COMMAND equ    0x64
OUTPUT_FULL     equ     1               ; of the keyboard controller's status
ENTER_UP        equ     0x9c
LINES_TYPED     equ     5

DEBUG_EXIT      equ     0xf4

; Prints a text at the start of the next row.
%macro say 1
        mov     si, %%text
        call    print
        jmp     %%done
%%text: db      %1, 0
%%done:
%endmacro

; Sets an indexed register.
%macro set 3                            ; port of the index, register, value
        mov     dx, %1
        mov     ax, (%3) << 8 | (%2)
        out     dx, ax
%endmacro

start:  mov     ax, VIDEO
        mov     es, ax
        cld
        xor     di, di
        mov     ax, GREY << 8 | ' '
        mov     cx, 0x4000
        rep stosw
        mov     byte [colour], YELLOW_ON_BLUE
        say     "screen: started"
        mov     byte [colour], GREY

; A font goes to plane 2, as a BIOS loads it.
font:   set     SEQUENCER, 2, 4
        set     SEQUENCER, 4, 7
        set     GRAPHICS, 4, 2
        set     GRAPHICS, 5, 0
        set     GRAPHICS, 6, 4
        push    es
        mov     ax, 0xa000
        mov     es, ax
        xor     di, di
        mov     ax, 0xffff
        mov     cx, 0x1000
        rep stosw
        pop     es
        set     SEQUENCER, 2, 3
        set     SEQUENCER, 4, 2
        set     GRAPHICS, 4, 0
        set     GRAPHICS, 5, 0x10
        set     GRAPHICS, 6, 0x0e
        cmp     word [es:0], YELLOW_ON_BLUE << 8 | 's'
        jne     .lost
        say     "font: the text is still there"
        jmp     retrace
.lost:  say     "font: the text is lost"

retrace:
        mov     dx, STATUS_1
        mov     cx, 3
.begin: in      al, dx
        test    al, RETRACE
        jz      .begin
.end:   in      al, dx
        test    al, RETRACE
        jnz     .end
        loop    .begin
        say     "retrace: three of them"

cursor: set     CRTC, 0x0f, 0x55
        mov     dx, CRTC + 1
        in      al, dx
        cmp     al, 0x55
        jne     .not
        say     "cursor: moved"
.not:

; The scan codes of each typed line in a row of their own.
keys:   mov     al, 0x60                ; write the command byte:
        out     KEYBOARD_COMMAND, al
        mov     al, 0x40                ; translate to set 1
        out     KEYBOARD, al
        say     "keys: type"
        mov     bp, LINES_TYPED
.line:  call    next_row
.code:  in      al, KEYBOARD_COMMAND
        test    al, OUTPUT_FULL
        jz      .code
        in      al, KEYBOARD
        mov     bl, al
        call    hex
        cmp     bl, ENTER_UP
        jne     .code
        dec     bp
        jnz     .line

scroll: mov     word [row], 24 * COLUMNS * 2
        mov     cx, 30
.line:  push    cx
        push    ds
        push    es
        pop     ds
        mov     si, COLUMNS * 2
        xor     di, di
        mov     cx, 24 * COLUMNS
        rep movsw
        pop     ds
        mov     ax, GREY << 8 | ' '
        mov     cx, COLUMNS
        rep stosw
        mov     word [row], 23 * COLUMNS * 2
        say     "scrolled line"
        pop     cx
        mov     al, cl
        call    hex
        loop    .line

; Fonts of 8 lines: twice as many rows.
rows:   set     CRTC, 9, 0x47
        mov     word [row], 48 * COLUMNS * 2
        say     "rows: this is number 50"

        xor     ax, ax
        out     DEBUG_EXIT, al
        jmp     $

; Prints the text at DS:SI in the next row.
print:  call    next_row
        mov     ah, [colour]
.next:  lodsb
        test    al, al
        jz      .done
        stosw
        jmp     .next
.done:  ret

; ES:DI = the start of the next row.
next_row:
        add     word [row], COLUMNS * 2
        mov     di, [row]
        ret

; Prints a space and AL in two digits at ES:DI.
hex:    push    ax
        mov     ax, GREY << 8 | ' '
        stosw
        pop     ax
        aam     16                      ; AH:AL = the digits
        xchg    al, ah
        call    .digit
        mov     al, ah
.digit: push    ax
        cmp     al, 10
        sbb     al, 0x69                ; 0-9: 96h-9Fh, A-F: A1h-A6h, as DAS expects them
        das
        mov     ah, GREY
        stosw
        pop     ax
        ret

row:    dw      -COLUMNS * 2
colour: db      GREY
