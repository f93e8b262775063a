; A bzImage that does nothing but fault three times: its 32-bit entry loads an empty interrupt
; descriptor table and raises an exception. What the VM is left with is shutdown.

%include "bzimage.inc"

        lidt    [empty_table]
        int3
empty_table:
        dw      0                       ; limit
        dd      0                       ; base

        bzimage_end
