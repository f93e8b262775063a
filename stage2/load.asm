; Loading a part of the image: sectors to the bounce buffer below 1 MB, which is all that the BIOS
; reaches, and from there to their place above.

PROGRESS_DOTS           equ 16
CHECKSUM_PIECE          equ 0x40000     ; interrupts are held off for so many bytes

        section .bss
load_sector:            resd 1          ; next sector to read
load_sectors_left:      resd 1
load_bytes_left:        resd 1
load_address:           resd 1          ; where the next byte goes
load_progress:          resd 1          ; sectors done * PROGRESS_DOTS, less those shown
        section .text
        bits    16

; Loads a part and verifies it in place. In: BX = part. Returns only if its checksum is right.
; Clobbers general registers.
part_load:
        mov     si, text_loading
        call    print
        call    part_print_name
        mov     al, ' '
        call    put_char
        mov     eax, [bx + PART_BYTES]
        mov     [load_bytes_left], eax
        call    print_kilobytes
        mov     al, ' '
        call    put_char
        mov     eax, [bx + PART_SECTOR]
        mov     [load_sector], eax
        mov     eax, [bx + PART_ADDRESS]
        mov     [load_address], eax
        call    part_sectors
        mov     [load_sectors_left], eax
        mov     dword [load_progress], 0

        push    bx
.piece:
        mov     eax, [load_sector]
        mov     ecx, [load_sectors_left]
        call    disk_read
        add     [load_sector], ecx
        sub     [load_sectors_left], ecx
        pop     bx
        push    bx
        call    part_progress
        call    part_copy
        cmp     dword [load_sectors_left], 0
        jne     .piece
        pop     bx

        mov     ecx, [bx + PART_MEMORY]
        sub     ecx, [bx + PART_BYTES]
        call    memory_clear
        call    part_checksum
        cmp     eax, [bx + PART_CHECKSUM]
        jne     fail_checksum
        mov     si, text_ok
        jmp     print

; Shows a dot for each 1/PROGRESS_DOTS of a part. In: BX = part, ECX = sectors just read.
; Clobbers EAX, EDX.
part_progress:
        mov     eax, ecx
        imul    eax, PROGRESS_DOTS
        add     [load_progress], eax
        call    part_sectors
        mov     edx, eax
.dot:
        cmp     [load_progress], edx
        jb      .done
        sub     [load_progress], edx
        mov     al, '.'
        call    put_char
        jmp     .dot
.done:
        ret

; Copies what was read from the bounce buffer to load_address, without the padding of the last sector.
; In: ECX = sectors. Clobbers EAX, EBX, ECX, ESI, EDI.
part_copy:
        shl     ecx, SECTOR_SHIFT
        cmp     ecx, [load_bytes_left]
        jbe     .whole
        mov     ecx, [load_bytes_left]
.whole:
        sub     [load_bytes_left], ecx
        call    unreal_enter
        mov     esi, BOUNCE
        mov     edi, [load_address]
        mov     ebx, ecx
        shr     ecx, 2
        a32 rep movsd
        mov     ecx, ebx
        and     ecx, 3
        a32 rep movsb
        mov     [load_address], edi
        sti
        ret

; Fills with zeros from load_address on. In: ECX = bytes. Clobbers EAX, ECX, EDX, EDI.
memory_clear:
        push    bx
        call    unreal_enter
        mov     edi, [load_address]
        mov     edx, ecx
        xor     eax, eax
        shr     ecx, 2
        a32 rep stosd
        mov     ecx, edx
        and     ecx, 3
        a32 rep stosb
        sti
        pop     bx
        ret

; Computes a part's checksum where it was loaded, when it is all there: that finds what reading
; alone would not, like pieces that fell onto each other.
; In: BX = part. Out: EAX. Clobbers ECX, EDX, ESI, EDI, EBP.
part_checksum:
        push    bx
        mov     ebp, [bx + PART_BYTES]
        mov     esi, [bx + PART_ADDRESS]
        xor     edx, edx
.piece:
        mov     ecx, CHECKSUM_PIECE
        cmp     ecx, ebp
        jbe     .fits
        mov     ecx, ebp
.fits:
        sub     ebp, ecx
        call    unreal_enter
        mov     eax, edx
        call    checksum
        sti
        mov     edx, eax
        test    ebp, ebp
        jnz     .piece
        pop     bx
        ret
