; Unpacks stage 3: LZMA (Igor Pavlov, "LZMA specification"), without the header of .lzma files and always
; with lc = 3, lp = 0 and pb = 0. xtask/src/pack.rs is the other side.
;
; The packed bytes move to the end of the part's memory. What they stand for grows in its middle: so far
; behind its start that all of it has room before it, where join.asm puts it together.
; While this runs,
;
;   RSI = the next packed byte              RDI = where the next unpacked byte goes
;   R8D = the range decoder's range         R9D = its code
;   R12D to R15D = the distances of the last four matches, the latest first
;   EBP = the state: what the last few packets were, 0 to 11; below 7 the last one was a literal

LZMA_LITERAL_CONTEXT    equ 3           ; lc: so many bits of the byte before choose the probabilities
LZMA_ALIGN_BITS         equ 4           ; low bits of a long distance that have probabilities
LZMA_SHORTEST_MATCH     equ 2
LZMA_AFTER_MATCH        equ 7           ; states from here on
LZMA_ONE                equ 2048
LZMA_RATE               equ 5           ; how slowly probabilities learn

; The probabilities that a bit is 0, as parts of LZMA_ONE. They lie where sectors were read to.
        absolute BOUNCE
lzma_is_match:          resw 12
lzma_is_repeated:       resw 12
lzma_is_not_first:      resw 12
lzma_is_not_second:     resw 12
lzma_is_fourth:         resw 12
lzma_is_long:           resw 12
lzma_slot:              resw 4 * 64
lzma_distance_bits:     resw 115
lzma_align:             resw 1 << LZMA_ALIGN_BITS
lzma_length_bits:       resw 2 + 8 + 8 + 256
lzma_repeated_length:   resw 2 + 8 + 8 + 256
lzma_literals:          resw 0x300 << LZMA_LITERAL_CONTEXT
lzma_end:
%if lzma_end - lzma_is_match > BOUNCE_END - BOUNCE
%error "the probabilities do not fit"
%endif

        section .bss
unpack_start:           resd 1
unpack_end:             resd 1
        section .text
        bits    64

; Unpacks stage 3 where it was loaded, and fills the rest of its memory with zeros. Returns only if what was packed
; makes sense. Clobbers all registers.
stage3_unpack:
        mov     edi, BOUNCE
        mov     ecx, (lzma_end - lzma_is_match) / 2
        mov     ax, LZMA_ONE / 2
        rep     stosw

        mov     eax, [HEADER_ADDRESS + HEADER_STAGE3 + PART_ADDRESS]
        mov     ecx, [HEADER_ADDRESS + HEADER_STAGE3 + PART_BYTES]
        lea     esi, [rax + rcx - 1]
        mov     edi, [HEADER_ADDRESS + HEADER_STAGE3 + PART_MEMORY]
        lea     edi, [rax + rdi - 1]
        std
        rep     movsb
        cld
        lea     esi, [rdi + 1]
        mov     ecx, [HEADER_ADDRESS + HEADER_STAGE3_UNPACKED]
        lea     edi, [rax + rcx]
        mov     [unpack_start], edi
        add     ecx, edi
        cmp     ecx, esi
        ja      .senseless
        mov     [unpack_end], ecx

        inc     esi                     ; the first byte is always 0
        lodsd
        bswap   eax
        mov     r9d, eax
        mov     r8d, 0xffffffff
        xor     ebp, ebp
        mov     r12d, 1
        mov     r13d, r12d
        mov     r14d, r12d
        mov     r15d, r12d

.packet:
        cmp     edi, [unpack_end]
        jae     .complete
        mov     r10d, ebp
        mov     ebx, lzma_is_match
        call    lzma_bit
        jc      .match
        call    lzma_literal
        jmp     .packet

.match:
        mov     ebx, lzma_is_repeated
        call    lzma_bit
        jc      .repeated
        mov     r15d, r14d
        mov     r14d, r13d
        mov     r13d, r12d
        mov     ebx, lzma_length_bits
        call    lzma_length
        call    lzma_distance
        mov     eax, LZMA_AFTER_MATCH
        jmp     .copy

