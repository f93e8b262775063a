; The firmware of a computer that executes cases in the modes that Linux gives no program: real mode, virtual-8086 mode,
; 16-bit protected mode, and 32-bit protected mode with two kinds of paging. machine.rs puts the cases into its memory
; and reads there what they left.
;
; A case is executed like this: its memory, instruction and registers are copied to their places; the stub of its
; width loads the registers and jumps to the instruction, behind which a jump to the end of the stub was put; that stores
; the registers and comes back.

ROM             equ 0xf0000             ; where the processor finds the last 64 KiB of the firmware
PARAMETERS      equ 0x500               ; mode, number of cases
IDT             equ 0x600
TSS             equ 0x800
GDT             equ 0x900
DRIVER_STACK    equ 0x2000
EXCEPTION_STACK equ 0x2800
LEGACY_DIRECTORY equ 0x4000
LEGACY_TABLE    equ 0x5000
PAE_POINTERS    equ 0x6000
PAE_DIRECTORY   equ 0x7000
PAE_TABLE       equ 0x8000
STUBS           equ 0x10000             ; 64 KiB: a segment for 16-bit code
WINDOW          equ 0x20f80             ; the memory of a case
FIRST_PAGE      equ 0x30000             ; with paging, the two pages of the window are here,
SECOND_PAGE     equ 0x2e000             ; and the second is not behind the first
CASES           equ 0x100000

; In STUBS: the registers of a case by number, its flags, and what the stubs need. The rest is below.
SAVE            equ 0x1000
FLAGS           equ SAVE + 32
CASE_STACK      equ SAVE + 36           ; ESP and SS
STUB_STACK      equ SAVE + 44           ; the same
SELECTOR_DS     equ SAVE + 52
SELECTOR_ES     equ SAVE + 54
SELECTOR_FS     equ SAVE + 56
BACK            equ SAVE + 58
STACK_TOP       equ 0xf000

; A case.
CASE_CODE       equ 0
CASE_REGISTERS  equ 32
CASE_PORTS      equ 68                  ; dword before; after: that of PORT_DWORD
CASE_PORTS_PAGE equ 72                  ; after: two bytes from PORT_PAGE
CASE_MEMORY     equ 80
CASE_BYTES      equ 336
WINDOW_BYTES    equ 256

MODE_REAL       equ 0
MODE_VM86       equ 1
MODE_16         equ 2
MODE_32         equ 3
MODE_PAE        equ 4

CODE32          equ 0x08
DATA32          equ 0x10
CODE16          equ 0x18
DATA16          equ 0x20
CASE_DS         equ 0x28
CASE_ES         equ 0x30
CASE_FS         equ 0x38
CASE_SS         equ 0x40
TASK            equ 0x48

PORT_PAGE       equ 0x81                ; page registers of the DMA controller: bytes of memory
PORT_DWORD      equ 0xcf8               ; address register of the PCI bus: a dword of memory
PORT_EXIT       equ 0xf4                ; ends QEMU
EXIT_DONE       equ 0x10
EXIT_EXCEPTION  equ 0x40                ; and the vector

        org     ROM
        bits    16
start16:
        cli
        lgdt    [cs:rom_gdtr - $$]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword CODE32:start32

        bits    32
start32:
        mov     eax, DATA32
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     gs, eax
        mov     esp, DRIVER_STACK
        mov     esi, gdt
        mov     edi, GDT
        mov     ecx, gdt_end - gdt
        rep movsb
        mov     esi, stubs
        mov     edi, STUBS
        mov     ecx, stubs_end - stubs
        rep movsb
        call    make_idt
        mov     dword [TSS + 4], EXCEPTION_STACK
        mov     dword [TSS + 8], DATA32
        mov     word [TSS + 102], 104    ; the I/O permission map: all zeros, all allowed
        mov     byte [TSS + 104 + 0x1a0], 0xff
        lgdt    [ram_gdtr]
        lidt    [ram_idtr]
        mov     eax, TASK
        ltr     ax
        mov     eax, [PARAMETERS]
        call    [prepare + eax * 4]
        mov     ebp, CASES
