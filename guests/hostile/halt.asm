; CLI and HLT: nothing can wake this processor.
;
; Must happen: the VM ends as powered off.

%include "bzimage.inc"

        cli
        hlt
        jmp     $

        bzimage_end
