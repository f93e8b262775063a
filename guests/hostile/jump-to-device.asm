; Jumps into the registers of the local APIC.
;
; Must happen: the VM ends, and its operator reads that it executed there.

%include "bzimage.inc"

        mov     eax, 0xc0de0002         ; to be found in the report
        jmp     0x10:0xfee00020

        bzimage_end
