; NanoX, chapter 1: the first instructions.
;
; The CPU is in real mode, as after power-on: 16-bit registers, no protection, address = segment * 16 + offset. pxHV puts
; this file at 7C00h, where a BIOS would put a boot sector, and jumps to its first byte. There is no BIOS to call: the
; only way to the world is OUT, to the ports of a device.

        bits    16
        org     0x7c00

UART            equ 0x3f8       ; COM1: the data register
LINE_STATUS     equ UART + 5
TRANSMIT_EMPTY  equ 0x20        ; its bit: the UART takes the next byte

start:  cli                     ; no interrupts: nobody would handle them
        cld                     ; LODSB goes upwards
        xor     ax, ax
        mov     ds, ax          ; offsets count from address 0
        mov     si, text
        call    print
.halt:  hlt                     ; with interrupts off, for good: pxHV says that the VM ended
        jmp     .halt

; Sends the text at DS:SI, which ends with a zero.
print:  lodsb
        test    al, al
        jz      .done
        mov     ah, al
        mov     dx, LINE_STATUS
.wait:  in      al, dx
        test    al, TRANSMIT_EMPTY
        jz      .wait
        mov     al, ah
        mov     dx, UART
        out     dx, al
        jmp     print
.done:  ret

text:   db      "NanoX 1: hello from real mode", 13, 10, 0
