/* NanoX, chapter 4: interrupts. Nothing is polled any more: between two events the CPU sleeps. */
#include "console.h"
#include "input.h"
#include "interrupts.h"
#include "timer.h"

void main(void)
{
    console_start();
    interrupts_start();
    timer_start(0);
    input_start();
    print("NanoX 4: hello from interrupts; type something, q ends\n");
    uint32_t shown = 0;
    for (;;) {
        __asm__ volatile("cli" : : : "memory");
        if (input_waits()) {
            char character = input_get();
            print("typed: %c\n", character);
            if (character == 'q')
                break;
        } else if (ticks / TICKS_PER_SECOND != shown) {
            shown = ticks / TICKS_PER_SECOND;
            interrupts_on();
            print("NanoX 4: second %u\n", shown);
        } else {
            wait_for_interrupt();
        }
    }
    print("NanoX 4: goodbye after %u ticks\n", ticks);
}
