; pxHV stage 2: from the BIOS to stage 3.
;
; Stage 1 jumps here in real mode with DL = boot drive, and has read this file and the image header
; before it. Stage 2 does, in this order, what still needs the BIOS or real mode:
;
;   check the image header and itself - A20 - memory map - processor - load stage 3 and the bundle
;
; and then, for good: long mode, unpacking stage 3, virtualization on, jump to stage 3. Whatever is missing is said in
; words, on the screen and on COM1, before the time for loading is spent.
;
; Low memory
;
;   from      to        what
;   0_0000h   0_0500h   interrupt vectors and BIOS data area
;   0_0500h   0_7C00h   stack of stages 1 and 2, growing down
;   0_7C00h   0_7E00h   stage 1 (done); its last word serves the A20 test
;   0_7E00h   0_8000h   image header                                      HEADER_ADDRESS
;   0_8000h   0_C000h   this file: code and constants, never written to   STAGE2_ADDRESS
;   0_C000h   1_0000h   variables and the checksum's tables               VARIABLES
;   1_8000h   1_8C00h   memory map                                        MEMORY_MAP
;   1_8C00h   1_9000h   BootInfo                                          BOOT_INFO
;   1_9000h   1_A000h   VMXON region                                      VMXON_REGION
;   1_A000h   2_0000h   page tables                                       PAGE_TABLES
;   2_0000h   3_0000h   bounce buffer, then the unpacking's probabilities,
;                       then the stack of stage 3                         BOUNCE
;
; Code and data stay below 1_0000h, so that all segment registers are 0 in real mode and every
; address means the same in real, protected and long mode. The EBDA may begin at 8_0000h.

%include "layout.inc"

VARIABLES           equ 0xc000
VARIABLES_END       equ 0x10000         ; what a 16-bit offset reaches; below STAGE2_LIMIT
MEMORY_MAP          equ STAGE2_LIMIT
BOOT_INFO           equ MEMORY_MAP + MEMORY_MAP_MAX * RANGE_SIZE
VMXON_REGION        equ 0x19000
PAGE_TABLES         equ 0x1a000
BOUNCE              equ 0x20000
BOUNCE_END          equ 0x30000
STAGE3_STACK        equ BOUNCE_END
LOW_MEMORY_END      equ BOUNCE_END

STACK_TOP           equ 0x7c00
PAGE                equ 4096
KB                  equ 1024

%if BOOT_INFO + BOOT_INFO_SIZE > VMXON_REGION || VARIABLES_END > STAGE2_LIMIT
%error "the low memory map overlaps"
%endif

; Each file keeps its variables in .bss, next to the code that uses them.
        section .text
        org     STAGE2_ADDRESS
        section .bss nobits start=VARIABLES
boot_drive:             resd 1          ; variables are dwords, so that all are aligned
        section .text

%include "macros.asm"

        bits    16
entry:
        cli
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, STACK_TOP
        cld
        sti

        mov     di, VARIABLES           ; .bss holds whatever the BIOS left there
        mov     cx, (VARIABLES_END - VARIABLES) / 2
        rep     stosw
        mov     [boot_drive], dl

        call    console_init
        mov     si, text_banner
        call    print

        call    checksum_init
        call    header_verify
        call    stage2_verify
        call    a20_enable
        call    memory_map_read
        call    cpu_check

        mov     bx, HEADER_ADDRESS + HEADER_STAGE3
        call    part_check
        mov     bx, HEADER_ADDRESS + HEADER_BUNDLE
        call    part_check
        call    parts_check_overlap

        call    disk_init
        mov     bx, HEADER_ADDRESS + HEADER_STAGE3
        call    part_load
        mov     bx, HEADER_ADDRESS + HEADER_BUNDLE
        call    part_load

        call    paging_build
        call    long_mode_enter         ; from here on there is no BIOS
        bits    64
        mov     esi, text_long_mode
        call    print64
        call    stage3_unpack
        jmp     hand_over

; Real mode.
%include "console.asm"
%include "checksum.asm"
%include "header.asm"
%include "a20.asm"
%include "memory_map.asm"
%include "cpu.asm"
%include "cpu_intel.asm"
%include "cpu_amd.asm"
%include "disk.asm"
%include "unreal.asm"
%include "load.asm"
%include "paging.asm"
; From real to long mode.
%include "long_mode.asm"
; Long mode.
%include "console64.asm"
%include "unpack.asm"
%include "join.asm"
%include "vmx.asm"
%include "svm.asm"
%include "hand_over.asm"
%include "messages.asm"

        section .text
%if ($ - $$) > VARIABLES - STAGE2_ADDRESS
%error "stage 2 reaches into its variables"
%endif
        section .bss
%if ($ - $$) > VARIABLES_END - VARIABLES
%error "the variables do not fit"
%endif
