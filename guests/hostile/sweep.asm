; Every port, every MSR in the ranges where processors have some, every byte of the registers of the local APIC and of the
; I/O APIC: read, and written with random values. Interrupts are off.
;
; Must happen: each access is answered, or faults with #GP, and afterwards the devices can be put in order again. A line
; for each part, `sweep: all ok` at the end. What would end the run is left out, as in random-exits.asm.
;
; Option on the command line: seed=S (1).

%include "bzimage.inc"
%include "lib/mode.inc"
%include "lib/lapic_registers.inc"

        mode    32
        mov     [zero_page], esi
        call    set_up
        call    to_64_bit
        mode    64
        call    read_options
        mov     rax, [seed]
        call    seed_random
        call    silence
%include "sweep/ports.inc"
%include "sweep/msrs.inc"
%include "sweep/memory.inc"
        jmp     finish_64

%include "common/options.inc"
%include "common/spared.inc"
%include "common/silence.inc"

guest_name: db "sweep", 0
        align   8, db 0
exits:  dq      0
seed:   dq      1
zero_page: dd   0
%include "lib/random.inc"
%include "lib/all.inc"
        bzimage_end
