; What exits cost: round trips from the guest to pxHV and back, in ticks of the TSC. Under `-icount shift=0` in QEMU and in
; Bochs a tick is an instruction, of the guest or of pxHV.
;
; Prints a line `bench exits: NAME TICKS` for each, the mean of many, without the loop around it. Nothing is printed while
; the clock runs. At the end `bench exits: done`.

%include "bzimage.inc"
%include "lib/mode.inc"
%include "lib/lapic_registers.inc"
%include "pxhv.inc"

ROUNDS          equ 1000
TIMER           equ 0x71
SELF            equ 0x61
NOTHING         equ 0xd0000000          ; neither RAM nor a device
NOT_PRESENT     equ 0x3f000000          ; a page that is taken out of the page tables
SLEEP           equ 200000              ; ticks until the timer wakes

IA32_MTRR_TYPE  equ 0x2ff
IA32_APIC_BASE  equ 0x1b
IA32_PAT        equ 0x277
IA32_DEADLINE   equ 0x6e0
IA32_FS_BASE    equ 0xc0000100
X2APIC_EOI      equ 0x80b
X2APIC_SPURIOUS equ 0x80f
X2APIC_TIMER    equ 0x832
X2APIC_SELF_IPI equ 0x83f
DEADLINE_MODE   equ 2 << 17

%include "exits/macros.inc"

        mode    32
        call    set_up
        call    to_64_bit
        mode    64
        ; One page of 2 MiB less.
        mov     dword [abs PAGE_TABLES + 0x2000 + (NOT_PRESENT >> 21) * 8], 0
        mov     rax, cr3
        mov     cr3, rax
        gate    TIMER, on_timer
        gate    SELF, on_self
        gate    PF, on_page_fault
        gate    UD, on_undefined

        measure_loop

        measure "cpuid", do_cpuid
        measure "hypercall", do_hypercall
        measure "hypercall-of-other-vendor", do_other_hypercall
        measure "undefined-opcode", do_undefined
        measure "in-uart", {do_in 0x3fd}
        measure "out-uart", {do_out 0x3ff}
        measure "in-pit", {do_in 0x40}
        measure "in-pic", {do_in 0x21}
        measure "out-pic", {do_out 0x21}
        measure "in-elcr", {do_in 0x4d0}
        measure "in-nothing", {do_in 0x7e0}
        measure "out-nothing", {do_out 0x7e0}
        measure "read-lapic", {do_read LAPIC + LAPIC_TPR}
        measure "write-lapic", {do_write LAPIC + LAPIC_TPR}
        measure "read-nothing", {do_read NOTHING}
        measure "write-nothing", {do_write NOTHING}
        measure "rdmsr-mtrr", {do_rdmsr IA32_MTRR_TYPE}
        measure "wrmsr-mtrr", {do_wrmsr IA32_MTRR_TYPE, 0}
        measure "rdmsr-pat", {do_rdmsr IA32_PAT}
        measure "rdmsr-without-exit", {do_rdmsr IA32_FS_BASE}
        measure "wrmsr-without-exit", {do_wrmsr IA32_FS_BASE, 0}
        measure "page-fault-without-exit", do_page_fault

        mov     ecx, IA32_APIC_BASE
        rdmsr
        or      eax, 3 << 10            ; EN and EXTD: x2APIC mode
        wrmsr
        do_wrmsr X2APIC_SPURIOUS, SPURIOUS | 1 << 8
        do_wrmsr X2APIC_TIMER, TIMER | DEADLINE_MODE
        sti
        measure "timer-set-and-interrupt", do_timer
        measure "ipi-to-self", do_self
        cli
        call    sleeps
        measure "out-pit", {do_out 0x40}        ; last: channel 0 runs from now on, for all exits to look at
        mov     esi, text_done
        call    puts_64
.stop:  sti                             ; whoever reads this is quicker than a computer that switches itself off
        hlt
        jmp     .stop

; How late the timer wakes a CPU that sleeps in HLT.
sleeps:
        mov     r15d, 32
        xor     r13d, r13d
.next:  now     rbx
        add     rbx, SLEEP
        mov     rax, rbx
        mov     rdx, rbx
        shr     rdx, 32
        mov     ecx, IA32_DEADLINE
        wrmsr
        sti
        hlt
        now     rax
        cli
        sub     rax, rbx
        add     r13, rax
        dec     r15d
        jnz     .next
        mov     rax, r13
        shr     rax, 5
        mov     esi, .name
        jmp     show
.name:  db      "wake-from-hlt", 0

; Handlers, as short as they can be.
on_timer:
on_self:
        push    rax
        push    rcx
        push    rdx
        do_wrmsr X2APIC_EOI, 0
        mov     byte [came], 1
        pop     rdx
        pop     rcx
        pop     rax
        iretq
on_page_fault:
        add     rsp, 8                  ; the error code
        add     qword [rsp], 2          ; MOV AL, [RBX]
        iretq
on_undefined:
        add     qword [rsp], 2
        iretq

%include "exits/report.inc"
came:   db      0

guest_name: db  "exits", 0
%include "lib/all.inc"
        bzimage_end