.repeated:
        mov     ebx, lzma_is_not_first
        call    lzma_bit
        jc      .not_first
        mov     ebx, lzma_is_long
        call    lzma_bit
        jc      .first
        mov     r10d, 1
        mov     eax, LZMA_AFTER_MATCH + 2
        jmp     .copy
.not_first:
        mov     ebx, lzma_is_not_second
        call    lzma_bit
        jnc     .second
        mov     ebx, lzma_is_fourth
        call    lzma_bit
        jnc     .third
        xchg    r15d, r14d
.third:
        xchg    r14d, r13d
.second:
        xchg    r13d, r12d
.first:
        mov     ebx, lzma_repeated_length
        call    lzma_length
        mov     eax, LZMA_AFTER_MATCH + 1

; R10D = length, EAX = the next state if the packet before was a literal.
.copy:
        cmp     ebp, LZMA_AFTER_MATCH
        mov     ebp, eax
        jb      .state
        mov     ebp, 11
        cmp     eax, LZMA_AFTER_MATCH
        jne     .state
        mov     ebp, 10
.state:
        mov     eax, [unpack_end]
        sub     eax, edi
        cmp     r10d, eax
        ja      .senseless
        mov     eax, edi
        sub     eax, [unpack_start]
        lea     ecx, [r12 - 1]
        cmp     ecx, eax
        jae     .senseless
        mov     ecx, r10d
        mov     edx, esi
        mov     esi, edi
        sub     esi, r12d
        rep     movsb
        mov     esi, edx
        jmp     .packet

.complete:
        call    lzma_normalize
        test    r9d, r9d                ; the coder ends so
        jnz     .senseless
        call    stage3_join             ; to [unpack_start]
        jc      .senseless
        mov     ecx, [HEADER_ADDRESS + HEADER_STAGE3 + PART_MEMORY]
        sub     ecx, [HEADER_ADDRESS + HEADER_STAGE3_UNPACKED]
        xor     eax, eax
        rep     stosb
        ret

.senseless:
        mov     esi, text_unpack_failed
        jmp     fail64

; Decodes a byte. Clobbers RAX, RBX, RCX, RDX, R10, R11.
lzma_literal:
        xor     ebx, ebx                ; before the first byte there is a 0
        cmp     edi, [unpack_start]
        je      .context
        mov     bl, [rdi - 1]
.context:
        shr     ebx, 8 - LZMA_LITERAL_CONTEXT
        imul    ebx, ebx, 0x300 * 2
        add     ebx, lzma_literals
        mov     r10d, 1                 ; the bits so far, behind a 1
        cmp     ebp, LZMA_AFTER_MATCH
        jb      .plain

; The byte that would have prolonged the match is probably another one: its bits choose the probabilities until one differs.
        mov     eax, edi
        sub     eax, r12d
        movzx   eax, byte [rax]
        mov     r11d, ebx
.expected:
        shl     eax, 1
        mov     ebx, eax
        and     ebx, 0x100
        lea     ebx, [r11 + rbx * 2 + 0x100 * 2]
        call    lzma_bit
        adc     r10d, r10d
        mov     edx, eax
        shr     edx, 8
        xor     edx, r10d
        test    r10d, 0x100
        jnz     .store
        test    dl, 1
        jz      .expected
        mov     ebx, r11d
.plain:
        mov     r11d, 0x100
        call    lzma_tree.more
.store:
        mov     al, r10b
        stosb

        mov     eax, ebp                ; the next state: 0 to 3 become 0, 4 to 9 three less, 10 and 11 six less
        sub     eax, 3
        cmp     ebp, 10
        jb      .state
        sub     eax, 3
.state:
        xor     ebp, ebp
        test    eax, eax
        cmovg   ebp, eax
        ret

