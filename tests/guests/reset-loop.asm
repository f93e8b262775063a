; A bzImage that does nothing but reset its computer, through port CF9h.

%include "bzimage.inc"

        mov     dx, 0xcf9
        mov     al, 2                   ; a hard reset ...
        out     dx, al
        mov     al, 6                   ; ... now
        out     dx, al
        jmp     $

        bzimage_end
