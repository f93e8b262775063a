; Loads a number of 80 bits from the registers of the local APIC.
;
; Must happen: the VM ends, and its operator reads the instruction. It means nothing on any device of a PC.

%include "bzimage.inc"

        fninit
        fld     tword [0xfee00020]
        hlt

        bzimage_end