; Decodes the length of a match. In: EBX = its probabilities. Out: R10D. Clobbers RAX, RBX, RCX, RDX, R11.
lzma_length:
        xor     r10d, r10d
        mov     r11d, 8
        call    lzma_bit
        mov     eax, LZMA_SHORTEST_MATCH - 8
        lea     ebx, [rbx + 2 * 2]
        jnc     .tree
        sub     ebx, 1 * 2
        call    lzma_bit
        mov     eax, LZMA_SHORTEST_MATCH
        lea     ebx, [rbx + (1 + 8) * 2]
        jnc     .tree
        add     ebx, 8 * 2
        mov     eax, LZMA_SHORTEST_MATCH + 8 + 8 - 256
        mov     r11d, 256
.tree:
        call    lzma_tree
        add     r10d, eax
        ret

; Decodes the distance of a match. In: R10D = its length, which stays. Out: R12D. Clobbers RAX, RBX, RCX, RDX, R11.
lzma_distance:
        push    r10
        lea     ebx, [r10 - LZMA_SHORTEST_MATCH]
        cmp     ebx, 3
        jbe     .slot
        mov     ebx, 3
.slot:
        shl     ebx, 6 + 1
        add     ebx, lzma_slot
        mov     r11d, 64
        call    lzma_tree
        sub     r10d, r11d
        mov     r12d, r10d
        cmp     r10d, 4
        jb      .done

        mov     ecx, r10d               ; the slot tells the two highest bits, and how many follow
        shr     ecx, 1
        dec     ecx
        and     r12d, 1
        or      r12d, 2
        cmp     r10d, 14
        jae     .long
        mov     ebx, r12d
        shl     ebx, cl
        sub     ebx, r10d
        lea     ebx, [rbx * 2 + lzma_distance_bits]
        jmp     .low

.long:
        sub     ecx, LZMA_ALIGN_BITS
.middle:                                ; both values of such a bit are equally likely
        call    lzma_normalize
        shr     r8d, 1
        cmp     r9d, r8d
        jb      .zero
        sub     r9d, r8d
.zero:
        cmc
        adc     r12d, r12d
        dec     ecx
        jnz     .middle
        mov     ecx, LZMA_ALIGN_BITS
        mov     ebx, lzma_align

; A tree of ECX bits, the lowest first.
.low:
        shl     r12d, cl
        mov     r11d, 1
        shl     r11d, cl
        mov     r10d, 1
        mov     eax, 1
.low_bit:
        call    lzma_bit
        jnc     .low_zero
        or      r12d, eax
        stc
.low_zero:
        adc     r10d, r10d
        shl     eax, 1
        cmp     eax, r11d
        jb      .low_bit
.done:
        inc     r12d
        pop     r10
        ret

; Decodes a tree of bits, the highest first. In: EBX = its probabilities, R11D = how many leaves it has. Out: R10D = the
; leaf's number + R11D. Clobbers RCX, RDX.
lzma_tree:
        mov     r10d, 1
.more:
        call    lzma_bit
        adc     r10d, r10d
        cmp     r10d, r11d
        jb      .more
        ret

; Decodes a bit. In: EBX = probabilities, R10D = which of them. Out: CF. Clobbers RCX, RDX.
lzma_bit:
        cmp     r8d, 1 << 24
        jae     .full
        call    lzma_shift
.full:
        movzx   ecx, word [rbx + r10 * 2]
        mov     edx, r8d
        shr     edx, 11                 ; LZMA_ONE is 1 << 11
        imul    edx, ecx
        cmp     r9d, edx
        jae     .one
        mov     r8d, edx
        neg     ecx
        add     ecx, LZMA_ONE
        shr     ecx, LZMA_RATE
        add     [rbx + r10 * 2], cx     ; stays below LZMA_ONE: CF is clear
        ret
.one:
        sub     r8d, edx
        sub     r9d, edx
        shr     ecx, LZMA_RATE
        sub     [rbx + r10 * 2], cx
        stc
        ret

; Gives the range decoder another byte if it needs one.
lzma_normalize:
        cmp     r8d, 1 << 24
        jae     lzma_shift.done
lzma_shift:
        shl     r8d, 8
        shl     r9d, 8
        mov     r9b, [rsi]
        inc     rsi
.done:
        ret
