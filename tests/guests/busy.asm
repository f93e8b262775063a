; A boot sector that keeps the processor for itself, with interrupts off.

        bits    16
        org     0x7c00
        cli
        jmp     $
