; Output in long mode: text memory and COM1.

TEXT_MEMORY             equ 0xb8000
TEXT_COLUMNS            equ 80
TEXT_ROWS               equ 25
TEXT_LIGHT_GREY         equ 0x07
BIOS_CURSOR             equ 0x450       ; BIOS data area: column and row of page 0's cursor
CRTC_INDEX              equ 0x3d4
CRTC_CURSOR_HIGH        equ 0x0e
CRTC_CURSOR_LOW         equ 0x0f

        section .text
        bits    64

; Prints a text that ends with a zero byte. In: RSI. Clobbers RAX, RCX, RDX, RSI, RDI.
print64:
        lodsb
        test    al, al
        jz      .cursor
        test    byte [console_flags], BOOT_FLAG_VGA_TEXT
        jz      .serial
        call    .to_screen
.serial:
        test    byte [console_flags], BOOT_FLAG_SERIAL
        jz      print64
        mov     al, [rsi - 1]
        serial_send
        jmp     print64

; Shows the cursor where the text ended (VGA, "CRT Controller Registers").
.cursor:
        test    byte [console_flags], BOOT_FLAG_VGA_TEXT
        jz      .done
        call    .position
        mov     ecx, eax
        mov     dx, CRTC_INDEX
        mov     al, CRTC_CURSOR_HIGH    ; index and value in one 16-bit write
        mov     ah, ch
        out     dx, ax
        mov     al, CRTC_CURSOR_LOW
        mov     ah, cl
        out     dx, ax
.done:
        ret

; Out: RAX = the cursor's position, counted in characters. Clobbers RCX.
.position:
        movzx   eax, byte [BIOS_CURSOR + 1]
        imul    eax, TEXT_COLUMNS
        movzx   ecx, byte [BIOS_CURSOR]
        add     eax, ecx
        ret

; In: AL. Clobbers RAX, RCX, RDX, RDI.
.to_screen:
        cmp     al, 13
        je      .start_of_line
        cmp     al, 10
        je      .next_line
        mov     edx, eax
        call    .position
        mov     dh, TEXT_LIGHT_GREY
        mov     [TEXT_MEMORY + rax * 2], dx
        inc     byte [BIOS_CURSOR]
        cmp     byte [BIOS_CURSOR], TEXT_COLUMNS
        jb      .shown
        call    .next_line
.start_of_line:
        mov     byte [BIOS_CURSOR], 0
.shown:
        ret

.next_line:
        inc     byte [BIOS_CURSOR + 1]
        cmp     byte [BIOS_CURSOR + 1], TEXT_ROWS
        jb      .shown
        dec     byte [BIOS_CURSOR + 1]
        push    rsi                     ; scroll
        mov     edi, TEXT_MEMORY
        mov     esi, TEXT_MEMORY + TEXT_COLUMNS * 2
        mov     ecx, (TEXT_ROWS - 1) * TEXT_COLUMNS
        rep     movsw
        mov     ax, TEXT_LIGHT_GREY << 8 | ' '
        mov     ecx, TEXT_COLUMNS
        rep     stosw
        pop     rsi
        ret

; Stops. In: RSI = reason, and on the next line what to do about it.
fail64:
        push    rsi
        mov     esi, text_failure
        call    print64
        pop     rsi
        call    print64
.halt:
        cli
        hlt
        jmp     .halt
