/* Calls to pxHV, for guests in C: docs/hypercalls.md. In NASM: pxhv.inc. 32-bit and 64-bit code, at CPL 0. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum pxhv_call {
    PXHV_VERSION = 0x50580000,
    PXHV_PRINT,
    PXHV_EXIT,
    PXHV_YIELD,
    PXHV_TIME,
};

/* What pxhv_time can tell. */
enum pxhv_clock { PXHV_SINCE_POWER_ON, PXHV_SINCE_1970 };

enum pxhv_error {
    PXHV_EPERM = -1,     /* CPL is not 0 */
    PXHV_EFAULT = -14,   /* memory that can't be read */
    PXHV_EINVAL = -22,   /* an argument without a meaning */
    PXHV_ENOSYS = -1000, /* no such call */
};

/* Whether pxHV runs this guest. All that follows needs it: without, the calls are undefined instructions. */
static inline int pxhv_present(void)
{
    uint32_t a = 1, b, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (!(c >> 31)) /* no hypervisor at all */
        return 0;
    a = 0x40000100;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return b == 0x56487870 && c == b && d == b; /* "pxHV" */
}

/* Any call with values for EBX and ECX, which it leaves its results in. Returns 0 or an error. */
static inline int pxhv_call(uint32_t number, uint32_t *ebx, uint32_t *ecx)
{
    long answer = number;
    __asm__ volatile("vmcall" : "+a"(answer), "+b"(*ebx), "+c"(*ecx) : : "memory");
    return (int)answer;
}

/* major << 16 | minor << 8 | patch. */
static inline uint32_t pxhv_version(void)
{
    uint32_t version = 0, calls = 0;
    pxhv_call(PXHV_VERSION, &version, &calls);
    return version;
}

/* Prints to the console of the VM. Returns how many bytes: fewer than `length` if the next one can't be read. */
static inline size_t pxhv_print(const char *text, size_t length)
{
    long answer = PXHV_PRINT;
    size_t left = length;
    __asm__ volatile("vmcall" : "+a"(answer), "+S"(text), "+c"(left) : : "memory");
    return length - left;
}

/* Ends the VM; pxHV prints the code. */
static inline void pxhv_exit(uint32_t code)
{
    uint32_t unused = 0;
    pxhv_call(PXHV_EXIT, &code, &unused);
}

/* Lets others run. */
static inline void pxhv_yield(void)
{
    uint32_t ebx = 0, ecx = 0;
    pxhv_call(PXHV_YIELD, &ebx, &ecx);
}

/* Nanoseconds. */
static inline uint64_t pxhv_time(enum pxhv_clock clock)
{
    uint32_t low = clock, high = 0;
    pxhv_call(PXHV_TIME, &low, &high);
    return (uint64_t)high << 32 | low;
}
