; All hypercalls (docs/hypercalls.md), from 16-bit, 32-bit and 64-bit code, by VMCALL and by VMMCALL: one of them is always
; that of the other vendor's processors. A line for each result, `hypercalls: all ok` and exit code 42 at the end.

%include "bzimage.inc"
%include "lib/mode.inc"
%include "lib/lapic_registers.inc"
%include "pxhv.inc"

END_OF_RAM      equ 64 << 20
NOTHING         equ 0xd0000000          ; neither RAM nor a device

%include "hypercalls/calls.inc"

        mode    32
        call    set_up
        mov     eax, PXHV_CPUID
        cpuid
        mov     eax, ebx
        equals  PXHV_SIGNATURE, "signature"
        under   "32-bit, VMCALL: "
        calls   vmcall, "32-bit code by VMCALL", NOTHING
        under   "32-bit, VMMCALL: "
        calls   vmmcall, "32-bit code by VMMCALL", NOTHING
        call    to_64_bit
        mode    64
        under   "64-bit, VMCALL: "
        calls   vmcall, "64-bit code by VMCALL", 1 << 39        ; not mapped
        under   "64-bit, VMMCALL: "
        calls   vmmcall, "64-bit code by VMMCALL", 1 << 47      ; not canonical
        call    to_32_bit
        mode    32
%include "hypercalls/real_mode.inc"
        cmp     dword [failed], 0
        jne     finish_32
        mov     esi, .all_ok
        mov     ecx, .all_ok_end - .all_ok
        mov     eax, PXHV_PRINT
        vmcall
        mov     ebx, 42
        mov     eax, PXHV_EXIT
        vmmcall
        jmp     finish_32               ; it goes on: not all is ok
.all_ok: db     "hypercalls: all ok", 13, 10
.all_ok_end:

guest_name: db "hypercalls", 0
%include "lib/all.inc"
        bzimage_end
