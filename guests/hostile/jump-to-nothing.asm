; Jumps to an address where there is neither memory nor a device.
;
; Must happen: the VM ends, and its operator reads that it executed at this address, with its registers. A PC would
; execute the ones that its bus gives: no guest means that.

%include "bzimage.inc"

        mov     eax, 0xc0de0001         ; to be found in the report
        mov     ecx, 0xd0000000
        jmp     ecx

        bzimage_end
