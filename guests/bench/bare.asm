; The least that an exit can cost: in the place of stage 3, a loop around VMRUN or VMRESUME that knows CPUID only, and above
; it a guest that takes the time as exits.asm does. What pxHV's own exits take more is what a hypervisor of several guests
; with devices adds.
;
; `cpuid-rip-only`: nothing but RIP is changed, and the guest gets wrong answers. `cpuid`: all general registers are switched
; (AMD: the rest of the guest's state, too, by VMSAVE and VMLOAD), the exit's reason is looked at, and CPUID is executed.

%include "layout.inc"
%include "exits/macros.inc"

        org     STAGE3_ADDRESS
        bits    64

PAGE            equ 0x1000
ROUNDS          equ 1000
COM1            equ 0x3f8
LINE_STATUS     equ COM1 + 5
CAN_SEND        equ 0x20
MSR_EFER        equ 0xc0000080
RFLAGS          equ 2                   ; the bit that is always 1
DR7_INITIAL     equ 0x400
CPUID_LENGTH    equ 2

; In: EDI = BootInfo. Stage 2 has switched virtualization on, and mapped 4 GiB.
start:  mov     ebp, edi
        mov     esp, host_stack
        mov     eax, tss
        mov     [gdt_tss + 2], ax
        shr     eax, 16
        mov     [gdt_tss + 4], al
        mov     [gdt_tss + 7], ah
        lgdt    [gdt_pointer]
        mov     eax, DATA
        mov     ds, eax
        mov     es, eax
        mov     fs, eax
        mov     gs, eax
        mov     ss, eax
        push    CODE
        push    .here
        retfq
.here:  mov     eax, TASK
        ltr     ax
        call    nested_tables
        mov     eax, [rbp + BOOT_VENDOR]
        mov     [cpu_vendor], eax
        cmp     eax, VENDOR_INTEL
        je      vmx
        jmp     svm

; The guest's first GiB is the computer's, in pages of 2 MiB.
NESTED_TABLE    equ 0x07                ; AMD: present, writable, for users; Intel: to be read, written, executed
NESTED_PAGE_AMD equ 0x87
NESTED_PAGE_INTEL equ 0xb7              ; write-back
nested_tables:
        mov     dword [nested_pml4], nested_pdpt + NESTED_TABLE
        mov     dword [nested_pdpt], nested_directory + NESTED_TABLE
        mov     eax, NESTED_PAGE_AMD
        cmp     dword [rbp + BOOT_VENDOR], VENDOR_INTEL
        jne     .fill
        mov     eax, NESTED_PAGE_INTEL
.fill:  mov     edi, nested_directory
        mov     ecx, 512
.entry: mov     [rdi], eax
        add     edi, 8
        add     eax, 1 << 21
        dec     ecx
        jnz     .entry
        ret

; The guest's registers while pxHV's place is taken: RAX, RBX and so on.
%macro each_register 1                  ; but RAX and RSP
        %1      rbx, 1
        %1      rcx, 2
        %1      rdx, 3
        %1      rsi, 4
        %1      rdi, 5
        %1      rbp, 6
        %1      r8, 7
        %1      r9, 8
        %1      r10, 9
        %1      r11, 10
        %1      r12, 11
        %1      r13, 12
        %1      r14, 13
        %1      r15, 14
%endmacro
%macro save 2
        mov     [registers + %2 * 8], %1
%endmacro
%macro load 2
        mov     %1, [registers + %2 * 8]
%endmacro

; Executes CPUID for the guest.
%macro answer_cpuid 0
        mov     eax, [registers]
        mov     ecx, [registers + 2 * 8]
        cpuid
        mov     [registers], rax
        mov     [registers + 1 * 8], rbx
        mov     [registers + 2 * 8], rcx
        mov     [registers + 3 * 8], rdx
%endmacro

; An exit that is none of CPUID, or an entry that failed.
unexpected:
        mov     esp, host_stack
        mov     esi, .text
        call    puts_64
.stop:  hlt
        jmp     .stop
.text:  db      "FAILED: not an exit by CPUID", 13, 10, 0

%include "bare/svm.inc"
%include "bare/vmx.inc"

; The guest.
guest:  measure_loop
        measure "cpuid-rip-only", do_cpuid
        measure "cpuid", do_cpuid
        mov     esi, text_done
        call    puts_64
.stop:  jmp     .stop

%include "exits/report.inc"

; The text at RSI.
puts_64:
        mov     al, [rsi]
        inc     rsi
        test    al, al
        jz      .end
        call    put_byte_64
        jmp     puts_64
.end:   ret
; AL.
put_byte_64:
        mov     ah, al
        mov     edx, LINE_STATUS
.wait:  in      al, dx
        test    al, CAN_SEND
        jz      .wait
        mov     edx, COM1
        mov     al, ah
        out     dx, al
        ret

        align   8
gdt:    dq      0
CODE    equ $ - gdt
        dq      0x00af9b000000ffff
DATA    equ $ - gdt
        dq      0x00cf93000000ffff
TASK    equ $ - gdt
gdt_tss:dq      0x0000890000000067, 0
gdt_end:
gdt_pointer:
        dw      gdt_end - gdt - 1
        dq      gdt
cpu_vendor: dd  0
        align   8
registers: times 15 dq 0

; Pages, all zero.
%macro page 1
        align   PAGE, db 0
%1:     times PAGE db 0
%endmacro
        page    nested_pml4
        page    nested_pdpt
        page    nested_directory
        page    guest_block             ; VMCB or VMCS
        page    host_block              ; AMD: the host's VMCB
        page    host_save               ; AMD: VM_HSAVE_PA
        page    tss
        page    below_host_stack
host_stack:
        page    below_guest_stack
guest_stack:
