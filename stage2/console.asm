; Output in real mode: INT 10h and COM1.

COM1                equ 0x3f8           ; registers of a 16550 UART, as National's data sheet names them
COM1_DIVISOR_LOW    equ COM1 + 0        ; while DLAB is set
COM1_DIVISOR_HIGH   equ COM1 + 1
COM1_INTERRUPTS     equ COM1 + 1
COM1_FIFO_CONTROL   equ COM1 + 2
COM1_LINE_CONTROL   equ COM1 + 3
COM1_MODEM_CONTROL  equ COM1 + 4
COM1_LINE_STATUS    equ COM1 + 5
COM1_SCRATCH        equ COM1 + 7

DIVISOR_115200      equ 1               ; of 115,200 baud
LINE_8N1            equ 0x03            ; 8 data bits, no parity, 1 stop bit
LINE_DLAB           equ 0x80            ; divisor latch access
LINE_CAN_SEND       equ 0x20            ; transmitter holding register empty
FIFO_ON_AND_EMPTY   equ 0x07
MODEM_READY         equ 0x03            ; DTR and RTS; some terminals wait for them

TEXT_MODE           equ 3               ; 80 x 25, 16 colours, memory at B8000h

        section .bss
console_flags:          resd 1          ; BOOT_FLAG_...: what there is to write to
line_open:              resd 1          ; 1: the cursor is not at the start of a line
        section .text
        bits    16

; Sets up COM1 and text mode, and finds out which of them exist. Clobbers AX, BX, CX, DX, SI.
console_init:
        mov     dx, COM1_SCRATCH        ; reads back what was written, if there is a UART
        mov     al, 0x5a
        call    .scratch_holds
        jne     .screen
        mov     al, 0xa5
        call    .scratch_holds
        jne     .screen
        or      dword [console_flags], BOOT_FLAG_SERIAL
        mov     si, .settings
        mov     cx, (.settings_end - .settings) / 3
.set:
        lodsw
        xchg    ax, dx
        lodsb
        out     dx, al
        loop    .set
        call    new_line                ; ends the line that stage 1 began
.screen:
        mov     ax, TEXT_MODE           ; INT 10h, AH=00h "Set Video Mode"; clears the screen
        int     0x10
        mov     ax, 0x0f00              ; "Get Video Mode"; AL stays 0 without a video BIOS
        int     0x10
        and     al, 0x7f                ; bit 7: "screen not cleared"
        cmp     al, TEXT_MODE
        jne     .done
        or      dword [console_flags], BOOT_FLAG_VGA_TEXT
.done:
        ret

.scratch_holds:
        mov     ah, al
        out     dx, al
        out     0x80, al                ; unused port: clears what an empty bus might remember
        in      al, dx
        cmp     al, ah
        ret

%macro  setting 2
        dw      %1
        db      %2
%endmacro
.settings:
        setting COM1_INTERRUPTS,    0
        setting COM1_LINE_CONTROL,  LINE_DLAB
        setting COM1_DIVISOR_LOW,   DIVISOR_115200
        setting COM1_DIVISOR_HIGH,  0
        setting COM1_LINE_CONTROL,  LINE_8N1
        setting COM1_FIFO_CONTROL,  FIFO_ON_AND_EMPTY
        setting COM1_MODEM_CONTROL, MODEM_READY
.settings_end:

; Prints a character. In: AL.
put_char:
        pushad                          ; some video BIOSes clobber BP when they scroll
        cmp     al, 10
        setne   [line_open]
        push    ax
        mov     ah, 0x0e                ; INT 10h, "Write Teletype to Active Page"
        mov     bx, 0x0007              ; page 0, light grey
        int     0x10
        pop     ax
        test    byte [console_flags], BOOT_FLAG_SERIAL
        jz      .done
        serial_send
.done:
        popad
        ret

; Prints a text that ends with a zero byte. In: SI. Clobbers AL, SI.
print.next:
        call    put_char
print:
        lodsb
        test    al, al
        jnz     print.next
        ret

; Ends a line. Clobbers AL, SI.
new_line:
        mov     si, text_new_line
        jmp     print

; Prints a number in decimal. In: EAX.
print_number:
        pushad
        mov     ebx, 10
        xor     cx, cx
.divide:
        xor     edx, edx
        div     ebx
        push    dx
        inc     cx
        test    eax, eax
        jnz     .divide
.digit:
        pop     ax
        add     al, '0'
        call    put_char
        loop    .digit
        popad
        ret

; Prints a byte as two hexadecimal digits. In: AL. Clobbers AX.
print_byte:
        aam     16                      ; AH = upper, AL = lower half
        xchg    al, ah
        call    .digit
        mov     al, ah
.digit:
        cmp     al, 10                  ; CF = it is a decimal digit
        sbb     al, 0x69
        das                             ; 96h-9Fh or A1h-A6h become 30h-39h or 41h-46h
        jmp     put_char

; Starts a failure message; the reason follows. Clobbers AL, SI.
fail_begin:
        cmp     byte [line_open], 0
        je      .prefix
        call    new_line
.prefix:
        mov     si, text_failure
        jmp     print

; Stops. In: SI = reason, and on the next line what to do about it.
fail:
        push    si
        call    fail_begin
        pop     si
; Prints the rest of a failure message and stops. In: SI.
fail_end:
        call    print
.halt:
        cli
        hlt
        jmp     .halt
