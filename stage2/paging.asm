; The page tables: an identity map of the first 4 GB in 2 MB pages (SDM, "4-Level Paging"; APM
; volume 2, "Long-Mode Page Translation").
;
;   PML4, 1 entry        each covers 512 GB
;     └─ PDPT, 4 entries         each covers 1 GB
;          └─ 4 page directories, 512 entries each      each maps 2 MB
;
; The tables lie one behind the other, so a table's entries are the addresses of the following
; pages, a page apart; and the four directories together are one array of 2,048 entries, each
; 2 MB further. So all three levels are the same loop.

PAGE_PRESENT            equ 1 << 0
PAGE_WRITABLE           equ 1 << 1
PAGE_LARGE              equ 1 << 7      ; in a directory: maps 2 MB itself
LARGE_PAGE              equ 2 * KB * KB
GIGABYTES               equ 4

PAGING_PML4             equ PAGE_TABLES
PAGING_PDPT             equ PAGING_PML4 + PAGE
PAGING_DIRECTORIES      equ PAGING_PDPT + PAGE
PAGING_END              equ PAGING_DIRECTORIES + GIGABYTES * PAGE
%if PAGING_END > BOUNCE
%error "the page tables do not fit"
%endif

        section .text
        bits    16

; Builds the tables. Clobbers EAX, EBX, ECX, EDX, EDI.
paging_build:
        call    unreal_enter            ; the tables are beyond 64 KB

        mov     edi, PAGE_TABLES        ; what isn't set below is "not present"
        mov     ecx, (PAGING_END - PAGE_TABLES) / 4
        xor     eax, eax
        a32 rep stosd

        mov     edi, PAGING_PML4
        mov     eax, PAGING_PDPT | PAGE_PRESENT | PAGE_WRITABLE
        mov     ecx, 1
        mov     edx, PAGE
        call    .entries

        mov     edi, PAGING_PDPT
        mov     eax, PAGING_DIRECTORIES | PAGE_PRESENT | PAGE_WRITABLE
        mov     ecx, GIGABYTES
        mov     edx, PAGE
        call    .entries

        mov     edi, PAGING_DIRECTORIES
        mov     eax, 0 | PAGE_PRESENT | PAGE_WRITABLE | PAGE_LARGE
        mov     ecx, GIGABYTES * 512
        mov     edx, LARGE_PAGE
        call    .entries
        sti
        ret

; Writes entries. In: EDI = table, EAX = first entry, EDX = step to the next, ECX = how many.
.entries:
        mov     [edi], eax              ; the upper half is zero: everything is below 4 GB
        add     edi, 8
        add     eax, edx
        dec     ecx
        jnz     .entries
        ret
