; Interrupts as a guest gets them: the 8259A, local and I/O APIC, HLT, the shadows of STI and MOV SS, NMIs, exceptions and
; traps in between. A line for each result, `interrupts: all ok` at the end.
;
; It runs on a bare processor, too: qemu-system-x86_64 -kernel.

%include "bzimage.inc"
%include "lib/mode.inc"
%include "lib/lapic_registers.inc"

%define ROUND xapic32
%define M(name) JOINED(name, ROUND)
        mode    32
        call    set_up
        call    lapic_on_32
%include "interrupts/pic.inc"
%include "interrupts/lapic.inc"
%include "interrupts/ioapic.inc"
%include "interrupts/shadow.inc"
%include "interrupts/nmi.inc"
%include "interrupts/traps.inc"
%include "interrupts/breakpoints.inc"
%include "interrupts/mmio.inc"
        call    to_64_bit
        mode    64
        under   "64-bit: "
        call    lapic_on_64
%define ROUND xapic64
%include "interrupts/lapic.inc"
%include "interrupts/cr8.inc"
%include "interrupts/shadow.inc"
%include "interrupts/nmi.inc"
%include "interrupts/traps.inc"
%include "interrupts/breakpoints.inc"
%include "interrupts/mmio.inc"
        mov     eax, 1
        cpuid
        bt      ecx, 21                 ; x2APIC
        jnc     no_x2apic
        under   "x2APIC: "
%define ROUND x2apic64
%include "interrupts/x2apic.inc"
%include "interrupts/lapic.inc"
%include "interrupts/nmi.inc"
no_x2apic:
        jmp     finish_64

guest_name: db "interrupts", 0
%include "lib/all.inc"
        bzimage_end