next_case:
        cmp     dword [PARAMETERS + 4], 0
        je      done
        dec     dword [PARAMETERS + 4]
        call    copy_in
        mov     eax, [PARAMETERS]
        mov     [driver_esp], esp
        mov     [driver_ebp], ebp
        jmp     [execute + eax * 4]

; Every mode comes back here.
back32:
        mov     eax, DATA32
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     gs, eax
        mov     esp, [driver_esp]
        mov     ebp, [driver_ebp]
        cld
        call    copy_out
        add     ebp, CASE_BYTES
        jmp     next_case
done:
        mov     eax, EXIT_DONE
        out     PORT_EXIT, eax
        hlt

copy_in:
        lea     esi, [ebp + CASE_MEMORY]
        mov     edi, WINDOW
        mov     ecx, WINDOW_BYTES / 4
        rep movsd
        mov     edi, STUBS + slot16 - stubs
        cmp     dword [PARAMETERS], MODE_32
        jb      .code
        mov     edi, STUBS + slot32 - stubs
.code:  lea     esi, [ebp + CASE_CODE]
        mov     ecx, 32 / 4
        rep movsd
        mov     edi, STUBS + SAVE
        mov     ecx, 36 / 4                     ; registers and flags
        rep movsd
        mov     eax, [STUBS + SAVE + 16]        ; ESP
        mov     [STUBS + CASE_STACK], eax
        mov     eax, [ebp + CASE_PORTS]
        mov     dx, PORT_DWORD
        out     dx, eax
        out     PORT_PAGE, al
        mov     al, ah
        out     PORT_PAGE + 1, al
        ret

copy_out:
        mov     esi, WINDOW
        lea     edi, [ebp + CASE_MEMORY]
        mov     ecx, WINDOW_BYTES / 4
        rep movsd
        mov     esi, STUBS + SAVE
        lea     edi, [ebp + CASE_REGISTERS]
        mov     ecx, 36 / 4
        rep movsd
        mov     dx, PORT_DWORD
        in      eax, dx
        mov     [ebp + CASE_PORTS], eax
        in      al, PORT_PAGE + 1
        mov     ah, al
        in      al, PORT_PAGE
        mov     [ebp + CASE_PORTS_PAGE], ax
        ret

; Gates for all exceptions: none is expected but #BP, which virtual-8086 mode comes back with.
make_idt:
        mov     edi, IDT
        mov     eax, exceptions
        mov     ecx, 32
.next:  mov     [edi], ax
        mov     word [edi + 2], CODE32
        mov     word [edi + 4], 0xee00
        mov     edx, eax
        shr     edx, 16
        mov     [edi + 6], dx
        add     edi, 8
        add     eax, exceptions.second - exceptions
        loop    .next
        mov     word [IDT + 3 * 8], back32 - $$
        mov     word [IDT + 3 * 8 + 6], ROM >> 16
        ret

        align   16
exceptions:
        mov     ecx, EXIT_EXCEPTION
        jmp     near exception
.second:
%assign vector 1
%rep 31
        mov     ecx, EXIT_EXCEPTION + vector
        jmp     near exception
%assign vector vector + 1
%endrep
exception:
        mov     eax, DATA32
        mov     ds, eax
        mov     eax, ecx
        out     PORT_EXIT, eax
        hlt

; What a mode needs once.
prepare_real:
        mov     ebx, 0x20001fff                 ; selectors: DS, SS
        mov     ecx, 0x20022001                 ; FS, ES
        mov     edx, back_real - stubs
        mov     eax, STUBS >> 4
        jmp     selectors
prepare_vm86:
        call    legacy_paging
        call    prepare_real
        mov     word [STUBS + BACK], back_vm86 - stubs
        ret
prepare_32:
        call    legacy_paging
        jmp     big_segments
prepare_pae:
        call    pae_paging
big_segments:
        mov     esi, CASE_DS
.next:  mov     byte [GDT + esi + 6], 0x4f      ; D/B, limit FFFFFh
        add     esi, 8
        cmp     esi, CASE_SS
        jbe     .next
        mov     eax, DATA32
        jmp     protected_selectors
prepare_16:
        mov     eax, DATA16
protected_selectors:
        mov     ebx, CASE_DS << 16 | CASE_SS
        mov     ecx, CASE_FS << 16 | CASE_ES
        mov     edx, back_16 - stubs
