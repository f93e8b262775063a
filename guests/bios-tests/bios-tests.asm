; A disk whose boot sector checks its BIOS and its PC from real mode, as DOS uses them. Each check prints a line at the
; debug console (port E9h): "ok NAME" or "FAILED NAME AX"; the last line counts them. The first run writes a mark to the
; disk and resets the computer, the second finds the mark and ends.
;
; A floppy disk that nothing can be booted from is in drive A.
;
;   nasm -f bin -I guests/bios-tests/ -I tests/guests/ -o bios-tests.img guests/bios-tests/bios-tests.asm
;   qemu-system-x86_64 -drive format=raw,file=bios-tests.img -fda floppy -debugcon stdio -device isa-debug-exit,iobase=0xf4
        bits 16
        org 7c00h

CYLINDERS       equ 2
HEADS           equ 16
SECTORS         equ 63
DISK_SECTORS    equ CYLINDERS * HEADS * SECTORS
SECTOR          equ 512
MARK_SECTOR     equ 1000
BUFFER          equ 0b000h              ; where sectors are read to
V86_MEMORY      equ 0c000h
PAGE_TABLES     equ 20000h
DRIVE           equ 80h

%include "boot.inc"

tests:
        call screen_is_sent
        mov si, banner
        call print
        call disk_mark
        je second_run
        call screen
        call memory
        call clock
        call disk
        call serial
        call keyboard
        call cmos
        call floppy
        call v86
        call modes
        call disk_set_mark
        call count
        mov al, 0feh                    ; the keyboard controller's reset line
        out 64h, al
        jmp $
second_run:
        mov si, .found
        call print
        call cmos_stays
        call count
        mov al, 0
        out 0f4h, al
        jmp $
.found  db "the mark is on the disk after the reset", 10, 0
banner  db "bios-tests", 10, 0

%include "screen.inc"
%include "memory.inc"
%include "clock.inc"
%include "cmos.inc"
%include "disk.inc"
%include "serial.inc"
%include "keyboard.inc"
%include "modes.inc"
%include "drive-a.inc"
%include "v86-mode.inc"
%include "v86.inc"

%if $ - $$ > BUFFER - 7c00h
  %error "the code reaches the buffer"
%endif

        align SECTOR, db 0
SECTORS_MORE    equ ($ - $$) / SECTOR - 1
        times DISK_SECTORS * SECTOR - ($ - $$) db 0
