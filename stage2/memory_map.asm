; The firmware's memory map: INT 15h, AX=E820h (ACPI specification, "INT 15H, E820H - Query System
; Address Map").

SMAP                    equ 0x534d4150  ; 'SMAP'
RANGE_BYTES_ACPI1       equ 20          ; without the extended attributes
RANGE_VALID             equ 1           ; attribute; clear: ignore the entry
MEMORY_MAP_CALLS        equ 4 * MEMORY_MAP_MAX  ; some BIOSes never say that it's over
MEMORY_MAP_SEGMENT      equ MEMORY_MAP >> 4
CONVENTIONAL_KB         equ LOW_MEMORY_END / KB

        section .bss
memory_map_entries:     resd 1
memory_usable:          resd 2          ; sum of the usable ranges
        section .text
        bits    16

; Reads the memory map to MEMORY_MAP and prints a summary. Clobbers general registers.
memory_map_read:
        int     0x12                    ; "Get Conventional Memory Size": AX = KB below the EBDA
        cmp     ax, CONVENTIONAL_KB
        fail_if b, text_no_low_memory

        mov     ax, MEMORY_MAP_SEGMENT
        mov     es, ax
        xor     di, di
        xor     ebx, ebx                ; where to go on; the BIOS's own count
        mov     bp, MEMORY_MAP_CALLS
.range:
        mov     eax, 0xe820
        mov     edx, SMAP
        mov     ecx, RANGE_SIZE
        mov     dword [es:di + RANGE_ATTRIBUTES], RANGE_VALID   ; in case 20 bytes are returned
        push    bp
        push    di
        int     0x15
        pop     di
        pop     bp
        jc      .end                    ; after the last range, or not supported at all
        cmp     eax, SMAP
        fail_if ne, text_no_memory_map
        call    .take
        test    ebx, ebx
        jz      .end
        cmp     di, MEMORY_MAP_MAX * RANGE_SIZE
        je      .full
        dec     bp
        jnz     .range
        jmp     .end
.full:
        mov     si, text_memory_map_full
        call    print
.end:
        xor     ax, ax
        mov     es, ax
        cmp     dword [memory_map_entries], 0
        fail_if e, text_no_memory_map
        mov     si, text_memory
        call    print
        mov     eax, [memory_map_entries]
        call    print_number
        mov     si, text_memory_ranges
        call    print
        mov     eax, [memory_usable]
        mov     edx, [memory_usable + 4]
        shrd    eax, edx, 20            ; megabytes
        call    print_number
        mov     si, text_memory_usable
        jmp     print

; Keeps the range at ES:DI, unless it says nothing. In: ECX = its length as returned. Clobbers EAX.
.take:
        cmp     ecx, RANGE_BYTES_ACPI1
        jb      .skip
        je      .without_attributes
        test    byte [es:di + RANGE_ATTRIBUTES], RANGE_VALID
        jz      .skip
        jmp     .empty
.without_attributes:
        mov     dword [es:di + RANGE_ATTRIBUTES], RANGE_VALID
.empty:
        mov     eax, [es:di + RANGE_BYTES]
        or      eax, [es:di + RANGE_BYTES + 4]
        jz      .skip
        cmp     dword [es:di + RANGE_KIND], MEMORY_USABLE
        jne     .keep
        mov     eax, [es:di + RANGE_BYTES]
        add     [memory_usable], eax
        mov     eax, [es:di + RANGE_BYTES + 4]
        adc     [memory_usable + 4], eax
.keep:
        add     di, RANGE_SIZE
        inc     dword [memory_map_entries]
.skip:
        ret

; Is all of [EAX, EDX] usable memory? The map need not be sorted, a range may continue in another
; entry, and what another kind of entry covers, too, is not usable.
; Out: CF clear if so. Clobbers EAX, EBX, ECX, SI, DI.
range_usable:
        push    es
        mov     bx, MEMORY_MAP_SEGMENT
        mov     es, bx

        call    .first
.other:
        cmp     dword [es:di + RANGE_KIND], MEMORY_USABLE
        je      .next_other
        cmp     ebx, edx
        ja      .next_other
        cmp     ecx, eax
        jae     .no                     ; overlaps
.next_other:
        call    .next
        jnc     .other

.walk:                                  ; find the entry that holds EAX, go on behind its end
        call    .first
.usable:
        cmp     dword [es:di + RANGE_KIND], MEMORY_USABLE
        jne     .next_usable
        cmp     ebx, eax
        ja      .next_usable
        cmp     ecx, eax
        jb      .next_usable
        cmp     ecx, edx
        jae     .yes
        lea     eax, [ecx + 1]
        jmp     .walk
.next_usable:
        call    .next
        jnc     .usable
.no:
        pop     es
        stc
        ret
.yes:
        pop     es
        clc
        ret

; Walks over the map's ranges below 4 GB, .first from the start. Between calls: DI = entry,
; SI = entries left behind it. Out: EBX = first and ECX = last address of the part below 4 GB;
; CF set if there are no more.
.first:
        mov     si, [memory_map_entries]
        mov     di, -RANGE_SIZE
.next:
        sub     si, 1
        jc      .none
        add     di, RANGE_SIZE
        cmp     dword [es:di + RANGE_START + 4], 0
        jne     .next
        mov     ebx, [es:di + RANGE_START]
        mov     ecx, ebx                ; last = start + (bytes - 1), not above FFFFFFFFh
        push    eax
        push    edx
        mov     eax, [es:di + RANGE_BYTES]
        mov     edx, [es:di + RANGE_BYTES + 4]
        sub     eax, 1
        sbb     edx, 0
        add     ecx, eax
        adc     edx, 0
        pop     edx                     ; leaves ZF alone
        pop     eax
        jz      .below
        mov     ecx, 0xffffffff
.below:
        clc
.none:
        ret
