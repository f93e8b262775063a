; Master boot record: starts the active partition of the disk in DL. The table is filled in where the disk is made.
        bits 16
        org 0600h

LOADED          equ 7c00h               ; where a BIOS puts it, and a partition's boot sector expects to be
ACTIVE          equ 80h

        cli
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, LOADED
        sti
        cld
        mov si, LOADED                  ; out of the way
        mov di, 0600h
        mov cx, 256
        rep movsw
        jmp 0:moved
moved:
        mov si, table
        mov cx, 4
.next:
        cmp byte [si], ACTIVE
        je .found
        add si, 16
        loop .next
        mov si, nothing
        jmp fail
.found:
        mov eax, [si + 8]               ; its first sector
        mov [packet.sector], eax
        push si
        mov si, packet
        mov ah, 42h
        int 13h
        pop si
        jc .unreadable
        cmp word [LOADED + 510], 0aa55h
        jne .unreadable
        jmp 0:LOADED                    ; DL: the drive, SI: the table's entry
.unreadable:
        mov si, unreadable
fail:
        lodsb
        test al, al
        jz .tell_bios
        mov ah, 0eh
        mov bx, 7
        int 10h
        jmp fail
.tell_bios:
        int 18h                         ; the BIOS's next drive
        hlt
        jmp $ - 1

nothing         db "No active partition", 13, 10, 0
unreadable      db "The active partition can't be read", 13, 10, 0

packet  dw 16, 1, LOADED, 0
.sector dd 0, 0

        times 446 - ($ - $$) db 0
table   times 64 db 0
        dw 0aa55h
