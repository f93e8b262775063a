; pxHV stage 1: the boot sector.
;
; The BIOS reads the first sector of the boot drive to 0:7C00h and jumps to it in real mode; DL is the
; number of the drive, nothing else is certain (BIOS Boot Specification, "Boot to the Boot Device").
; This sector reads the image header and stage 2, which follow it on the drive, and jumps to stage 2.
;
; Everything goes one sector at a time: such a read crosses neither a track (which the geometry
; calls can't) nor a 64 KB boundary (which the floppy's DMA controller can't), and a few dozen
; sectors need no more speed.

        bits    16
        org     0x7c00

%include "layout.inc"

BPB_END             equ 0x5a            ; first byte behind the longest BIOS parameter block (FAT32)
DISK_SIGNATURE      equ 0x1b8           ; offsets of the classic MBR
PARTITION_TABLE     equ 0x1be
BOOT_SIGNATURE      equ 0xaa55

HARD_DISK           equ 0x80            ; the BIOS counts hard disks from here, floppies from 0
DRIVE_IMPLAUSIBLE   equ 0x70            ; bits that no drive number has

ATTEMPTS            equ 4               ; a floppy's motor may need three to reach its speed
PARAGRAPHS          equ SECTOR / 16     ; a sector in units of a segment register

COM1                equ 0x3f8
COM1_LINE_CONTROL   equ COM1 + 3
LINE_8N1            equ 0x03            ; 8 data bits, no parity, 1 stop bit
COM1_LINE_STATUS    equ COM1 + 5
LINE_CAN_SEND       equ 0x20            ; transmitter holding register empty

start:
        jmp     short entry
        nop

; Some firmware takes the sector for a FAT volume and writes drive number or geometry into the
; BIOS parameter block. Nothing of ours lives there.
        times   BPB_END - ($ - $$) db 0

entry:
        jmp     0:.flat                 ; some BIOSes jump to 07C0:0000: make CS 0
.flat:
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax                  ; holds interrupts off until SP is loaded, too
        mov     sp, start               ; the stack grows down from this sector
        cld
        sti

        test    dl, DRIVE_IMPLAUSIBLE   ; some BIOSes leave garbage in DL: then it's most
        jz      .drive_known            ; likely that the first hard disk was booted
        mov     dl, HARD_DISK
.drive_known:
        mov     [drive], dl

        mov     dx, COM1_LINE_CONTROL   ; after a reset it has 5 bits to a character; the speed
        mov     al, LINE_8N1            ; remains the firmware's until stage 2 sets it
        out     dx, al
        mov     si, text_banner
        call    print

; Ask for the INT 13h extensions (Enhanced Disk Drive specification, "Check Extensions Present").
; CF, BX and the bit for "packet calls" in CX must all agree.
        mov     ah, 0x41
        mov     bx, 0x55aa
        call    int13
        jc      .geometry
        cmp     bx, 0xaa55
        jne     .geometry
        shr     cx, 1                   ; CX bit 0: functions 42h-44h, 47h and 48h
        jc      read_image

; No extensions (floppies, old BIOSes): sectors are addressed by cylinder, head and sector.
.geometry:
        mov     ah, 0x08                ; "Get Drive Parameters"
        call    int13                   ; changes ES for a floppy; the reads set it again
        jc      disk_error
        and     cx, 0x3f                ; CL bits 5:0: the highest sector number, counted from 1
        mov     [track_sectors], cx     ; 0 would mean "use packets": they fail and say so
        shr     dx, 8                   ; DH: the highest head number, counted from 0
        inc     dx
        mov     [heads], dx

read_image:
        sub     word [sectors_left], 1
        jc      .complete
        mov     di, ATTEMPTS
.attempt:
        call    read_sector
        jnc     .next
        dec     di
        jz      disk_error
        mov     ah, 0x00                ; "Reset Disk System"; the next read tells whether it helped
        call    int13
        jmp     .attempt
.next:
        inc     word [packet.sector]
        add     word [packet.segment], PARAGRAPHS
        jmp     read_image

; A drive with sectors of another size delivers other bytes here and is refused as well.
.complete:
        mov     si, text_no_header
        cmp     dword [HEADER_ADDRESS], IMAGE_MAGIC_LOW
        jne     fail
        cmp     dword [HEADER_ADDRESS + 4], IMAGE_MAGIC_HIGH
        jne     fail
        mov     dl, [drive]
        jmp     STAGE2_ADDRESS

; In: AH = the BIOS's error code.
disk_error:
        mov     al, ah
        aam     16                      ; AH = upper, AL = lower half
        call    hex_digit
        xchg    al, ah
        call    hex_digit
        mov     [text_error_code], ax
        mov     si, text_disk_error
; In: SI = text.
fail:
        call    print
.halt:
        cli
        hlt
        jmp     .halt

; In: AL = 0-15. Out: AL = its hexadecimal digit.
hex_digit:
        cmp     al, 10                  ; CF = it is a decimal digit
        sbb     al, 0x69
        das                             ; 96h-9Fh or A1h-A6h become 30h-39h or 41h-46h
        ret

; Reads the sector that `packet` describes.
; Out: CF set on failure, then AH = the BIOS's error code. Clobbers AX, BX, CX, DX, SI, ES.
read_sector:
        mov     ax, [packet.sector]
        mov     cx, [track_sectors]
        jcxz    .packet
        xor     dx, dx
        div     cx                      ; AX = track, DX = sector in it, counted from 0
        mov     cl, dl
        inc     cx                      ; CL bits 5:0 = sector, counted from 1; bits 7:6 = 0
        xor     dx, dx
        div     word [heads]            ; AX = cylinder, DX = head
        mov     ch, al                  ; so near the start of the drive it is below 256
        mov     dh, dl
        les     bx, [packet.offset]
        mov     ax, 0x0201              ; "Read Sectors into Memory", one of them
        jmp     int13
.packet:
        mov     si, packet
        mov     ah, 0x42                ; "Extended Read"
; Calls the BIOS's disk services for the boot drive; some functions return with another DL.
int13:
        mov     dl, [drive]
        int     0x13
        ret

; Prints on the screen and on COM1. In: SI = text, ended by a zero byte.
; Clobbers AX, BX, CX, DX, SI.
print.character:
        push    ax
        mov     ah, 0x0e                ; INT 10h, "Write Teletype to Active Page"
        mov     bx, 0x0007              ; page 0, light grey
        int     0x10
        mov     dx, COM1_LINE_STATUS
        xor     cx, cx                  ; wait for 65,536 polls at most; an absent port reads FFh
.wait:
        in      al, dx
        test    al, LINE_CAN_SEND
        loopz   .wait
        pop     ax
        mov     dl, COM1 & 0xff
        out     dx, al
print:
        lodsb
        test    al, al
        jnz     print.character
        ret

text_banner:            db "pxHV stage 1", 0        ; failures go on from here, stage 2 starts a new line
text_disk_error:        db ": disk error "
text_error_code:        db "00"                         ; and on with the usual cause
text_no_header:         db ": image missing or truncated?", 0

drive:                  db 0
track_sectors:          dw 0            ; 0: the drive takes packets
heads:                  dw 0

; Disk address packet (Enhanced Disk Drive specification, "Device Address Packet").
packet:                 db 16, 0        ; its length; reserved
                        dw 1            ; sectors
.offset:                dw 0            ; where to
.segment:               dw HEADER_ADDRESS >> 4
.sector:                dq 1            ; where from: the image header follows this sector

; How many sectors there are to read: header and stage 2. The image builder writes it.
        times   STAGE1_COUNT_OFFSET - ($ - $$) db 0
sectors_left:           dw 0

        times   DISK_SIGNATURE - ($ - $$) db 0
disk_signature:         dd 0
                        dw 0

; One active partition that holds the rest of the image. Without any, USB firmware tends to
; treat a stick as a large floppy; type DAh ("non-FS data") keeps operating systems off it.
; Start and end are consistent for 255 heads and 63 sectors, from which such firmware infers the
; geometry; so it ends on a cylinder and not with the image.
PARTITION_CYLINDERS     equ 8
GEOMETRY_HEADS          equ 255
GEOMETRY_SECTORS        equ 63
        times   PARTITION_TABLE - ($ - $$) db 0
                        db 0x80                         ; active
                        db 0, 2, 0                      ; first sector: head, sector, cylinder
                        db 0xda
                        db GEOMETRY_HEADS - 1, GEOMETRY_SECTORS, PARTITION_CYLINDERS - 1
                        dd 1                            ; first sector
                        dd PARTITION_CYLINDERS * GEOMETRY_HEADS * GEOMETRY_SECTORS - 1

        times   SECTOR - 2 - ($ - $$) db 0
                        dw BOOT_SIGNATURE
%if ($ - $$) != SECTOR
%error "the boot sector is not one sector long"
%endif
