#include "interrupts.h"
#include "console.h"
#include "ports.h"
#include <stddef.h>

enum { VECTORS = 48, FIRST_LINE = 32, LINES = 16 };
enum { CODE = 0x08, INTERRUPT_GATE = 0x8e }; /* present, ring 0, 32-bit; interrupts are off in it */

/* Intel SDM volume 3, "IDT Descriptors". */
struct gate {
    uint16_t offset_low, selector;
    uint8_t zero, type;
    uint16_t offset_high;
};

extern const uint32_t vectors[VECTORS]; /* vectors.asm */
static struct gate idt[VECTORS];
static interrupt_handler handlers[LINES];

/* The two 8259A interrupt controllers, the second behind line 2 of the first. */
enum { PIC1 = 0x20, PIC2 = 0xa0, DATA = 1 };
enum { START = 0x11, MODE_8086 = 0x01, END_OF_INTERRUPT = 0x20, READ_IN_SERVICE = 0x0b };

static void pic_start(void)
{
    out8(PIC1, START);
    out8(PIC2, START);
    out8(PIC1 + DATA, FIRST_LINE); /* after reset they use vectors that are exceptions */
    out8(PIC2 + DATA, FIRST_LINE + 8);
    out8(PIC1 + DATA, 1 << IRQ_CASCADE);
    out8(PIC2 + DATA, IRQ_CASCADE);
    out8(PIC1 + DATA, MODE_8086);
    out8(PIC2 + DATA, MODE_8086);
    out8(PIC1 + DATA, (uint8_t)~(1 << IRQ_CASCADE)); /* a one masks its line */
    out8(PIC2 + DATA, 0xff);
}

/* Whether an interrupt on the last line of a controller is nobody's: the line fell before the CPU asked which it was. */
static int is_spurious(unsigned line)
{
    if (line % 8 != 7)
        return 0;
    uint16_t pic = line < 8 ? PIC1 : PIC2;
    out8(pic, READ_IN_SERVICE);
    if (in8(pic) & 0x80)
        return 0;
    if (pic == PIC2)
        out8(PIC1, END_OF_INTERRUPT);
    return 1;
}

void interrupts_start(void)
{
    for (unsigned i = 0; i < VECTORS; i++)
        idt[i] = (struct gate){ .offset_low = (uint16_t)vectors[i], .selector = CODE, .type = INTERRUPT_GATE,
                                .offset_high = (uint16_t)(vectors[i] >> 16) };
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) pointer = { sizeof idt - 1, (uint32_t)idt };
    __asm__ volatile("lidt %0" : : "m"(pointer));
    pic_start();
}

void interrupts_handle(unsigned line, interrupt_handler handler)
{
    handlers[line] = handler;
    uint16_t mask = (line < 8 ? PIC1 : PIC2) + DATA;
    out8(mask, (uint8_t)(in8(mask) & ~(1 << line % 8)));
}

static void __attribute__((noreturn)) fail(const struct frame *frame)
{
    print("\nNanoX: exception %u, error code %x, at %08x\n", frame->vector, frame->error_code, frame->eip);
    print("eax %08x ebx %08x ecx %08x edx %08x\n", frame->eax, frame->ebx, frame->ecx, frame->edx);
    print("esi %08x edi %08x ebp %08x flags %08x\n", frame->esi, frame->edi, frame->ebp, frame->eflags);
    for (;;)
        __asm__ volatile("cli\n\thlt");
}

/* Called by vectors.asm, with interrupts off. */
struct frame *interrupt(struct frame *frame)
{
    if (frame->vector < FIRST_LINE)
        fail(frame);
    unsigned line = frame->vector - FIRST_LINE;
    if (is_spurious(line))
        return frame;
    if (line >= 8)
        out8(PIC2, END_OF_INTERRUPT);
    out8(PIC1, END_OF_INTERRUPT);
    return handlers[line] ? handlers[line](frame) : frame;
}
