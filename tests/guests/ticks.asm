; A guest that sleeps between ticks of the 8254, 100 in a second, and tells how far apart they came.
;
; Options on the command line: ticks=N (200); limit=N: milliseconds that two ticks may be apart (22). `ticks: all ok` comes at
; the end, behind the line with the longest distance.

%include "bzimage.inc"
%include "lib/mode.inc"
%include "lib/lapic_registers.inc"

DIVISOR         equ 11932               ; 100 Hz
EARLY           equ 10                  ; the first ticks, while others are started

        mode    32
        mov     [zero_page], esi
        call    set_up
        call    to_64_bit
        mode    64
        option  "ticks=", ticks
        option  "limit=", limit
        call    know_tsc
        mov     esi, port_values
.port:  lodsw
        movzx   edx, ax
        lodsb
        out     dx, al
        cmp     esi, port_values_end
        jb      .port
        mov     ebx, EARLY
        call    sleep
        mov     esi, text_begins
        call    puts_64
        mov     rbx, [ticks]
        call    sleep
        mov     rax, r11
        call    to_microseconds
        xor     edx, edx
        mov     ecx, 1000
        div     rcx
        mov     esi, text_gap
        call    puts_64
        call    put_decimal
        mov     esi, text_end_of_line
        call    puts_64
        cmp     rax, [limit]
        check   b, "no tick is late"
        jmp     finish_64

; Sleeps for RBX ticks. R11 becomes the longest time between two of them.
sleep:  call    look
        xor     r11d, r11d
.next:  sti
        hlt
        cli
        mov     dword [log_count], 0
        call    look
        cmp     r11, rax
        cmovb   r11, rax
        dec     rbx
        jnz     .next
        ret

%macro  port_value 2
        dw      %1
        db      %2
%endmacro
port_values:
        port_value 0x20, 0x11           ; 8259A: vectors from 20h on, the timer's line alone
        port_value 0x21, PIC_VECTORS
        port_value 0x21, 4
        port_value 0x21, 1
        port_value 0x21, 0xfe
        port_value 0x43, 0x34           ; 8254: channel 0, rate generator
        port_value 0x40, DIVISOR & 0xff
        port_value 0x40, DIVISOR >> 8
port_values_end:

%include "lib/gaps.inc"
%include "lib/options.inc"

guest_name: db  "ticks", 0
text_begins: db "ticks: counting", 13, 10, 0
text_gap: db    "ticks: at most ", 0
text_end_of_line: db " ms apart", 13, 10, 0
        align   8, db 0
ticks:  dq      200
limit:  dq      22

%include "lib/random.inc"
%include "lib/all.inc"
        bzimage_end
