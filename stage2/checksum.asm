; CRC-32 (ISO-HDLC: polynomial EDB88320h, bits reflected, start and end inverted), by "slicing":
; four tables, so that four bytes are four independent look-ups instead of four dependent ones.
; Table k tells what a byte contributes when k more bytes follow it in its group of four.

POLYNOMIAL          equ 0xedb88320
SLICES              equ 4
STEP_SHIFT          equ 4
STEP                equ 1 << STEP_SHIFT ; bytes per turn of the loop
TABLE_SIZE          equ 256 * 4

        section .bss
checksum_tables:        resb SLICES * TABLE_SIZE
        section .text
        bits    16

; Builds the tables. Clobbers EAX, EBX, ECX, EDI.
checksum_init:
        mov     di, checksum_tables
        xor     ebx, ebx
.byte:                                  ; table 0: eight steps of the bitwise division
        mov     eax, ebx
        mov     cx, 8
.bit:
        shr     eax, 1
        jnc     .even
        xor     eax, POLYNOMIAL
.even:
        loop    .bit
        stosd
        inc     bl
        jnz     .byte

        mov     cx, (SLICES - 1) * 256
.next:                                  ; table k+1 is table k, moved on by a zero byte
        mov     eax, [di - TABLE_SIZE]
        movzx   ebx, al
        shr     eax, 8
        xor     eax, [checksum_tables + ebx * 4]
        stosd
        loop    .next
        ret

; fold <register>, <its low byte>, <its second byte>, <result>, <offset>: takes in the four bytes at
; ESI + offset. Clobbers the register and EBX. Two registers take turns, which saves a move.
%macro  fold 5
        xor     %1, [esi + %5]
        movzx   ebx, %2
        mov     %4, [checksum_tables + 3 * TABLE_SIZE + ebx * 4]
        movzx   ebx, %3
        xor     %4, [checksum_tables + 2 * TABLE_SIZE + ebx * 4]
        shr     %1, 16
        movzx   ebx, %2
        xor     %4, [checksum_tables + 1 * TABLE_SIZE + ebx * 4]
        movzx   ebx, %3
        xor     %4, [checksum_tables + 0 * TABLE_SIZE + ebx * 4]
%endmacro

; Checksum of a piece of memory; pieces may be chained.
; In:  EAX = checksum of what precedes, 0 at the start; ESI = address; ECX = bytes.
;      DS reaches them: beyond 64 KB call unreal_enter first.
; Out: EAX, ESI = end. Clobbers EBX, ECX, EDX, EDI.
checksum:
        not     eax
        mov     edi, ecx
        shr     edi, STEP_SHIFT
        jz      .rest
.step:
        fold    eax, al, ah, edx, 0
        fold    edx, dl, dh, eax, 4
        fold    eax, al, ah, edx, 8
        fold    edx, dl, dh, eax, 12
        add     esi, STEP
        dec     edi
        jnz     .step
.rest:
        and     ecx, STEP - 1
        jz      .done
.single:
        movzx   ebx, al
        xor     bl, [esi]
        shr     eax, 8
        xor     eax, [checksum_tables + ebx * 4]
        inc     esi
        dec     ecx
        jnz     .single
.done:
        not     eax
        ret
