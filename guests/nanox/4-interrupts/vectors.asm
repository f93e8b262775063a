; NanoX, chapter 4: where the CPU arrives when something happens.
;
; For each vector there is a stub of a few bytes. It pushes the vector's number, and a zero where the CPU pushed no error
; code, so that all frames on the stack look alike (struct frame in interrupts.h). `interrupt` handles the event and
; returns the frame to go on with: its own, or, from chapter 5 on, that of another task.

        bits    32
        section .text
        extern  interrupt
        global  vectors

VECTORS equ 48                          ; 32 exceptions, 16 interrupt lines

%macro stub 1
stub%1:
  %if %1 != 8 && (%1 < 10 || %1 > 14) && %1 != 17 && %1 != 21 && %1 != 29 && %1 != 30
        push    dword 0
  %endif
        push    dword %1
        jmp     save
%endmacro

%assign vector 0
%rep VECTORS
        stub    vector
  %assign vector vector + 1
%endrep

save:   pusha
        cld
        push    esp                     ; the argument: this frame
        call    interrupt
        mov     esp, eax
        popa
        add     esp, 8                  ; vector and error code
        iret

        section .rodata
vectors:
%assign vector 0
%rep VECTORS
        dd      stub%[vector]
  %assign vector vector + 1
%endrep
