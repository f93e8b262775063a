; A hard disk of one sector, which no BIOS can read: it has not one whole cylinder.
        times 510 db 0
        dw 0aa55h
