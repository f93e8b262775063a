; The floppy disk of bios-tests: 1.44 MB of nothing, which can't be booted from.
        times 2880 * 512 db 0
