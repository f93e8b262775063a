; clock-rate: checks the guest's clock against the rate that pxHV measured for the processor's
; time-stamp counter (TSC).
;
; Takes CLOCK_MONOTONIC and the TSC, sleeps for ten seconds, and takes both again. Prints the TSC's rate
; by this clock, the one in CPUID leaf 40000102h of pxHV, and whether they agree to one part in a
; thousand. Exit status: 0 if they do.
;
; A 32-bit ELF program without libraries, which 64-bit kernels run as well.

        bits 32
        org 0x10000

SYS_EXIT        equ 1
SYS_WRITE       equ 4
SYS_NANOSLEEP   equ 162
SYS_GETTIME     equ 265
MONOTONIC       equ 1
SECONDS         equ 10
TAKES           equ 32
VARIABLES       equ 96                  ; bytes behind the file

OWN_SIGNATURE   equ 0x40000100          ; CPUID: "pxHVpxHVpxHV"
OWN_TSC         equ 0x40000102          ; CPUID: EAX = kHz

; The ELF header and one program header (ELF specification, "ELF Header", "Program Header"): all of the
; file is loaded, readable, writable and executable.
file:   db      0x7f, "ELF", 1, 1, 1    ; 32 bits, little-endian, version 1
        times 9 db 0
        dw      2, 3                    ; executable, i386
        dd      1, start, program_header - file, 0, 0
        dw      header_end - file, header_end - program_header, 1, 0, 0, 0
program_header:
        dd      1, 0, file, file, file_end - file, file_end - file + VARIABLES, 7, 0x1000
header_end:

%macro print 1                          ; a text and its length
        mov     ecx, %1
        mov     edx, %1 %+ _end - %1
        call    write
%endmacro

start:  mov     eax, OWN_SIGNATURE
        cpuid
        cmp     ebx, "pxHV"
        jne     elsewhere
        mov     eax, OWN_TSC
        cpuid
        mov     [nominal], eax

        mov     ecx, time_before
        call    take
        mov     [tsc_before], eax
        mov     [tsc_before + 4], edx
        mov     eax, SYS_NANOSLEEP
        mov     ebx, pause
        xor     ecx, ecx
        int     0x80
        mov     ecx, time_after
        call    take
        sub     eax, [tsc_before]
        sbb     edx, [tsc_before + 4]
        mov     esi, eax                ; EDI:ESI: ticks
        mov     edi, edx

; Microseconds between the two times, in EBX.
        mov     eax, [time_after + 4]
        sub     eax, [time_before + 4]  ; nanoseconds, perhaps negative
        cdq
        mov     ebx, 1000
        idiv    ebx
        mov     ebx, eax
        mov     eax, [time_after]
        sub     eax, [time_before]
        imul    eax, 1000000
        add     ebx, eax

; kHz = ticks × 1000 / microseconds.
        mov     ecx, 1000
        mov     eax, edi
        mul     ecx
        mov     edi, eax
        mov     eax, esi
        mul     ecx
        add     edx, edi
        div     ebx
        mov     [measured], eax

        print   text_tsc
        mov     eax, [measured]
        call    decimal
        print   text_nominal
        mov     eax, [nominal]
        call    decimal
        mov     eax, [measured]         ; |measured − nominal| × 1000 ≤ nominal?
        sub     eax, [nominal]
        jns     .positive
        neg     eax
.positive:
        mov     ecx, 1000
        mul     ecx
        test    edx, edx
        jnz     differ
        cmp     eax, [nominal]
        ja      differ
        print   text_agree
        xor     ebx, ebx
exit:   mov     eax, SYS_EXIT
        int     0x80

differ: print   text_differ
        mov     ebx, 1
        jmp     exit

elsewhere:
        print   text_elsewhere
        mov     ebx, 2
        jmp     exit

; take: CLOCK_MONOTONIC to [ECX], the TSC to EDX:EAX. Of TAKES the one for which both were read closest together: in
; between, the computer may do something else.
take:   mov     edi, ecx
        mov     dword [closest], -1
        mov     ebp, TAKES
.next:  rdtsc
        mov     [first], eax
        mov     [first + 4], edx
        mov     eax, SYS_GETTIME
        mov     ebx, MONOTONIC
        mov     ecx, now
        int     0x80
        rdtsc
        mov     ebx, eax
        mov     ecx, edx
        sub     ebx, [first]
        sbb     ecx, [first + 4]
        jnz     .worse
        cmp     ebx, [closest]
        jae     .worse
        mov     [closest], ebx
        mov     [tsc], eax
        mov     [tsc + 4], edx
        mov     eax, [now]
        mov     [edi], eax
        mov     eax, [now + 4]
        mov     [edi + 4], eax
.worse: dec     ebp
        jnz     .next
        mov     eax, [tsc]
        mov     edx, [tsc + 4]
        ret

; decimal: prints EAX.
decimal:
        mov     edi, digits_end
        mov     ebx, 10
.digit: xor     edx, edx
        div     ebx
        add     dl, "0"
        dec     edi
        mov     [edi], dl
        test    eax, eax
        jnz     .digit
        mov     ecx, edi
        mov     edx, digits_end
        sub     edx, edi
; write: EDX bytes at ECX to standard output.
write:  mov     eax, SYS_WRITE
        mov     ebx, 1
        int     0x80
        ret

pause:  dd      SECONDS, 0
%macro text 2+
%1:     db      %2
%1 %+ _end:
%endmacro
        text    text_tsc, "clock-rate: by the guest's clock the TSC runs at "
        text    text_nominal, " kHz, by pxHV's at "
        text    text_agree, " kHz: they agree", 10
        text    text_differ, " kHz: they differ", 10
        text    text_elsewhere, "clock-rate: this is no guest of pxHV", 10
file_end:

        absolute file + (file_end - file)
nominal:        resd 1
measured:       resd 1
tsc_before:     resd 2
time_before:    resd 2
time_after:     resd 2
closest:        resd 1
first:          resd 2
tsc:            resd 2
now:            resd 2
digits:         resb 10
digits_end:
