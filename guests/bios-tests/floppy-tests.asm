; A floppy disk whose boot sector checks the drive that it came from: by INT 13h, and by the registers of the 82077AA and
; of its DMA channel, as DOS's own drivers do it. Lines are those of bios-tests.asm. The first run writes a mark to the
; last cylinder and resets the computer, the second finds the mark and ends.
;
;   nasm -f bin -I guests/bios-tests/ -o floppy-tests.img guests/bios-tests/floppy-tests.asm
;   qemu-system-x86_64 -drive if=floppy,format=raw,file=floppy-tests.img -debugcon stdio -device isa-debug-exit,iobase=0xf4
        bits 16
        org 7c00h

CYLINDERS       equ 80
HEADS           equ 2
SECTORS         equ 18
SECTOR          equ 512
SIZE_CODE       equ 2                   ; how the controller is told of sectors of 512 bytes
GAP             equ 1bh
BUFFER          equ 0a000h              ; where sectors are read to
DRIVE           equ 0

; The BIOS data area.
RECALIBRATED    equ 43eh                ; bit 0: the BIOS knows where the heads of drive A: are
TICKS           equ 46ch

%include "boot.inc"

tests:
        mov si, banner
        call print
        mov cx, 4f01h                   ; the mark: cylinder 79, head 1, sector 1
        mov dx, 0100h + DRIVE
        mov ax, 0201h
        mov bx, BUFFER
        int 13h
        check nc, "int 13h: the last cylinder is read"
        cmp dword [BUFFER], 'mark'
        je second_run
        call bios
        call controller
        call count
        mov al, 0feh                    ; the keyboard controller's reset line
        out 64h, al
        jmp $
second_run:
        mov si, .found
        call print
        mov al, 0
        out 0f4h, al
        jmp $
.found  db "the mark is on the floppy disk after the reset", 10, 0
banner  db "floppy-tests", 10, 0

; INT 13h.
bios:
        mov ah, 08h
        mov dl, DRIVE
        xor di, di
        int 13h
        check nc, "int 13h: the drive has parameters"
        push dx
        push bx
        mov ax, cx
        cmp ax, (CYLINDERS - 1) << 8 | SECTORS
        check e, "int 13h: 80 cylinders, 18 sectors"
        pop ax
        cmp al, 4
        check e, "int 13h: a drive for 1.44 MB"
        pop ax
        cmp ax, (HEADS - 1) << 8 | 1
        check e, "int 13h: two heads, one drive"
        xor ax, ax
        mov es, ax
        mov ah, 15h
        mov dl, DRIVE
        int 13h
        cmp ah, 1
        check e, "int 13h: it is a floppy disk"
        mov ax, 1357h
        mov cx, 2 * SECTOR / 2
        call fill
        mov ax, 0302h
        call .two_sectors
        check nc, "int 13h: two sectors are written"
        mov ax, 0402h
        call .two_sectors
        check nc, "int 13h: and verified"
        xor ax, ax
        mov cx, 2 * SECTOR / 2
        call fill
        mov ax, 0202h
        call .two_sectors
        check nc, "int 13h: and read"
        mov ax, 1357h
        mov cx, 2 * SECTOR / 2
        call is_filled
        check e, "int 13h: and are what was written"
        mov ax, 0201h
        mov bx, BUFFER
        mov cx, 0500h + SECTORS + 1
        mov dx, DRIVE
        int 13h
        check c, "int 13h: there is no sector 19"
        ret
.two_sectors:                           ; cylinder 5, head 1, from sector 7 on
        mov bx, BUFFER
        mov cx, 0507h
        mov dx, 0100h + DRIVE
        int 13h
        ret

; Fills CX words of the buffer with numbers that begin with AX.
fill:
        mov di, BUFFER
.next:
        stosw
        add ax, 1234h
        loop .next
        ret

; ZF set: they are there.
is_filled:
        mov di, BUFFER
.next:
        scasw
        jne .end
        add ax, 1234h
        loop .next
.end:
        test cx, cx
        ret

%include "floppy.inc"

        align SECTOR, db 0
SECTORS_MORE    equ ($ - $$) / SECTOR - 1
%if SECTORS_MORE >= SECTORS
 %error "the program must fit into the first track"
%endif
        times CYLINDERS * HEADS * SECTORS * SECTOR - ($ - $$) db 0
