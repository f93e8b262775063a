#include "clock.h"
#include "ports.h"

enum { INDEX = 0x70, DATA = 0x71 };
enum { SECONDS = 0, MINUTES = 2, HOURS = 4, DAY = 7, MONTH = 8, YEAR = 9, STATUS_A = 10, STATUS_B = 11 };
enum { UPDATING = 0x80, BINARY = 0x04, HOURS_24 = 0x02, AFTERNOON = 0x80 };

static uint8_t cmos(uint8_t index)
{
    out8(INDEX, index);
    return in8(DATA);
}

static unsigned number(uint8_t value)
{
    return cmos(STATUS_B) & BINARY ? value : (value >> 4) * 10u + (value & 15u);
}

static struct date read_once(void)
{
    while (cmos(STATUS_A) & UPDATING)
        ;
    uint8_t hours = cmos(HOURS);
    unsigned hour = number(hours & (uint8_t)~AFTERNOON);
    if (!(cmos(STATUS_B) & HOURS_24))
        hour = hour % 12 + (hours & AFTERNOON ? 12 : 0);
    return (struct date){ 2000 + number(cmos(YEAR)), number(cmos(MONTH)), number(cmos(DAY)), hour,
                          number(cmos(MINUTES)), number(cmos(SECONDS)) };
}

/* The clock may go on between two registers: two equal readings are right. */
struct date clock_read(void)
{
    struct date one, two = read_once();
    do {
        one = two;
        two = read_once();
    } while (one.second != two.second || one.minute != two.minute || one.hour != two.hour || one.day != two.day);
    return two;
}
