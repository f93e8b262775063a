/* Tasks: several threads of execution on one CPU, 100 switches a second. */
#pragma once
#include "interrupts.h"

enum { TASKS = 8 };
enum task_state { TASK_FREE, TASK_READY, TASK_SLEEPING };

struct task {
    const char *name;
    enum task_state state;
    uint32_t wake_at;        /* tick, while sleeping */
    uint32_t used;           /* ticks that found it running */
    struct frame *frame;     /* where it goes on, while another one runs */
};

extern struct task tasks[TASKS];
extern unsigned current;

/* Makes the caller the first task. */
void tasks_start(const char *name);

/* Starts another one; returns its number, or -1 if there is no room. `code` must not return. */
int task_start(const char *name, void (*code)(void));

/* Lets the others run until `count` ticks have passed. */
void task_sleep(uint32_t count);

/* The handler of the timer: chooses who goes on. */
struct frame *tasks_switch(struct frame *frame);
