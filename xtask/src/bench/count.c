/* A plugin for QEMU without KVM (docs/devel/tcg-plugins.rst in its source): counts executed instructions and says at
 * which count what happened. Each iteration of a REP instruction is one. For one CPU.
 *
 * count.so,out=FILE,console=FILE[,start=ADDRESS][,pause=TEXT,go=FILE]
 *
 * Lines of the output:
 *   console COUNT GUEST VMRUNS BYTES   so many bytes are in the console's file now
 *   entry COUNT   the first VMRUN
 *   start COUNT   the first execution of the instruction at ADDRESS
 *   screen COUNT GUEST VMRUNS   the last store to a VGA's text memory: a guest's, if there is one
 *   paused   TEXT is at the console's end now; nothing is executed until the file `go` is there
 *   end
 * COUNT is of all instructions, GUEST of those in guests: from a VMRUN to the instruction behind it; VMRUNS so far.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The part of qemu-plugin.h (version 1) that is used here; Debian has the header in no package of QEMU's. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*execute_t)(unsigned int cpu, void *data);
typedef void (*access_t)(unsigned int cpu, uint32_t kind, uint64_t address, void *data);
enum { ADD_U64 = 0 };
enum { NO_REGISTERS = 0 };
enum { STORES = 2 };
enum { OPERAND_SIZE = 0x66 };
extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, execute_t, int, void *);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, int, void *, uint64_t);
extern void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *, access_t, int, int, void *);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static FILE *output;
static int console = -1;
static const char *console_name;
static off_t console_bytes;

static uint64_t count;          /* instructions so far */
static uint64_t guest;          /* of them, in guests, up to the last #VMEXIT */
static uint64_t entered;        /* count at the last VMRUN */
static uint64_t entries;
static uint64_t screen, screen_guest, screen_entries;
static int in_guest;
static const char *pause_text;
static const char *go_name;
static int has_paused;
static uint64_t start;          /* an address to be watched */
static int has_started;
static uint64_t exit_address;   /* the instruction behind VMRUN */

static uint64_t guest_count(void)
{
    return guest + (in_guest ? count - entered : 0);
}

static void vmrun(unsigned int cpu, void *data)
{
    if (entries++ == 0)
        fprintf(output, "entry %" PRIu64 "\n", count);
    in_guest = 1;
    entered = count;
}

static void vmexit(unsigned int cpu, void *data)
{
    guest = guest_count();
    in_guest = 0;
}

static void started(unsigned int cpu, void *data)
{
    if (!has_started)
        fprintf(output, "start %" PRIu64 "\n", count);
    has_started = 1;
}

/* QEMU's other thread does what disks and serial ports do, in its own time: microseconds, more on a busy computer. */
enum { SHORT_REST = 20, LONG_REST = 2000 };

/* A BIOS that looks at a port again and again waits for a disk. A moment of rest, and it is ready: the loop would be counted
 * as often as it goes round in that moment. Delays go by QEMU's clock, which stands still meanwhile: they are not rested
 * through to their end. Kernels do no such thing. */
static void rest_if_polling(uint64_t address)
{
    enum { SLOTS = 64, LOOP = 200, RESTS = 30 };
    static struct { uint64_t address, count; unsigned int rests; } seen[SLOTS];
    typeof(seen[0]) *slot = &seen[address % SLOTS];
    int is_polling = slot->address == address && count - slot->count < LOOP;

    if (!is_polling)
        slot->rests = 0;
    else if (slot->rests++ < RESTS)
        usleep(slot->rests < 10 ? SHORT_REST : LONG_REST);
    slot->address = address;
    slot->count = count;
}

/* Whether the console ends with the text that is waited for. */
static int is_time_to_pause(void)
{
    char end[64];
    size_t length = pause_text == NULL ? 0 : strlen(pause_text);

    return length > 0 && length <= sizeof end && !has_paused && console_bytes >= (off_t)length
        && pread(console, end, length, console_bytes - (off_t)length) == (ssize_t)length
        && memcmp(end, pause_text, length) == 0;
}

/* Stands still until there is the file that says so. */
static void wait_for_go(void)
{
    has_paused = 1;
    fprintf(output, "paused\n");
    fflush(output);
    while (access(go_name, F_OK) != 0)
        usleep(10000);
}

/* A port instruction: what the one before it sent is in the file by now. */
static void port(unsigned int cpu, void *address)
{
    struct stat now;

    if (has_paused)
        usleep(LONG_REST);
    else if (entries == 0 && !has_started)
        rest_if_polling((uintptr_t)address);
    if (console < 0)
        console = open(console_name, O_RDONLY);
    if (console < 0 || fstat(console, &now) != 0 || now.st_size == console_bytes)
        return;
    console_bytes = now.st_size;
    fprintf(output, "console %" PRIu64 " %" PRIu64 " %" PRIu64 " %jd\n", count, guest_count(), entries,
            (intmax_t)console_bytes);
    if (is_time_to_pause())
        wait_for_go();
}

static void store(unsigned int cpu, uint32_t kind, uint64_t address, void *data)
{
    if (address >= 0xb8000 && address < 0xc0000 && (in_guest || entries == 0)) {
        screen = count;
        screen_guest = guest_count();
        screen_entries = entries;
    }
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        const uint8_t *bytes = qemu_plugin_insn_data(instruction);
        size_t size = qemu_plugin_insn_size(instruction);
        uint64_t address = qemu_plugin_insn_vaddr(instruction);

        if (exit_address != 0 && address == exit_address)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, vmexit, NO_REGISTERS, NULL);
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, ADD_U64, &count, 1);
        qemu_plugin_register_vcpu_mem_cb(instruction, store, NO_REGISTERS, STORES, NULL);
        if (size == 3 && memcmp(bytes, "\x0f\x01\xd8", 3) == 0) {
            exit_address = address + 3;
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, vmrun, NO_REGISTERS, NULL);
        }
        if (start != 0 && address == start)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, started, NO_REGISTERS, NULL);
        /* IN and OUT through DX: opcodes ECh to EFh. */
        if (bytes[size - 1] >= 0xec && bytes[size - 1] <= 0xef && (size == 1 || (size == 2 && bytes[0] == OPERAND_SIZE)))
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, port, NO_REGISTERS, (void *)(uintptr_t)address);
    }
}

static void end(qemu_plugin_id_t id, void *data)
{
    fprintf(output, "screen %" PRIu64 " %" PRIu64 " %" PRIu64 "\nend\n", screen, screen_guest, screen_entries);
    fclose(output);
}

__attribute__((visibility("default")))
int qemu_plugin_install(qemu_plugin_id_t id, const void *information, int arguments, char **argument)
{
    for (int i = 0; i < arguments; i++) {
        if (strncmp(argument[i], "out=", 4) == 0)
            output = fopen(argument[i] + 4, "w");
        else if (strncmp(argument[i], "console=", 8) == 0)
            console_name = strdup(argument[i] + 8);
        else if (strncmp(argument[i], "start=", 6) == 0)
            start = strtoull(argument[i] + 6, NULL, 10);
        else if (strncmp(argument[i], "pause=", 6) == 0)
            pause_text = strdup(argument[i] + 6);
        else if (strncmp(argument[i], "go=", 3) == 0)
            go_name = strdup(argument[i] + 3);
    }
    if (output == NULL || console_name == NULL || (pause_text != NULL && go_name == NULL))
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, end, NULL);
    return 0;
}
