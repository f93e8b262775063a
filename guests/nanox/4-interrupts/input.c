#include "input.h"
#include "interrupts.h"
#include "ports.h"

/* A ring: the interrupt handlers write at `head`, input_get reads at `tail`. One slot stays free, which tells full from
   empty. Each index has one writer, so nothing has to be locked. */
enum { SIZE = 128 };
static char ring[SIZE];
static volatile unsigned head, tail;

static void keep(char character)
{
    unsigned next = (head + 1) % SIZE;
    if (next == tail)
        return; /* full: what is typed now is lost */
    ring[head] = character;
    head = next;
}

enum { UART = 0x3f8, INTERRUPT_ENABLE = 1, LINE_STATUS = 5, RECEIVED = 0x01 };

static struct frame *serial(struct frame *frame)
{
    while (in8(UART + LINE_STATUS) & RECEIVED)
        keep((char)in8(UART));
    return frame;
}

enum { KEYBOARD_DATA = 0x60, KEYBOARD_STATUS = 0x64, OUTPUT_FULL = 0x01 };
enum { RELEASED = 0x80, LEFT_SHIFT = 0x2a, RIGHT_SHIFT = 0x36 };

/* Scan code set 1, the keys of a US keyboard. */
static const char plain[] = "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

static struct frame *keyboard(struct frame *frame)
{
    static int shift;
    while (in8(KEYBOARD_STATUS) & OUTPUT_FULL) {
        uint8_t code = in8(KEYBOARD_DATA);
        uint8_t key = code & (uint8_t)~RELEASED;
        if (key == LEFT_SHIFT || key == RIGHT_SHIFT)
            shift = !(code & RELEASED);
        else if (!(code & RELEASED) && key < sizeof plain) {
            char character = (shift ? shifted : plain)[key];
            if (character)
                keep(character);
        }
    }
    return frame;
}

void input_start(void)
{
    interrupts_handle(IRQ_SERIAL, serial);
    interrupts_handle(IRQ_KEYBOARD, keyboard);
    out8(UART + INTERRUPT_ENABLE, RECEIVED);
    /* What came before is still there, and its edges are gone. */
    serial(0);
    keyboard(0);
}

int input_waits(void)
{
    return head != tail;
}

char input_get(void)
{
    for (;;) {
        /* With interrupts off, nothing can come between the question and the sleep. */
        __asm__ volatile("cli" : : : "memory");
        if (input_waits())
            break;
        wait_for_interrupt();
    }
    char character = ring[tail];
    tail = (tail + 1) % SIZE;
    interrupts_on();
    return character;
}
