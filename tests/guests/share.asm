; A guest that wants the processor all the time, and tells how much of it it gets: the time without the gaps in which others
; have it.
;
; Options on the command line: seconds=N (2): how long it counts, from a second after its start on. Then the line
; `share: 33.3 %, longest gap 20.0 ms` comes, and it goes on.

%include "bzimage.inc"
%include "lib/mode.inc"
%include "lib/lapic_registers.inc"

        mode    32
        mov     [zero_page], esi
        call    set_up
        call    to_64_bit
        mode    64
        option  "seconds=", seconds
        call    know_tsc
        sti                             ; nothing comes: all lines are masked
        imul    r8, [khz], 1000         ; a second in which the others begin
        call    count
        imul    r8, [khz], 1000
        imul    r8, [seconds]
        call    count
        mov     rax, r9
        imul    rax, rax, 1000
        xor     edx, edx
        div     r10
        mov     r9, rax                 ; of 1000
        mov     esi, text_share
        call    puts_64
        mov     rax, r9
        call    put_tenths
        mov     esi, text_gap
        call    puts_64
        mov     rax, r11
        call    to_microseconds
        xor     edx, edx
        mov     ecx, 100
        div     rcx
        call    put_tenths
        mov     esi, text_end_of_line
        call    puts_64
.go_on: call    count
        jmp     .go_on

; Counts for R8 ticks: R9 become those in which this guest had the processor, R10 all, R11 the longest gap.
count:  xor     r9d, r9d
        xor     r10d, r10d
        xor     r11d, r11d
        call    look
.next:  mov     ecx, 1000
.spin:  loop    .spin
        call    look
        jnc     .gap
        add     r9, rax
        jmp     .all
.gap:   cmp     r11, rax
        cmovb   r11, rax
.all:   add     r10, rax
        cmp     r10, r8
        jb      .next
        ret

; Prints RAX tenths.
put_tenths:
        xor     edx, edx
        mov     ecx, 10
        div     rcx
        push    rdx
        call    put_decimal
        mov     al, '.'
        call    put_byte_64
        pop     rax
        jmp     put_decimal

%include "lib/gaps.inc"
%include "lib/options.inc"

guest_name: db  "share", 0
text_share: db  "share: ", 0
text_gap: db    " %, longest gap ", 0
text_end_of_line: db " ms", 13, 10, 0
        align   8, db 0
seconds: dq     2

%include "lib/random.inc"
%include "lib/all.inc"
        bzimage_end
