#include "acpi.h"
#include "ports.h"
#include <stddef.h>

/* ACPI specification, "System Description Table Header". */
struct table {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem[6], oem_table[8];
    uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

/* "Root System Description Pointer". */
struct pointer {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
} __attribute__((packed));

/* "Fixed ACPI Description Table", as far as it is needed here. */
struct fixed {
    struct table header;
    uint32_t facs, dsdt;
    uint8_t reserved, profile;
    uint16_t sci;
    uint32_t smi_command;
    uint8_t acpi_enable, acpi_disable, s4_request, pstate_control;
    uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control;
} __attribute__((packed));

enum { AREA = 0xe0000, AREA_END = 0x100000, STEP = 16 };
enum { SLEEP_TYPE_SHIFT = 10, SLEEP_ENABLE = 1 << 13, ACPI_ON = 1 };
enum { PACKAGE = 0x12, BYTE = 0x0a, DEEPEST_LEAD = 4 };

static int same(const char *a, const char *b, size_t length)
{
    while (length > 0 && *a == *b)
        a++, b++, length--;
    return length == 0;
}

static const struct fixed *find_fixed(void)
{
    for (uintptr_t at = AREA; at < AREA_END; at += STEP) {
        const struct pointer *pointer = (const struct pointer *)at;
        if (!same(pointer->signature, "RSD PTR ", 8))
            continue;
        const struct table *root = (const struct table *)pointer->rsdt;
        const uint32_t *entry = (const uint32_t *)(root + 1);
        for (size_t count = (root->length - sizeof *root) / sizeof *entry; count > 0; count--, entry++) {
            const struct table *table = (const struct table *)*entry;
            if (same(table->signature, "FACP", 4))
                return (const struct fixed *)table;
        }
    }
    return NULL;
}

/* The first number of the package \_S5, which is AML: NameOp "_S5_" PackageOp length count number... */
static int soft_off_type(const struct table *dsdt)
{
    const uint8_t *code = (const uint8_t *)(dsdt + 1), *end = (const uint8_t *)dsdt + dsdt->length;
    for (; code + 4 + DEEPEST_LEAD + 4 < end; code++) {
        if (!same((const char *)code, "_S5_", 4) || code[4] != PACKAGE)
            continue;
        const uint8_t *value = code + 5;
        value += 1 + (*value >> 6); /* the length takes 1 to 4 bytes */
        value += 1;                 /* how many numbers */
        return *value == BYTE ? value[1] : *value;
    }
    return -1;
}

void power_off(void)
{
    const struct fixed *fixed = find_fixed();
    if (!fixed)
        return;
    int type = soft_off_type((const struct table *)fixed->dsdt);
    if (type < 0)
        return;
    uint16_t control = (uint16_t)fixed->pm1a_control;
    if (fixed->smi_command && !(in16(control) & ACPI_ON)) {
        out8((uint16_t)fixed->smi_command, fixed->acpi_enable);
        while (!(in16(control) & ACPI_ON))
            ;
    }
    out16(control, (uint16_t)(type << SLEEP_TYPE_SHIFT | SLEEP_ENABLE));
}

void reboot(void)
{
    enum { KEYBOARD_CONTROLLER = 0x64, INPUT_FULL = 0x02, PULSE_RESET = 0xfe };
    while (in8(KEYBOARD_CONTROLLER) & INPUT_FULL)
        ;
    out8(KEYBOARD_CONTROLLER, PULSE_RESET);
}
