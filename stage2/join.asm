; Joins stage 3's code, which is packed as several streams of similar bytes, one behind the other: opcodes, displacements
; and so on (stage3/bundle/src/instructions.rs). It goes through the code as xtask/src/pack/streams.rs did, which divided it.
;
;   RDI = where the next byte of code goes
;   EDX = opcode        EBX = ModRM         ECX = what follows the opcode
;
; Each stream has a register with the address of its next byte.

%define join_opcodes        rsi
%define join_sibs           r8
%define join_calls          r9
%define join_immediates8    r10
%define join_displacements8 r11
%define join_jumps32        r12
%define join_jumps8         r13
%define join_addresses      r14
%define join_displacements32 r15
%define join_immediates32   rbp

JOIN_HALF               equ 1           ; 66h
JOIN_WIDE               equ 2           ; REX.W
MODRM_GROUP             equ 0x30        ; of F6h and F7h, the instructions that have no immediate operand

; join_begin <stream's register>, <its number>: it begins at RAX; the next one behind it.
%macro  join_begin 2
        mov     %1, rax
        mov     ecx, [HEADER_ADDRESS + HEADER_STAGE3_STREAMS + %2 * 4]
        add     rax, rcx
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

; Takes where a function begins, or where a jump goes to, and puts how far that is from the instruction's end.
%macro  join_target 1
        mov     eax, [%1]
        add     %1, 4
        bswap   eax
        sub     eax, edi
        add     eax, [HEADER_ADDRESS + HEADER_STAGE3 + PART_ADDRESS]
        sub     eax, 4
        stosd
%endmacro

        section .bss
join_limit:             resd 1          ; no instruction begins behind this
join_prefixes:          resd 1          ; of this instruction
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
        join_begin join_opcodes, STREAM_OPCODES
        join_begin join_sibs, STREAM_SIBS
        join_begin join_calls, STREAM_CALLS
        join_begin join_immediates8, STREAM_IMMEDIATES8
        join_begin join_displacements8, STREAM_DISPLACEMENTS8
        join_begin join_jumps32, STREAM_JUMPS32
        join_begin join_jumps8, STREAM_JUMPS8
        join_begin join_addresses, STREAM_ADDRESSES
        join_begin join_displacements32, STREAM_DISPLACEMENTS32
        join_begin join_immediates32, STREAM_IMMEDIATES32

        mov     edi, [HEADER_ADDRESS + HEADER_STAGE3 + PART_ADDRESS]
        mov     eax, [HEADER_ADDRESS + HEADER_STAGE3_CODE]
        lea     eax, [rdi + rax - INSTRUCTION_LONGEST]
        mov     [join_limit], eax
join_no_operand:
        mov     dword [join_prefixes], 0
join_next:
        cmp     edi, [join_limit]
        ja      .last
        mov     ebx, join_one_byte
        call    join_opcode
        cmp     cl, INSTRUCTION_SPECIAL
        jne     .instruction
        cmp     dl, INSTRUCTION_OPERAND_SIZE
        jne     .rex
        or      dword [join_prefixes], JOIN_HALF
.rex:
        and     dl, 0xf8
        cmp     dl, 0x48
        jne     join_next
        or      dword [join_prefixes], JOIN_WIDE
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
        join_byte join_sibs
        and     al, 7
.no_sib:
        test    bl, 0xc0                ; mode
        js      .displacement32
        jnz     .displacement8
        cmp     al, 5
        jne     .group
        join_dword join_addresses
        jmp     .group
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
        mov     ecx, [join_limit]
        add     ecx, INSTRUCTION_LONGEST
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
        join_target join_jumps32
        jmp     join_no_operand
join_immediate64:
        test    dword [join_prefixes], JOIN_WIDE
        jz      join_full
        mov     rax, [join_immediates32]
        add     join_immediates32, 8
        bswap   rax
        stosq
        jmp     join_no_operand
join_immediate32:
        test    dword [join_prefixes], JOIN_HALF
        jz      join_full
        mov     ax, [join_immediates32]
        add     join_immediates32, 2
        xchg    al, ah
        stosw
        jmp     join_no_operand
join_full:
        join_dword join_immediates32
        jmp     join_no_operand

join_call:
        join_target join_calls
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
