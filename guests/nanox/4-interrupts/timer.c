#include "timer.h"
#include "ports.h"

enum { CHANNEL_0 = 0x40, MODE = 0x43 };
enum { LOW_THEN_HIGH_MODE_2 = 0x34 };
enum { CLOCK = 1193182 }; /* Hz */

volatile uint32_t ticks;
static interrupt_handler after_tick;

static struct frame *tick(struct frame *frame)
{
    ticks++;
    return after_tick ? after_tick(frame) : frame;
}

void timer_start(interrupt_handler handler)
{
    enum { COUNT = (CLOCK + TICKS_PER_SECOND / 2) / TICKS_PER_SECOND };
    after_tick = handler;
    out8(MODE, LOW_THEN_HIGH_MODE_2);
    out8(CHANNEL_0, COUNT & 0xff);
    out8(CHANNEL_0, COUNT >> 8);
    interrupts_handle(IRQ_TIMER, tick);
}
