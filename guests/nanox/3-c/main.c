/* NanoX, chapter 3: C. The UART is asked again and again whether it has something; chapter 4 ends that. */
#include "console.h"

static unsigned number(const char *digits)
{
    unsigned value = 0;
    for (; *digits >= '0' && *digits <= '9'; digits++)
        value = value * 10 + (unsigned)(*digits - '0');
    return value;
}

void main(void)
{
    char line[40];
    console_start();
    print("NanoX 3: hello from C\n");
    print("Your name? ");
    scan(line, sizeof line, get);
    print("Hello, %s!\n", line);
    for (;;) {
        print("A number? (0 ends) ");
        scan(line, sizeof line, get);
        unsigned value = number(line);
        if (value == 0)
            break;
        print("%u is %x in hexadecimal, its square is %u\n", value, value, value * value);
    }
    print("NanoX 3: goodbye\n");
}