; EAX = the stub's own data segment
selectors:
        mov     [STUBS + STUB_STACK + 4], ax
        cmp     ax, DATA32
        mov     eax, STACK_TOP
        jne     .narrow
        add     eax, STUBS
.narrow:
        mov     [STUBS + STUB_STACK], eax
        mov     [STUBS + CASE_STACK + 4], bx
        shr     ebx, 16
        mov     [STUBS + SELECTOR_DS], bx
        mov     [STUBS + SELECTOR_ES], cx
        shr     ecx, 16
        mov     [STUBS + SELECTOR_FS], cx
        mov     [STUBS + BACK], dx
        ret

; The first 4 MiB in small pages, one to one but for the window.
legacy_paging:
        mov     edi, LEGACY_TABLE
        mov     eax, 7
.next:  mov     [edi], eax
        add     edi, 4
        add     eax, 0x1000
        cmp     eax, 0x400000
        jb      .next
        mov     dword [LEGACY_TABLE + (WINDOW >> 12) * 4], FIRST_PAGE | 7
        mov     dword [LEGACY_TABLE + (WINDOW >> 12) * 4 + 4], SECOND_PAGE | 7
        ; The rest, where the cases are, in large ones.
        mov     edi, LEGACY_DIRECTORY
        mov     eax, 0x87
.large: stosd
        add     eax, 0x400000
        cmp     eax, 0x10000087
        jb      .large
        mov     dword [LEGACY_DIRECTORY], LEGACY_TABLE | 7
        mov     eax, cr4
        or      al, 0x10                        ; PSE
        mov     cr4, eax
        mov     eax, LEGACY_DIRECTORY
paging_on:
        mov     cr3, eax
        mov     eax, cr0
        or      eax, 1 << 31
        mov     cr0, eax
        ret

pae_paging:
        mov     edi, PAE_TABLE
        mov     eax, 7
.next:  mov     [edi], eax
        mov     dword [edi + 4], 0
        add     edi, 8
        add     eax, 0x1000
        cmp     eax, 0x200000
        jb      .next
        mov     dword [PAE_TABLE + (WINDOW >> 12) * 8], FIRST_PAGE | 7
        mov     dword [PAE_TABLE + (WINDOW >> 12) * 8 + 8], SECOND_PAGE | 7
        mov     edi, PAE_DIRECTORY
        mov     eax, 0x87
.large: mov     [edi], eax
        mov     dword [edi + 4], 0
        add     edi, 8
        add     eax, 0x200000
        cmp     eax, 0x10000087
        jb      .large
        mov     dword [PAE_DIRECTORY], PAE_TABLE | 7
        mov     dword [PAE_POINTERS], PAE_DIRECTORY | 1
        mov     eax, cr4
        or      al, 0x20                        ; PAE
        mov     cr4, eax
        mov     eax, PAE_POINTERS
        jmp     paging_on

; Executing a case.
execute_real:
        mov     eax, DATA16
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        jmp     CODE16:enter_real - stubs
execute_vm86:
        push    dword STUBS >> 4                ; GS
        push    dword 0                         ; FS
        push    dword 0                         ; DS
        push    dword 0                         ; ES
        push    dword STUBS >> 4                ; SS
        push    dword STACK_TOP
        push    dword 1 << 17 | 3 << 12 | 2     ; VM, IOPL
        push    dword STUBS >> 4                ; CS
        push    dword stub16 - stubs
        iretd
execute_16:
        mov     eax, DATA16
        mov     gs, eax
        jmp     CODE16:stub16 - stubs
execute_32:
        jmp     STUBS + stub32 - stubs

        align   4
prepare:        dd prepare_real, prepare_vm86, prepare_16, prepare_32, prepare_pae
execute:        dd execute_real, execute_vm86, execute_16, execute_32, execute_32
driver_esp      equ STUBS + SAVE + 60
driver_ebp      equ STUBS + SAVE + 64

; What runs in STUBS.
        align   16
stubs:
        bits    16
enter_real:
        mov     eax, cr0
        and     al, 0xfe
        mov     cr0, eax
        jmp     (STUBS >> 4):.real - stubs
.real:  mov     ax, STUBS >> 4
        mov     gs, ax
