; What several files share: registers of the processor, and two ways of writing things down.

CR0_PE              equ 1 << 0          ; protection
CR0_MP              equ 1 << 1          ; WAIT obeys TS
CR0_ET              equ 1 << 4          ; hard-wired to 1
CR0_NE              equ 1 << 5          ; FPU errors as exceptions; VMX demands it
CR0_WP              equ 1 << 16         ; read-only pages are so for the supervisor, too
CR0_PG              equ 1 << 31         ; paging
CR4_PAE             equ 1 << 5
CR4_VMXE            equ 1 << 13

MSR_EFER            equ 0xc0000080
EFER_LME            equ 1 << 8          ; long mode, once paging is on
EFER_NXE            equ 1 << 11         ; no-execute bit in page tables
EFER_SVME           equ 1 << 12         ; SVM instructions

; fail_if <condition code>, <text>: stops with the text.
%macro  fail_if 2
        j%-1    %%fine
        mov     si, %2
        jmp     fail
%%fine:
%endmacro

; Sends AL to COM1, in any mode of the processor. Waits for 65,536 polls at most: a port that
; stopped answering must not stop the boot. Clobbers AX, CX, DX.
%macro  serial_send 0
        mov     ah, al
        mov     cx, 0xffff
        mov     dx, COM1_LINE_STATUS
%%wait:
        in      al, dx
        test    al, LINE_CAN_SEND
        jnz     %%send
        dec     cx
        jnz     %%wait
%%send:
        mov     al, ah
        mov     dx, COM1
        out     dx, al
%endmacro
