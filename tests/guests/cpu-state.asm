; The processor as a guest sees it: control registers, instructions that are hidden or forbidden, prefixes of instructions
; that exit, paging, long mode, real mode. A line for each result, `cpu-state: all ok` at the end.
;
; It runs on a bare processor, too: qemu-system-x86_64 -kernel.

%include "bzimage.inc"
%include "lib/mode.inc"
%include "lib/lapic_registers.inc"

        mode    32
        call    set_up
%include "cpu-state/control_registers.inc"
%include "cpu-state/instructions.inc"
%include "cpu-state/prefixes.inc"
%include "cpu-state/pae.inc"
        call    to_64_bit
        mode    64
        under   "64-bit: "
%include "cpu-state/long_mode.inc"
%include "cpu-state/prefixes.inc"
        call    to_32_bit
        mode    32
%include "cpu-state/real_mode.inc"
        jmp     finish_32

guest_name: db "cpu-state", 0
%include "lib/all.inc"
        bzimage_end
