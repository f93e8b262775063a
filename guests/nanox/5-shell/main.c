/* NanoX, chapter 5: a shell, and tasks that run beside it. */
#include "acpi.h"
#include "clock.h"
#include "console.h"
#include "hypercall.h"
#include "input.h"
#include "tasks.h"
#include "timer.h"
#include <stddef.h>

static volatile uint32_t primes, seconds;

/* Never gives the CPU away: the timer takes it. */
static void worker(void)
{
    for (uint32_t candidate = 2;; candidate++) {
        uint32_t divisor = 2;
        while (divisor * divisor <= candidate && candidate % divisor)
            divisor++;
        if (divisor * divisor > candidate)
            primes++;
        if (primes % 1000 == 0)
            task_sleep(TICKS_PER_SECOND); /* a rest, so that the computer's fan gets one, too */
    }
}

static void counter(void)
{
    for (;;) {
        task_sleep(TICKS_PER_SECOND);
        seconds++;
    }
}

/* How much memory there is from address 0 on, in MB: where there is none, nothing keeps what is written. */
static unsigned memory(void)
{
    enum { MB = 1 << 20, LIMIT = 3072 };
    unsigned count = 1;
    for (; count < LIMIT; count++) {
        volatile uint32_t *word = (volatile uint32_t *)(count * MB);
        uint32_t old = *word;
        *word = ~old;
        int kept = *word == ~old;
        *word = old;
        if (!kept)
            break;
    }
    return count;
}

static void help(void);

static void show_memory(void)
{
    extern char bss_end[];
    print("%u MB of memory; NanoX ends at %x\n", memory(), (unsigned)bss_end);
}

static void show_time(void)
{
    struct date now = clock_read();
    print("%u-%02u-%02u %02u:%02u:%02u, up for %u s\n", now.year, now.month, now.day, now.hour, now.minute, now.second,
          ticks / TICKS_PER_SECOND);
}

static void show_tasks(void)
{
    static const char *const states[] = { "", "ready", "sleeping" };
    print("task     state    ticks\n");
    for (unsigned i = 0; i < TASKS; i++)
        if (tasks[i].state != TASK_FREE)
            print("%8s %8s %u\n", tasks[i].name, i == current ? "running" : states[tasks[i].state], tasks[i].used);
    print("worker found %u primes, counter counted %u seconds\n", primes, seconds);
}

static void try_power_off(void)
{
    print("NanoX: power off\n");
    power_off();
    print("NanoX: no ACPI tables tell how\n");
}

static const struct command {
    const char *name, *what;
    void (*run)(void);
} commands[] = {
    { "help", "this list", help },
    { "mem", "how much memory there is", show_memory },
    { "time", "date, time, and how long NanoX runs", show_time },
    { "tasks", "what runs", show_tasks },
    { "hypercall", "what pxHV says about itself", hypercall_show },
    { "reboot", "reset the machine", reboot },
    { "poweroff", "turn the machine off", try_power_off },
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void help(void)
{
    for (size_t i = 0; i < COMMANDS; i++)
        print("%8s %s\n", commands[i].name, commands[i].what);
}

static int same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static void run(const char *line)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (same(line, commands[i].name)) {
            commands[i].run();
            return;
        }
    }
    print("%s: no such command; help lists them\n", line);
}

void main(void)
{
    console_start();
    interrupts_start();
    tasks_start("shell");
    task_start("worker", worker);
    task_start("counter", counter);
    timer_start(tasks_switch);
    input_start();
    print("NanoX 5: a shell; try help\n");
    for (;;) {
        char line[80];
        print("nanox> ");
        if (scan(line, sizeof line, input_get))
            run(line);
    }
}
