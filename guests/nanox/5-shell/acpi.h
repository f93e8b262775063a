/* Power: what ACPI's tables say about it. */
#pragma once

/* Turns the machine off. Returns if there are no tables, or they don't tell how. */
void power_off(void);

/* Resets the machine by the keyboard controller. */
void reboot(void);
