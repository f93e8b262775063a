#include "console.h"
#include "ports.h"
#include <stdarg.h>

/* The registers of a 16550, by their offset. */
enum { UART = 0x3f8, DATA = 0, INTERRUPT_ENABLE = 1, DIVISOR_LOW = 0, DIVISOR_HIGH = 1, FIFO_CONTROL = 2, LINE_CONTROL = 3,
       MODEM_CONTROL = 4, LINE_STATUS = 5 };
enum { DIVISOR_ACCESS = 0x80, EIGHT_BITS = 0x03, FIFO_ON = 0x07, DTR_RTS_OUT2 = 0x0b };
enum { RECEIVED = 0x01, TRANSMIT_EMPTY = 0x20 };
enum { BACKSPACE = 8, DELETE = 127 };

void console_start(void)
{
    out8(UART + INTERRUPT_ENABLE, 0);
    out8(UART + LINE_CONTROL, DIVISOR_ACCESS);
    out8(UART + DIVISOR_LOW, 1); /* 115200 / 1 */
    out8(UART + DIVISOR_HIGH, 0);
    out8(UART + LINE_CONTROL, EIGHT_BITS);
    out8(UART + FIFO_CONTROL, FIFO_ON);
    out8(UART + MODEM_CONTROL, DTR_RTS_OUT2);
}

void put(char character)
{
    if (character == '\n')
        put('\r');
    while (!(in8(UART + LINE_STATUS) & TRANSMIT_EMPTY))
        ;
    out8(UART + DATA, (uint8_t)character);
}

static void print_number(unsigned value, unsigned base, int width, char fill)
{
    char digits[12];
    int count = 0;
    do
        digits[count++] = "0123456789abcdef"[value % base];
    while ((value /= base) != 0);
    for (int i = count; i < width; i++)
        put(fill);
    while (count > 0)
        put(digits[--count]);
}

static void print_text(const char *text, int width)
{
    for (; *text; text++, width--)
        put(*text);
    for (; width > 0; width--)
        put(' ');
}

void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    for (; *format; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        format++;
        char fill = *format == '0' ? '0' : ' ';
        int width = 0;
        for (; *format >= '0' && *format <= '9'; format++)
            width = width * 10 + *format - '0';
        switch (*format) {
        case 's':
            print_text(va_arg(arguments, const char *), width);
            break;
        case 'c':
            put((char)va_arg(arguments, int));
            break;
        case 'd': {
            int value = va_arg(arguments, int);
            if (value < 0)
                put('-');
            print_number(value < 0 ? 0u - (unsigned)value : (unsigned)value, 10, width, fill);
            break;
        }
        case 'u':
            print_number(va_arg(arguments, unsigned), 10, width, fill);
            break;
        case 'x':
            print_number(va_arg(arguments, unsigned), 16, width, fill);
            break;
        case 0:
            va_end(arguments);
            return;
        default:
            put(*format);
        }
    }
    va_end(arguments);
}

char get(void)
{
    while (!(in8(UART + LINE_STATUS) & RECEIVED))
        ;
    return (char)in8(UART + DATA);
}

size_t scan(char *line, size_t size, char (*next)(void))
{
    size_t length = 0;
    for (;;) {
        char character = next();
        if (character == '\r' || character == '\n') {
            put('\n');
            line[length] = 0;
            return length;
        }
        if (character == BACKSPACE || character == DELETE) {
            if (length > 0) {
                length--;
                print("\b \b");
            }
        } else if (character >= ' ' && length + 1 < size) {
            line[length++] = character;
            put(character);
        }
    }
}
