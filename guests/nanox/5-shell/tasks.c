#include "tasks.h"
#include "timer.h"

enum { STACK = 4096, CODE = 0x08 };

struct task tasks[TASKS];
unsigned current;
static uint8_t stacks[TASKS][STACK] __attribute__((aligned(16)));

void tasks_start(const char *name)
{
    tasks[0] = (struct task){ .name = name, .state = TASK_READY };
}

int task_start(const char *name, void (*code)(void))
{
    for (int i = 1; i < TASKS; i++) {
        if (tasks[i].state != TASK_FREE)
            continue;
        /* As if it had been interrupted before its first instruction. */
        struct frame *frame = (struct frame *)(stacks[i] + STACK) - 1;
        *frame = (struct frame){ .eip = (uint32_t)code, .cs = CODE, .eflags = INTERRUPT_FLAG | 2 };
        tasks[i] = (struct task){ .name = name, .frame = frame };
        tasks[i].state = TASK_READY; /* last: an interrupt may come at any time */
        return i;
    }
    return -1;
}

void task_sleep(uint32_t count)
{
    struct task *task = &tasks[current];
    uint32_t until = ticks + count;
    task->wake_at = until;
    task->state = TASK_SLEEPING;
    while ((int32_t)(ticks - until) < 0)
        wait_for_interrupt();
}

/* Round robin: the next one that can run. If all sleep, the one that was interrupted goes on, which is in HLT. */
struct frame *tasks_switch(struct frame *frame)
{
    tasks[current].used++;
    tasks[current].frame = frame;
    for (unsigned i = 1; i <= TASKS; i++) {
        unsigned next = (current + i) % TASKS;
        struct task *task = &tasks[next];
        if (task->state == TASK_SLEEPING && (int32_t)(ticks - task->wake_at) >= 0)
            task->state = TASK_READY;
        if (task->state == TASK_READY) {
            current = next;
            return task->frame;
        }
    }
    return frame;
}
