/* The timer: channel 0 of the 8254. */
#pragma once
#include "interrupts.h"

enum { TICKS_PER_SECOND = 100 };

/* Interrupts that came since timer_start. */
extern volatile uint32_t ticks;

/* Lets line 0 rise 100 times a second. `handler` is called after each tick was counted. */
void timer_start(interrupt_handler handler);
