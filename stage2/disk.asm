; Reading sectors: INT 13h with packets (Enhanced Disk Drive specification), or, where the BIOS
; doesn't know them, by cylinder, head and sector.

BOUNCE_SEGMENT          equ BOUNCE >> 4
PIECE                   equ 127         ; most sectors per read that every BIOS takes
%if PIECE * SECTOR > BOUNCE_END - BOUNCE || BOUNCE % 0x10000
%error "a piece must fit into the bounce buffer and not cross 64 KB"
%endif

CYLINDERS_MAX           equ 1024        ; 10 bits
ATTEMPTS                equ 4

        section .bss
track_sectors:          resd 1          ; 0: the drive takes packets
heads:                  resd 1
packet:                                 ; disk address packet
.bytes:                 resw 1
.count:                 resw 1
.offset:                resw 1
.segment:               resw 1
.sector:                resd 2
packet_end:
        section .text
        bits    16

; Finds out how to address the drive. Clobbers general registers.
disk_init:
        mov     ah, 0x41                ; "Check Extensions Present"
        mov     bx, 0x55aa
        call    int13
        jc      .geometry
        cmp     bx, 0xaa55
        jne     .geometry
        test    cl, 1                   ; functions 42h-44h, 47h and 48h
        jnz     .done
.geometry:
        mov     ah, 0x08                ; "Get Drive Parameters"
        push    es
        call    int13                   ; changes ES:DI for a floppy
        pop     es
        jc      .failed
        and     ecx, 0x3f               ; CL bits 5:0: highest sector, counted from 1
        jz      .failed
        mov     [track_sectors], ecx
        movzx   edx, dh                 ; DH: highest head, counted from 0
        inc     edx
        mov     [heads], edx
.done:
        ret
.failed:
        xor     ebp, ebp
        jmp     disk_error

; Reads from the boot drive to BOUNCE, at most PIECE sectors.
; In:  EAX = first sector, ECX = how many are wanted, not 0.
; Out: ECX = how many were read, at least 1; it doesn't return without.
; Clobbers EAX, EBX, EDX, EBP, SI, DI.
disk_read:
        mov     ebp, eax
        cmp     ecx, PIECE
        jbe     .fits
        mov     ecx, PIECE
.fits:
        mov     di, ATTEMPTS
.attempt:
        call    .read
        jnc     .done
        dec     di
        jz      disk_error
        mov     ah, 0x00                ; "Reset Disk System"
        call    int13
        mov     ecx, 1                  ; in case it was too many: that names the bad sector, too
        jmp     .attempt
.done:
        ret

; One attempt. In: EBP, ECX as above. Out: CF; ECX = sectors; AH = error code.
.read:
        cmp     dword [track_sectors], 0
        jne     .by_geometry
        mov     word [packet.bytes], packet_end - packet
        mov     [packet.count], cx      ; the BIOS may have changed all of it
        mov     word [packet.offset], 0
        mov     word [packet.segment], BOUNCE_SEGMENT
        mov     [packet.sector], ebp
        mov     dword [packet.sector + 4], 0
        mov     si, packet
        mov     ah, 0x42                ; "Extended Read"
        push    ecx
        call    int13
        pop     ecx
        ret

.by_geometry:
        mov     eax, ebp
        xor     edx, edx
        div     dword [track_sectors]   ; EAX = track, EDX = sector in it, counted from 0
        mov     ebx, [track_sectors]
        sub     ebx, edx                ; what is left of the track
        cmp     ecx, ebx
        jbe     .within_track
        mov     ecx, ebx
.within_track:
        push    ecx
        lea     ebx, [edx + 1]          ; sectors count from 1
        xor     edx, edx
        div     dword [heads]           ; EAX = cylinder, EDX = head
        cmp     eax, CYLINDERS_MAX
        fail_if ae, text_disk_beyond
        mov     dh, dl
        shl     ah, 6                   ; CL bits 7:6 = cylinder bits 9:8
        or      ah, bl
        xchg    al, ah                  ; CH = cylinder bits 7:0
        xchg    ax, cx
        mov     ah, 0x02                ; "Read Sectors into Memory"
        xor     bx, bx
        push    es
        push    BOUNCE_SEGMENT
        pop     es
        call    int13
        pop     es
        pop     ecx
        ret

; Calls the BIOS's disk services for the boot drive; some functions return with another DL.
int13:
        mov     dl, [boot_drive]
        int     0x13
        ret

; In: AH = the BIOS's error code, EBP = sector.
disk_error:
        push    ax
        call    fail_begin
        mov     si, text_disk_error
        call    print
        pop     ax
        mov     al, ah
        call    print_byte
        mov     si, text_disk_error_at
        call    print
        mov     eax, ebp
        call    print_number
        mov     si, text_disk_error_advice
        jmp     fail_end
