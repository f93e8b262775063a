; Has its stack in the registers of the local APIC and raises an exception: the processor itself would write to the device.
;
; Must happen: the VM ends, and its operator reads that an event could not be delivered.

%include "bzimage.inc"

        mov     word [gate], on_breakpoint - 0x100000
        mov     word [gate + 6], 0x10
        lidt    [table]
        mov     esp, 0xfee01000
        int3
on_breakpoint:
        hlt
table:  dw      gate + 8 - vectors - 1
        dd      vectors
        align   8, db 0
vectors:
        dq      0, 0, 0
gate:   dw      0, 0x10, 0x8e00, 0      ; #BP

        bzimage_end
