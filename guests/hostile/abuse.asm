; Abuse of the processor: bits of control, debug and extended registers that must not be changed, instructions of VMX and
; SVM, user mode and virtual-8086 mode, page tables that map and change themselves, string instructions that would take
; days, storms of interrupts, exceptions in the delivery of exceptions.
;
; Must happen: each attempt has the effect that the manuals say, mostly a fault. A line for each result, `abuse: all ok` at
; the end. It runs on a bare processor, too: qemu-system-x86_64 -kernel.

%include "bzimage.inc"
%include "lib/mode.inc"
%include "lib/lapic_registers.inc"
%include "abuse/macros.inc"

        mode    32
        call    set_up
        call    lapic_on_32
%define ROUND abuse32
%define M(name) JOINED(name, ROUND)
%include "abuse/registers.inc"
%include "abuse/instructions.inc"
%include "abuse/strings.inc"
%include "abuse/storms.inc"
%include "abuse/user.inc"
        call    to_64_bit
        mode    64
        under   "64-bit: "
        call    lapic_on_64
%define ROUND abuse64
%include "abuse/registers.inc"
%include "abuse/instructions.inc"
%include "abuse/strings.inc"
%include "abuse/storms.inc"
%include "abuse/page_tables.inc"
%include "abuse/deliveries.inc"
        jmp     finish_64

guest_name: db "abuse", 0
%include "lib/all.inc"
        bzimage_end
