#include "hypercall.h"
#include "console.h"
#include "pxhv.h"

enum { NANOSECONDS_IN_SECOND = 1000000000 };

/* The compiler's division of 64 bits would need a library; the processor's gives 32 bits, enough for 136 years. */
static uint32_t seconds_of(uint64_t nanoseconds)
{
    uint32_t seconds, rest;
    __asm__("divl %4"
            : "=a"(seconds), "=d"(rest)
            : "a"((uint32_t)nanoseconds), "d"((uint32_t)(nanoseconds >> 32)), "r"(NANOSECONDS_IN_SECOND));
    return seconds;
}

void hypercall_show(void)
{
    static const char text[] = "this line took no port: pxHV printed it\r\n";
    if (!pxhv_present()) {
        print("no pxHV is below this system\n");
        return;
    }
    uint32_t version = pxhv_version();
    print("below: pxHV %u.%u.%u\n", version >> 16, version >> 8 & 0xff, version & 0xff);
    print("powered on %u s ago, at %u s after 1970\n", seconds_of(pxhv_time(PXHV_SINCE_POWER_ON)),
          seconds_of(pxhv_time(PXHV_SINCE_1970) - pxhv_time(PXHV_SINCE_POWER_ON)));
    pxhv_print(text, sizeof text - 1);
    pxhv_yield();
}
