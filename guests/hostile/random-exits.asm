; Exits at random: IN, OUT, INS and OUTS on any port, RDMSR and WRMSR of any register with any value, accesses to the
; local APIC, to the I/O APIC and to nothing in all sizes and by many instructions, CPUID, hypercalls. Whatever interrupts
; come of it, at any vector, are counted and acknowledged.
;
; Must happen: nothing but what a PC does. Host and guest go on, and at the end the guest prints
; `random-exits: done: N exits, seed S`.
;
; Options on the command line: exits=N (100000), seed=S (1). A seed makes the same operations in the same order; only when
; interrupts come in between depends on time. What would end the run is left out, and nothing else:
;
; * reset and power-off: even values from F0h on and D1h (output port) to port 64h, bit 0 to port 92h, bit 2 to port CF9h,
;   bit 5 (SLP_EN) to port 605h; OUTS to a port where that could happen
; * INIT: delivery mode 5 into the interrupt command register, LINT0, LINT1 and redirection entries
; * bytes to port 3F8h, which would be printed, and to port 518h, which start a command of the firmware configuration
;   device that writes to memory, perhaps over this code
; * MSRs that need no exit (they would not count)
; * memory above 4 GiB, where a PC has nothing; the paravirtual clock's data over this code

%include "bzimage.inc"
%include "lib/mode.inc"
%include "lib/lapic_registers.inc"

SCRATCH         equ 0x3000000           ; what string instructions read and write, and the paravirtual clock writes
SCRATCH_MIDDLE  equ SCRATCH + 0x8000    ; with room in both directions
CONSTANT        equ SCRATCH + 0x10000   ; what OUTS writes: from the seed alone
CLOCK           equ SCRATCH + 0x40000
ORDER           equ 0xfff                ; the devices are put in order after so many operations ...
SHOW            equ 0x3ffff             ; ... and the count is shown after so many; both plus one are powers of two
STORM           equ 64                  ; more interrupts than this during one operation are a storm

        mode    32
        mov     [zero_page], esi
        call    set_up
        call    to_64_bit
        mode    64
        call    read_options
        mov     rax, [seed]
        call    seed_random
        mov     edi, CONSTANT
        mov     ecx, 0x10000 / 8
.fill:  call    random
        stosq
        loop    .fill
        call    take_interrupts
        call    put_in_order
        mov     esi, text_start
        call    puts_64
        call    put_options

        xor     r12d, r12d              ; operations so far
operate:
        cmp     r12, [exits]
        jae     done
        test    r12d, ORDER
        jnz     .chosen
        call    put_in_order
        test    r12d, SHOW
        jnz     .chosen
        call    show
.chosen:
        mov     dword [storm], 0
        cld
        call    random
        mov     r13, rax                ; what the operation decides by
        shr     r13, 4
        and     eax, 15
        mov     eax, [operations + rax * 4]
        mov     [resume_stack], rsp
        mov     qword [resume_ip], .next
        call    rax
.next:  mov     qword [resume_ip], 0
        inc     r12
        cmp     dword [storm], STORM
        jb      operate
        inc     dword [storms]
        call    put_in_order
        jmp     operate

done:   call    put_in_order
        cli
        mov     esi, text_done
        call    puts_64
        call    put_options
        mov     esi, text_faults
        call    puts_64
        mov     rax, [fault_count]
        call    put_decimal
        mov     esi, text_interrupts
        call    puts_64
        mov     rax, [interrupts]
        call    put_decimal
        mov     esi, text_storms
        call    puts_64
        mov     eax, [storms]
        call    put_decimal
        mov     esi, text_newline
        call    puts_64
.halt:  cli
        hlt
        jmp     .halt

; Sixteen, so that four bits choose.
operations:
        dd      op_in, op_in, op_in, op_out, op_out, op_out, op_ins, op_outs
        dd      op_rdmsr, op_rdmsr, op_wrmsr, op_memory, op_memory, op_memory, op_cpuid, op_hypercall

%include "random-exits/ports.inc"
%include "random-exits/msrs.inc"
%include "random-exits/memory.inc"
%include "random-exits/interrupts.inc"
%include "random-exits/options.inc"
%include "common/options.inc"
%include "common/silence.inc"
%include "common/spared.inc"

op_cpuid:
        call    random
        mov     ecx, eax
        and     ecx, 0x3f
        shr     rax, 8
        mov     edx, eax
        and     edx, 0x1ff
        test    r13b, 3
        jz      .leaf
        and     eax, 0xc0000000         ; basic, hypervisor's, extended and Centaur's leaves
        or      eax, edx
.leaf:  cpuid
        ret

; The instruction of this vendor; the other one's is no exit.
op_hypercall:
        call    random
        cmp     dword [cpu_vendor], "Genu"
        jne     .amd
        vmcall
        ret
.amd:   vmmcall
        ret

guest_name: db "random-exits", 0
text_start: db "random-exits: ", 0
text_done: db 13, 10, "random-exits: done: ", 0
text_exits: db " exits, seed ", 0
text_faults: db "random-exits: ", 0
text_interrupts: db " faults, ", 0
text_storms: db " interrupts, storms: ", 0
text_newline: db 13, 10, 0
text_so_far: db " exits so far, seed ", 0

        align   8, db 0
exits:  dq      100000
seed:   dq      1
resume_ip: dq   0
resume_stack: dq 0
fault_count: dq      0
interrupts: dq  0
storm:  dd      0
storms: dd      0
zero_page: dd   0

%include "lib/random.inc"
%include "lib/all.inc"
        bzimage_end
