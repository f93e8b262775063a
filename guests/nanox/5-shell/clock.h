/* The clock that runs on a battery while the computer is off. */
#pragma once
#include <stdint.h>

struct date {
    unsigned year, month, day, hour, minute, second;
};

struct date clock_read(void);
