; All ways in which memory is touched for the first time. In its first life the guest fills its memory with a pattern and
; resets the computer. In the second one each large page is touched by something else first, and must hold zeros then but for
; what that put there.

%include "bzimage.inc"
%include "lib/mode.inc"
%include "lib/lapic_registers.inc"

LARGE_PAGE      equ 2 << 20
%define page(number) ((number) * LARGE_PAGE)
FIRST_PAGE      equ 2                   ; those below hold code, stack and page tables
PAGES           equ 32
PATTERN         equ 0xa5a5a5a5

CMOS            equ 0x70
CMOS_LIVES      equ 0x40                ; a byte of CMOS RAM that no reset changes
RESET           equ 0xcf9
FW_CFG          equ 0x510
FW_CFG_DMA      equ 0x518               ; the lower half: the command begins
FW_CFG_SELECT_AND_READ equ 0x0a         ; item 0, the signature
KVM_SYSTEM_TIME equ 0x4b564d01
CLOCK_MULTIPLIER equ 24                 ; in the clock's structure
CLOCK_BYTES     equ 32
AVX_AND_XSAVE   equ 1 << 28 | 1 << 26   ; CPUID leaf 1, ECX
CR4_OSFXSR      equ 1 << 9
CR4_OSXSAVE     equ 1 << 18
XCR0_X87        equ 1
XCR0_AVX        equ 7

; holds VALUE, ADDRESS, BYTES, NAME: the page of ADDRESS is zero but for BYTES bytes there, and four of them are VALUE.
%macro holds 4
        mov     esi, %2
        mov     ecx, %3
        call    rest
        mov     esi, %2
        or      eax, [rsi]
        equals  %1, %4
%endmacro

        mode    32
        call    set_up
        call    to_64_bit
        mode    64
        mov     al, CMOS_LIVES
        out     CMOS, al
        in      al, CMOS + 1
        test    al, al
        jnz     second_life
        inc     eax
        out     CMOS + 1, al
        mov     edi, page(FIRST_PAGE)
        mov     ecx, (PAGES - FIRST_PAGE) * (LARGE_PAGE / 4)
        mov     eax, PATTERN
        rep     stosd
        mov     edx, RESET
        mov     al, 6
        out     dx, al
        jmp     $