stub16:
        lss     esp, [gs:STUB_STACK]
        mov     ds, [gs:SELECTOR_DS]
        mov     es, [gs:SELECTOR_ES]
        mov     fs, [gs:SELECTOR_FS]
        push    dword [gs:FLAGS]
        popfd
        lss     esp, [gs:CASE_STACK]
        mov     eax, [gs:SAVE]
        mov     ecx, [gs:SAVE + 4]
        mov     edx, [gs:SAVE + 8]
        mov     ebx, [gs:SAVE + 12]
        mov     ebp, [gs:SAVE + 20]
        mov     esi, [gs:SAVE + 24]
        mov     edi, [gs:SAVE + 28]
        jmp     slot16
back_real:
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
back_16:
        jmp     dword CODE32:back32
back_vm86:
        int3

        bits    32
stub32:
        lss     esp, [gs:STUBS + STUB_STACK]
        mov     ds, [gs:STUBS + SELECTOR_DS]
        mov     es, [gs:STUBS + SELECTOR_ES]
        mov     fs, [gs:STUBS + SELECTOR_FS]
        push    dword [gs:STUBS + FLAGS]
        popfd
        lss     esp, [gs:STUBS + CASE_STACK]
        mov     eax, [gs:STUBS + SAVE]
        mov     ecx, [gs:STUBS + SAVE + 4]
        mov     edx, [gs:STUBS + SAVE + 8]
        mov     ebx, [gs:STUBS + SAVE + 12]
        mov     ebp, [gs:STUBS + SAVE + 20]
        mov     esi, [gs:STUBS + SAVE + 24]
        mov     edi, [gs:STUBS + SAVE + 28]
        jmp     slot32

        bits    16
        times   0x2000 - ($ - stubs) db 0
slot16: times   0x100 db 0
end16:
        mov     [gs:SAVE], eax
        mov     [gs:SAVE + 4], ecx
        mov     [gs:SAVE + 8], edx
        mov     [gs:SAVE + 12], ebx
        mov     [gs:SAVE + 16], esp
        mov     [gs:SAVE + 20], ebp
        mov     [gs:SAVE + 24], esi
        mov     [gs:SAVE + 28], edi
        lss     esp, [gs:STUB_STACK]
        pushfd
        pop     dword [gs:FLAGS]
        jmp     word [gs:BACK]

        bits    32
        times   0x3000 - ($ - stubs) db 0
slot32: times   0x100 db 0
end32:
        mov     [gs:STUBS + SAVE], eax
        mov     [gs:STUBS + SAVE + 4], ecx
        mov     [gs:STUBS + SAVE + 8], edx
        mov     [gs:STUBS + SAVE + 12], ebx
        mov     [gs:STUBS + SAVE + 16], esp
        mov     [gs:STUBS + SAVE + 20], ebp
        mov     [gs:STUBS + SAVE + 24], esi
        mov     [gs:STUBS + SAVE + 28], edi
        lss     esp, [gs:STUBS + STUB_STACK]
        pushfd
        pop     dword [gs:STUBS + FLAGS]
        jmp     CODE32:back32
stubs_end:

        align   16
%macro segment_at 3                             ; base, access byte, flags and upper limit
        dw      0xffff, (%1) & 0xffff
        db      (%1) >> 16 & 0xff, %2, %3, 0
%endmacro
gdt:
        dq      0
        segment_at 0, 0x9b, 0xcf
        segment_at 0, 0x93, 0xcf
        segment_at STUBS, 0x9b, 0
        segment_at STUBS, 0x93, 0
        segment_at 0x20000, 0x93, 0
        segment_at 0x20010, 0x93, 0
        segment_at 0x20020, 0x93, 0
        segment_at 0x1fff0, 0x93, 0
        segment_at TSS, 0x89, 0
gdt_end:
rom_gdtr:
        dw      gdt_end - gdt - 1
        dd      gdt
ram_gdtr:
        dw      gdt_end - gdt - 1
        dd      GDT
ram_idtr:
        dw      32 * 8 - 1
        dd      IDT

        times   0xfff0 - ($ - $$) db 0
        bits    16
        jmp     (ROM >> 4):start16 - $$
        times   0x10000 - ($ - $$) db 0
