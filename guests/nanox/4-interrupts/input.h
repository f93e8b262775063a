/* What was typed, on the serial line or on the keyboard. */
#pragma once

/* Turns both interrupts on. */
void input_start(void);

/* Returns whether something was typed and not read yet. */
int input_waits(void);

/* Waits for the next character, with interrupts on. */
char input_get(void);
