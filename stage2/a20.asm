; The A20 gate. PCs can force address line 20 to 0, for programs of 1981 that relied on addresses
; wrapping around at 1 MB. With it off, every odd megabyte would be a copy of the one below.

KEYBOARD_DATA           equ 0x60        ; 8042 keyboard controller
KEYBOARD_COMMAND        equ 0x64        ; read: status
KEYBOARD_INPUT_FULL     equ 0x02        ; it hasn't taken the last byte yet
KEYBOARD_WRITE_OUTPUT   equ 0xd1        ; "Write Output Port"
KEYBOARD_OUTPUT_A20     equ 0xdf        ; A20 on, CPU not in reset, interrupts as usual

PORT_92                 equ 0x92        ; PS/2 System Control Port A
PORT_92_RESET           equ 0x01        ; writing 1 resets the CPU
PORT_92_A20             equ 0x02

A20_PROBE               equ STACK_TOP + SECTOR - 2  ; last word of stage 1, not needed any more
A20_ALIAS_SEGMENT       equ 0xffff      ; FFFF:x is 1 MB - 16 + x
A20_ALIAS               equ A20_PROBE + 16
A20_POLLS               equ 100         ; some gates take a few microseconds to switch
KEYBOARD_POLLS          equ 0xffff

        section .text
        bits    16

; Switches A20 on, unless it is, and says how. Returns only if it is on. Clobbers general registers.
a20_enable:
        test    dword [HEADER_ADDRESS + HEADER_FLAGS], FLAG_START_WITH_A20_OFF
        jz      .test
        call    a20_disable
.test:
        call    a20_is_on
        mov     si, text_a20_already
        je      .on
        mov     di, .methods
.method:
        call    [di]
        call    a20_is_on
        mov     si, [di + 2]
        je      .on
        add     di, 4
        cmp     di, .methods_end
        jb      .method
        mov     si, text_a20_failed
        jmp     fail
.on:
        push    si
        mov     si, text_a20
        call    print
        pop     si
        jmp     print

; The BIOS knows the board best; port 92h comes last, as on some boards it does something else.
.methods:
        dw      a20_on_by_bios,         text_a20_bios
        dw      a20_on_by_keyboard,     text_a20_keyboard
        dw      a20_on_by_port_92,      text_a20_port_92
.methods_end:

; Is A20 on? Changes a word below 1 MB until its alias 1 MB higher stays different.
; Out: ZF set if so. Clobbers AX, CX.
a20_is_on:
        push    es
        push    word [A20_PROBE]
        mov     ax, A20_ALIAS_SEGMENT
        mov     es, ax
        mov     cx, A20_POLLS
.poll:
        inc     word [A20_PROBE]
        out     0x80, al                ; unused port: takes about a microsecond
        mov     ax, [es:A20_ALIAS]
        cmp     ax, [A20_PROBE]
        loope   .poll
        setne   al                      ; one look is enough: a wrapped word is never different
        pop     word [A20_PROBE]
        pop     es
        cmp     al, 1
        ret

; Clobbers general registers, but DI.
a20_on_by_bios:
        push    di
        mov     ax, 0x2401              ; INT 15h, "Enable A20 Gate"
        int     0x15
        pop     di
        ret

; 8042 data sheet: the controller's output port drives the gate. Clobbers AX, CX.
a20_on_by_keyboard:
        cli
        call    .wait
        mov     al, KEYBOARD_WRITE_OUTPUT
        out     KEYBOARD_COMMAND, al
        call    .wait
        mov     al, KEYBOARD_OUTPUT_A20
        out     KEYBOARD_DATA, al
        call    .wait
        sti
        ret

.wait:
        mov     cx, KEYBOARD_POLLS
.poll:
        in      al, KEYBOARD_COMMAND
        test    al, KEYBOARD_INPUT_FULL
        loopnz  .poll
        ret

; Clobbers AL.
a20_on_by_port_92:
        in      al, PORT_92
        or      al, PORT_92_A20
        and     al, ~PORT_92_RESET & 0xff
        out     PORT_92, al
        ret

; Switches A20 off, for tests, and says whether it obeyed. Clobbers general registers.
a20_disable:
        mov     ax, 0x2400              ; INT 15h, "Disable A20 Gate"
        int     0x15
        in      al, PORT_92
        and     al, ~(PORT_92_A20 | PORT_92_RESET) & 0xff
        out     PORT_92, al
        call    a20_is_on
        mov     si, text_a20_off
        jne     print
        mov     si, text_a20_not_off
        jmp     print
