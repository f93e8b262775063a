; The image header, and stage 2 itself: are they what was built?

FLAGS_KNOWN         equ FLAG_START_WITH_A20_OFF
MEGABYTE            equ 0x100000
SECTOR_SHIFT        equ 9
%if SECTOR != 1 << SECTOR_SHIFT
%error "SECTOR_SHIFT does not match SECTOR"
%endif

        section .text
        bits    16

; Checks the image header by itself. Returns only if it is sound. Clobbers general registers.
header_verify:
        cmp     dword [HEADER_ADDRESS], IMAGE_MAGIC_LOW
        fail_if ne, text_header_magic
        cmp     dword [HEADER_ADDRESS + 4], IMAGE_MAGIC_HIGH
        fail_if ne, text_header_magic

        xor     eax, eax                ; the checksum covers the sector with its own field zero
        xchg    eax, [HEADER_ADDRESS + HEADER_CHECKSUM]
        push    eax
        xor     eax, eax
        mov     esi, HEADER_ADDRESS
        mov     ecx, SECTOR
        call    checksum
        pop     edx
        mov     [HEADER_ADDRESS + HEADER_CHECKSUM], edx
        cmp     eax, edx
        fail_if ne, text_header_checksum

        cmp     dword [HEADER_ADDRESS + HEADER_VERSION], IMAGE_VERSION
        fail_if ne, text_header_version
        test    dword [HEADER_ADDRESS + HEADER_FLAGS], ~FLAGS_KNOWN
        fail_if nz, text_header_flags
        ret

; Checks stage 2's own checksum; nothing in its file has been written to. Clobbers general registers.
stage2_verify:
        mov     bx, HEADER_ADDRESS + HEADER_STAGE2
        mov     ecx, [bx + PART_BYTES]
        cmp     ecx, VARIABLES - STAGE2_ADDRESS
        fail_if a, text_header_contents
        mov     esi, STAGE2_ADDRESS
        xor     eax, eax
        push    bx
        call    checksum
        pop     bx
        cmp     eax, [bx + PART_CHECKSUM]
        jne     fail_checksum
        ret

; Checks that a part lies in the image, and that the machine has the memory for it.
; In: BX = part. Returns only if so. Clobbers EAX, ECX, EDX, SI, DI.
part_check:
        mov     eax, [bx + PART_BYTES]
        cmp     eax, [bx + PART_MEMORY]
        fail_if a, text_header_contents
        call    part_sectors
        add     eax, [bx + PART_SECTOR]
        fail_if c, text_header_contents
        cmp     eax, [HEADER_ADDRESS + HEADER_SECTORS]
        fail_if a, text_header_contents

        call    part_range
        fail_if c, text_header_contents
        cmp     eax, MEGABYTE           ; the low memory map above is all that fits there
        fail_if b, text_header_contents
        mov     ecx, [bx + PART_ENTRY]
        jecxz   .no_code
        cmp     ecx, eax
        fail_if b, text_header_contents
        cmp     ecx, edx
        fail_if a, text_header_contents
.no_code:
        push    bx
        call    range_usable
        pop     bx
        jc      .no_memory
        ret

.no_memory:
        call    fail_begin
        mov     si, text_no_memory
        call    print
        call    part_print_name
        mov     si, text_no_memory_from
        call    print
        mov     eax, [bx + PART_ADDRESS]
        call    print_kilobytes
        mov     si, text_no_memory_length
        call    print
        mov     eax, [bx + PART_MEMORY]
        call    print_kilobytes
        mov     si, text_no_memory_advice
        jmp     fail_end

; Checks that stage 3 and the bundle don't overlap. Clobbers EAX, EDX, EDI, ESI, BX.
parts_check_overlap:
        mov     bx, HEADER_ADDRESS + HEADER_STAGE3
        call    part_range
        mov     esi, eax
        mov     edi, edx
        mov     bx, HEADER_ADDRESS + HEADER_BUNDLE
        call    part_range
        cmp     eax, edi
        ja      .apart
        cmp     edx, esi
        fail_if ae, text_header_contents
.apart:
        ret

; In: BX = part. Out: EAX = its first and EDX = its last address; CF set if it has none below 4 GB.
part_range:
        mov     eax, [bx + PART_ADDRESS]
        mov     edx, [bx + PART_MEMORY]
        sub     edx, 1
        jc      .done
        add     edx, eax
.done:
        ret

; In: BX = part. Out: EAX = its length in sectors.
part_sectors:
        mov     eax, [bx + PART_BYTES]
        dec     eax                     ; rounding up this way can't overflow; an empty part becomes
        shr     eax, SECTOR_SHIFT       ; so long that part_check refuses it
        inc     eax
        ret

; Prints a part's name. In: BX = part. Clobbers AL, CX, SI.
part_print_name:
        lea     si, [bx + PART_NAME]
        mov     cx, PART_SECTOR - PART_NAME
.character:
        lodsb
        test    al, al
        jz      .done
        call    put_char
        loop    .character
.done:
        ret

; Prints bytes as kilobytes, rounded up. In: EAX, not 0. Clobbers EAX, SI.
print_kilobytes:
        dec     eax
        shr     eax, 10
        inc     eax
        call    print_number
        mov     si, text_kilobytes
        jmp     print

; Stops because of a part's checksum. In: BX = part.
fail_checksum:
        call    fail_begin
        mov     si, text_checksum_of
        call    print
        call    part_print_name
        mov     si, text_checksum_wrong
        jmp     fail_end
