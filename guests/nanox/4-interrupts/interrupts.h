/* Exceptions and interrupts. */
#pragma once
#include <stdint.h>

/* The registers of the code that was interrupted, as vectors.asm and the CPU pushed them. */
struct frame {
    uint32_t edi, esi, ebp, unused_esp, ebx, edx, ecx, eax;
    uint32_t vector, error_code;
    uint32_t eip, cs, eflags;
};

/* Handles an interrupt line and returns the frame to go on with. */
typedef struct frame *(*interrupt_handler)(struct frame *frame);

enum { IRQ_TIMER = 0, IRQ_KEYBOARD = 1, IRQ_CASCADE = 2, IRQ_SERIAL = 4, INTERRUPT_FLAG = 1 << 9 };

/* Fills the IDT and sets up the interrupt controllers. All lines are off. */
void interrupts_start(void);

/* Turns a line on. */
void interrupts_handle(unsigned line, interrupt_handler handler);

static inline void interrupts_on(void)
{
    __asm__ volatile("sti" : : : "memory");
}

/* Sleeps until an interrupt was handled. STI takes effect behind the next instruction, so none can come between the two
   and be slept through. */
static inline void wait_for_interrupt(void)
{
    __asm__ volatile("sti\n\thlt" : : : "memory");
}
