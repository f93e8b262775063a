; A bzImage that does nothing but fault three times: its 32-bit entry loads an empty interrupt
; descriptor table and raises an exception. What the VM is left with is shutdown.

        bits 32
        org 0

SETUP_SECTORS   equ 1
CODE_ADDRESS    equ 0x100000            ; "load high": the protected-mode code goes here

        times 0x1f1 - ($ - $$) db 0
; The setup header (Documentation/arch/x86/boot.rst in Linux), protocol 2.15.
        db      SETUP_SECTORS           ; setup_sects
        dw      0                       ; root_flags
        dd      (code_end - code + 15) / 16     ; syssize
        dw      0                       ; ram_size
        dw      0xffff                  ; vid_mode
        dw      0                       ; root_dev
        dw      0xaa55                  ; boot_flag
        db      0xeb, header_end - header       ; jump
header: db      "HdrS"
        dw      0x020f                  ; version
        dd      0                       ; realmode_swtch
        dw      0                       ; start_sys_seg
        dw      0                       ; kernel_version
        db      0                       ; type_of_loader
        db      1                       ; loadflags: LOADED_HIGH
        dw      0                       ; setup_move_size
        dd      CODE_ADDRESS            ; code32_start
        dd      0                       ; ramdisk_image
        dd      0                       ; ramdisk_size
        dd      0                       ; bootsect_kludge
        dw      0                       ; heap_end_ptr
        db      0                       ; ext_loader_ver
        db      0                       ; ext_loader_type
        dd      0                       ; cmd_line_ptr
        dd      0x7fffffff              ; initrd_addr_max
        dd      0x1000                  ; kernel_alignment
        db      0                       ; relocatable_kernel
        db      12                      ; min_alignment
        dw      0                       ; xloadflags: 32-bit entry only
        dd      255                     ; cmdline_size
        dd      0                       ; hardware_subarch
        dq      0                       ; hardware_subarch_data
        dd      0                       ; payload_offset
        dd      0                       ; payload_length
        dq      0                       ; setup_data
        dq      CODE_ADDRESS            ; pref_address
        dd      0x10000                 ; init_size
        dd      0                       ; handover_offset
        dd      0                       ; kernel_info_offset
header_end:

        times 512 * (1 + SETUP_SECTORS) - ($ - $$) db 0

code:   lidt    [CODE_ADDRESS + empty_table - code]
        int3
empty_table:
        dw      0                       ; limit
        dd      0                       ; base
        align   512, db 0
code_end:
