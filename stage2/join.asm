; Joins stage 3's code, which is packed as several streams of similar bytes, one behind the other: opcodes, displacements
; and so on (stage3/bundle/src/instructions.rs). It goes through the code as xtask/src/pack/streams.rs did, which divided it.
;
;   RDI = where the next byte of code goes  EBP = no instruction begins behind this
;   EDX = opcode        EBX = ModRM         ECX = what follows the opcode
;   R15D = prefixes of this instruction: JOIN_HALF, JOIN_WIDE
;
; Each stream has a register with the address of its next byte.

%define join_opcodes        rsi
%define join_calls          r8
%define join_immediates8    r9
%define join_displacements8 r10
%define join_jumps32        r11
%define join_jumps8         r12
%define join_displacements32 r13
%define join_immediates32   r14

JOIN_HALF               equ 1           ; 66h
JOIN_WIDE               equ 2           ; REX.W
MODRM_GROUP             equ 0x30        ; of F6h and F7h, the instructions that have no immediate operand

; join_begin <stream's register>, <its number>: it begins at EAX; the next one behind it.
%macro  join_begin 2
        mov     %1d, eax
        add     eax, [HEADER_ADDRESS + HEADER_STAGE3_STREAMS + %2 * 4]
%endmacro

; Takes a byte, or a number of 32 bits, of a stream.
%macro  join_byte 1
        mov     al, [%1]
        inc     %1
        stosb
%endmacro
%macro  join_dword 1
        mov     eax, [%1]
        add     %1, 4
        bswap   eax
        stosd
%endmacro

        section .text
        bits    64
        align   8, db 0
join_operands:
        dq      join_no_operand, join_immediate8, join_immediate32, join_jump8, join_jump32, join_call, join_immediate64
join_one_byte:
        db      INSTRUCTIONS_ONE_BYTE
join_two_bytes:
        db      INSTRUCTIONS_TWO_BYTES

; Joins the code, and copies what is behind it. Out: CF set if the streams are not as long as the code;
; RDI = end. Clobbers all registers.
stage3_join:
        mov     eax, [unpack_start]
        mov     esi, eax
        add     eax, [HEADER_ADDRESS + HEADER_STAGE3_STREAMS + STREAM_OPCODES * 4]
        join_begin join_calls, STREAM_CALLS
        join_begin join_immediates8, STREAM_IMMEDIATES8
        join_begin join_displacements8, STREAM_DISPLACEMENTS8
        join_begin join_jumps32, STREAM_JUMPS32
        join_begin join_jumps8, STREAM_JUMPS8
        join_begin join_displacements32, STREAM_DISPLACEMENTS32
        join_begin join_immediates32, STREAM_IMMEDIATES32

        mov     edi, [HEADER_ADDRESS + HEADER_STAGE3 + PART_ADDRESS]
        mov     ebp, edi
        add     ebp, [HEADER_ADDRESS + HEADER_STAGE3_CODE]
        sub     ebp, INSTRUCTION_LONGEST
join_no_operand:
        xor     r15d, r15d
join_next:
        cmp     edi, ebp
        ja      .last
        mov     ebx, join_one_byte
        call    join_opcode
        cmp     cl, INSTRUCTION_SPECIAL
        jne     .instruction
        cmp     dl, INSTRUCTION_OPERAND_SIZE
        jne     .rex
        or      r15d, JOIN_HALF
.rex:
        and     dl, 0xf8
        cmp     dl, 0x48
        jne     join_next
        or      r15d, JOIN_WIDE
        jmp     join_next

.instruction:
        cmp     dl, INSTRUCTION_ESCAPE
        jne     .one_byte
        mov     ebx, join_two_bytes
        call    join_opcode
.one_byte:
        test    cl, INSTRUCTION_MODRM
        jz      .operand
        movsb
        movzx   ebx, byte [rdi - 1]
        cmp     bl, 0xc0                ; mode 3: a register
        jae     .group
        mov     al, bl
        and     al, 7
        cmp     al, 4
        jne     .no_sib
        movsb
        mov     al, [rdi - 1]
        and     al, 7
.no_sib:
        test    bl, 0xc0                ; mode
        js      .displacement32
        jnz     .displacement8
        cmp     al, 5
        jne     .group
.displacement32:
        join_dword join_displacements32
        jmp     .group
.displacement8:
        join_byte join_displacements8
.group:
        and     ecx, INSTRUCTION_OPERAND
        cmp     cl, INSTRUCTION_SPECIAL
        jne     .operand
        xor     ecx, ecx
        test    bl, MODRM_GROUP
        jnz     .operand
        mov     cl, INSTRUCTION_IMMEDIATE8
        test    dl, 1
        jz      .operand
        mov     cl, INSTRUCTION_IMMEDIATE32
.operand:
        and     ecx, INSTRUCTION_OPERAND
        jmp     [join_operands + rcx * 4]

.last:
        lea     ecx, [rbp + INSTRUCTION_LONGEST]
        sub     ecx, edi
        rep     movsb
        mov     eax, [unpack_start]
        add     eax, [HEADER_ADDRESS + HEADER_STAGE3_STREAMS + STREAM_OPCODES * 4]
        cmp     esi, eax
        jne     .wrong
        mov     esi, [unpack_start]
        add     esi, [HEADER_ADDRESS + HEADER_STAGE3_CODE]
        mov     ecx, [unpack_end]
        sub     ecx, esi
        rep     movsb
        clc
        ret
.wrong:
        stc
        ret

join_immediate8:
        join_byte join_immediates8
        jmp     join_no_operand
join_jump8:
        join_byte join_jumps8
        jmp     join_no_operand
join_jump32:
        join_dword join_jumps32
        jmp     join_no_operand
join_immediate64:
        test    r15b, JOIN_WIDE
        jz      join_full
        mov     rax, [join_immediates32]
        add     join_immediates32, 8
        bswap   rax
        stosq
        jmp     join_no_operand
join_immediate32:
        test    r15b, JOIN_HALF
        jz      join_full
        mov     ax, [join_immediates32]
        add     join_immediates32, 2
        xchg    al, ah
        stosw
        jmp     join_no_operand
join_full:
        join_dword join_immediates32
        jmp     join_no_operand

; The stream has where the function begins; the instruction how far that is from its end.
join_call:
        mov     eax, [join_calls]
        add     join_calls, 4
        bswap   eax
        sub     eax, edi
        add     eax, [HEADER_ADDRESS + HEADER_STAGE3 + PART_ADDRESS]
        sub     eax, 4
        stosd
        jmp     join_no_operand

; Takes a byte of an opcode. In: EBX = table. Out: EDX = the byte, ECX = what follows it. Clobbers RAX.
join_opcode:
        movsb
        movzx   edx, byte [rdi - 1]
        mov     eax, edx
        shr     eax, 1
        movzx   ecx, byte [rbx + rax]
        jnc     .even
        shr     ecx, 4
.even:
        and     ecx, 15
        ret
