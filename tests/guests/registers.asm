; Registers that stay a guest's while others have the processor: all of them get values that depend on the seed, and are
; looked at again and again, while this guest makes no exits. Two or three of these guests with different seeds show whether a
; hypervisor keeps each guest's own.
;
; Options on the command line: seed=N (1); slices=N (20): so often somebody else must have had the processor before the line
; `registers: all ok` comes, and the guest goes on all the same. What differs is told, and ends it: `registers: ... FAILED`.

%include "bzimage.inc"
%include "lib/mode.inc"
%include "lib/lapic_registers.inc"

SPINS           equ 20000               ; turns of an empty loop between two looks

        mode    32
        mov     [zero_page], esi
        call    set_up
        call    to_64_bit
        mode    64
        option  "seed=", seed
        option  "slices=", slices
        mov     rax, [seed]
        call    seed_random
        call    make_extended
        call    make_system
        mov     edi, gprs
        mov     ecx, GPRS
        call    fill_random
        mov     [gprs + GPRS * 8], rsp
        call    load_system
        call    load_extended
        call    know_tsc

spin:   mov     dword [spins], SPINS
%assign nth 0
%macro load_gpr 1-*
  %rep %0
        mov     %1, [gprs + nth * 8]
    %assign nth nth + 1
    %rotate 1
  %endrep
%endmacro
        load_gpr rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
.again: dec     dword [spins]
        jnz     .again
%assign nth 0
%macro check_gpr 1-*
  %rep %0
        cmp     %1, [gprs + nth * 8]
        jne     wrong_gpr
    %assign nth nth + 1
    %rotate 1
  %endrep
%endmacro
        check_gpr rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15, rsp
        call    check_extended
        call    check_system
        call    look
        jc      spin
        dec     qword [slices]
        jnz     spin
        mov     esi, guest_name
        call    puts_64
        mov     esi, text_all_ok
        call    puts_64
        jmp     spin

wrong_gpr:
        mov     esp, STACK
        mov     esi, text_gpr

; What is named at RSI is not what it was.
wrong:  push    rsi
        mov     esi, guest_name
        call    puts_64
        mov     esi, text_colon
        call    puts_64
        pop     rsi
        call    puts_64
        inc     dword [failed]
        mov     esi, text_wrong
        call    puts_64
        jmp     finish_64

; ECX random qwords to RDI.
fill_random:
        call    random
        mov     [rdi], rax
        add     rdi, 8
        loop    fill_random
        ret

%include "registers/extended.inc"
%include "registers/system.inc"
%include "lib/gaps.inc"
%include "lib/options.inc"

guest_name: db "registers", 0
text_colon: db ": ", 0
text_gpr: db    "a general register", 0
text_wrong: db  " FAILED", 13, 10, 0

GPRS            equ 15
        align   8, db 0
gprs:   times   GPRS + 1 dq 0           ; and RSP
seed:   dq      1
slices: dq      20
spins:  dd      0

%include "lib/random.inc"
%include "lib/all.inc"
        bzimage_end