second_life:
        mov     eax, [abs page(2) + 0x1234]
        equals  0, "a load"
        mov     byte [abs page(3) + 5], 1
        holds   1, page(3) + 5, 4, "a store"
        mov     dword [abs page(5) - 2], 0x44332211
        holds   0x44332211, page(5) - 2, 2, "a store across pages, the first"
        holds   0x4433, page(5), 4, "a store across pages, the second"
        xor     eax, eax
        mov     ecx, 7
        lock cmpxchg [abs page(6)], ecx
        holds   7, page(6), 4, "a locked instruction"
        mov     esi, page(7)
        mov     edi, page(8)
        mov     ecx, LARGE_PAGE / 4
        rep     movsd
        holds   0, page(8), 4, "a string instruction"

        mov     edx, FW_CFG
        xor     eax, eax
        out     dx, ax
        inc     edx
        mov     edi, page(9)
        mov     ecx, 4
        rep     insb
        holds   "QEMU", page(9), 4, "input"
        mov     edx, FW_CFG
        xor     eax, eax
        out     dx, ax
        inc     edx
        mov     edi, page(11) - 2
        mov     ecx, 4
        rep     insb
        holds   "QEMU", page(11) - 2, 2, "input across pages, the first"
        holds   "MU", page(11), 4, "input across pages, the second"
        mov     dword [abs page(12)], FW_CFG_SELECT_AND_READ << 24  ; all numbers: the first byte first
        mov     eax, 4
        bswap   eax
        mov     [abs page(12) + 4], eax
        mov     eax, page(13) + 8
        bswap   eax
        mov     [abs page(12) + 12], eax
        mov     edx, FW_CFG_DMA
        mov     eax, page(12)
        bswap   eax
        out     dx, eax
        holds   "QEMU", page(13) + 8, 4, "a device's access"
        mov     eax, page(14) + 1
        xor     edx, edx
        mov     ecx, KVM_SYSTEM_TIME
        wrmsr
        mov     esi, page(14)
        mov     ecx, CLOCK_BYTES
        call    rest
        equals  0, "beside the clock's page"
        mov     eax, [abs page(14) + CLOCK_MULTIPLIER]
        test    eax, eax
        check   nz, "the clock's page"

        mov     esp, page(16)
        forget
        int3
        mov     esp, STACK
        logged  "an exception's stack", BREAKPOINT
        mov     esp, page(17)
        forget
        int     0x31
        mov     esp, STACK
        logged  "INT n: its stack", 0x31
        call    lapic_on_64
        mov     esp, page(18)
        forget
        sti
        ipi     0x41
        nop
        cli
        mov     esp, STACK
        logged  "an interrupt's stack", 0x41

        mov     dword [abs PAGE_TABLES + 0x1000 + 8 * 4], page(19) + 3  ; the page directory for 4 GiB
        mov     eax, 1 << 31
        add     rax, rax
        try     mov eax, [rax]
        faults  PF, "page tables"
        holds   0, page(19), 4, "page tables, read by the processor"
        mov     byte [abs page(21) - 1], 0xf3                       ; REP, in front of nothing yet
        mov     byte [abs page(22)], 0xc3                           ; RET
        mov     eax, page(23)
        call    run
        equals  page(23), "zeros are executed: ADD [RAX], AL"
        holds   0, page(23), 4, "zeros, executed"

        ; Whoever stores the zeros does it by registers that are the guest's.
        mov     eax, 1
        cpuid
        and     ecx, AVX_AND_XSAVE
        mov     eax, ecx
        equals  AVX_AND_XSAVE, "AVX and XSAVE"
        mov     rax, cr4
        or      eax, CR4_OSFXSR | CR4_OSXSAVE
        mov     cr4, rax
        mov     eax, XCR0_AVX
        call    set_xcr0
        vmovdqu ymm0, [numbers]
        or      byte [abs page(24)], 0
        vmovdqu [found], ymm0
        call    compare
        equals  0, "YMM0"
        mov     eax, XCR0_X87                           ; what is off is kept
        call    set_xcr0
        or      byte [abs page(25)], 0
        xor     ecx, ecx
        xgetbv
        equals  XCR0_X87, "XCR0"
        mov     eax, XCR0_AVX
        call    set_xcr0
        vmovdqu [found], ymm0
        call    compare
        equals  0, "YMM0 while XCR0 has it off"
        jmp     finish_64

set_xcr0:
        xor     ecx, ecx
        xor     edx, edx
        xsetbv
        ret

; EAX is zero if [found] is [numbers]; it is cleared for the next time.
compare:
        lea     rsi, [numbers]
        lea     rdi, [found]
        mov     ecx, 32
        repe    cmpsb
        setne   al
        movzx   eax, al
        lea     rdi, [found]
        push    rax
        mov     ecx, 32
        xor     eax, eax
        rep     stosb
        pop     rax
        ret

numbers: dq     0x0123456789abcdef, 0xfedcba9876543210, 0x1122334455667788, 0x99aabbccddeeff00
found:  times 4 dq 0

; Executes what lies before a large page's end, the next page, which nobody touched, and the RET behind it.
run:    mov     ecx, page(21) - 1
        jmp     rcx

; EAX is zero if the large page of ESI is zero but for the ECX bytes there.
rest:   lea     rbx, [rsi + rcx]
        mov     edi, esi
        and     edi, -LARGE_PAGE
        mov     ecx, esi
        sub     ecx, edi
        xor     eax, eax
        repe    scasb
        jne     .dirty
        mov     edi, ebx
        mov     ecx, ebx
        neg     ecx
        and     ecx, LARGE_PAGE - 1
        cmp     eax, eax                ; for none at all
        repe    scasb
        je      .clean
.dirty: mov     eax, [rdi - 1]
        or      eax, 1
.clean: ret

guest_name: db  "first-touch", 0
%include "lib/all.inc"
        bzimage_end
