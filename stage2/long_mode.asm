; The way from real to long mode (SDM, "Switching to Protected Mode" and "Initializing IA-32e Mode").

; Segment descriptors: base 0, limit 4 GB, present, ring 0, and already marked as accessed, so
; that the processor doesn't write to them.
DESCRIPTOR_CODE32       equ 0x00cf9b000000ffff
DESCRIPTOR_CODE64       equ 0x00af9b000000ffff
DESCRIPTOR_DATA         equ 0x00cf93000000ffff

; All of CR0 and CR4. The Bochs BIOS leaves CR0.CD and NW set: without caches real machines crawl.
CR0_LONG_MODE           equ CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE
CR4_LONG_MODE           equ CR4_PAE

        section .text
        align   8, db 0
gdt:
        dq      0
gdt_code32:
        dq      DESCRIPTOR_CODE32
gdt_code64:
        dq      DESCRIPTOR_CODE64
gdt_data:
        dq      DESCRIPTOR_DATA
gdt_end:
SELECTOR_CODE32         equ gdt_code32 - gdt
SELECTOR_CODE64         equ gdt_code64 - gdt
SELECTOR_DATA           equ gdt_data - gdt

gdt_pointer:
        dw      gdt_end - gdt - 1
        dd      gdt
idt_none:                               ; an NMI now shuts the machine down; with the real-mode
        dw      0                       ; vectors taken for gates it would run anything
        dd      0

; Goes from real to long mode: called in 16-bit code, it returns to 64-bit code. Any processor can
; use it, with a stack of its own below 64 KB. Interrupts stay off.
; In: the page tables, cpu_efer. Clobbers RAX, RCX, RDX.
        bits    16
long_mode_enter:
        cli
        lidt    [idt_none]
        lgdt    [gdt_pointer]
        mov     eax, CR0_ET | CR0_PE
        mov     cr0, eax
        jmp     SELECTOR_CODE32:.protected

        bits    32
.protected:
        mov     ax, SELECTOR_DATA
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        movzx   esp, sp                 ; the stack's segment was 0, so this is the same place

        mov     eax, CR4_LONG_MODE
        mov     cr4, eax
        mov     eax, PAGE_TABLES
        mov     cr3, eax
        mov     ecx, MSR_EFER
        rdmsr
        or      eax, [cpu_efer]
        wrmsr
        mov     eax, CR0_LONG_MODE      ; paging on activates long mode ...
        mov     cr0, eax
        jmp     SELECTOR_CODE64:.long   ; ... and a 64-bit code segment starts 64-bit code

        bits    64
.long:
        mov     esp, esp                ; the upper half was undefined
        movzx   eax, word [rsp]         ; what the 16-bit call pushed
        add     rsp, 2
        jmp     rax
