/* The console: the UART at COM1. */
#pragma once
#include <stddef.h>

/* Sets the UART to 115200 baud, 8 bits, no parity, 1 stop bit. */
void console_start(void);

/* Sends one character; a new line gets the carriage return that terminals want. */
void put(char character);

/* Prints text. In `format`, %s is a string, %c a character, %d an int, %u an unsigned, %x the same in hexadecimal,
   and a number between, as in %8x or %02u, is the width. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Waits for a character. */
char get(void);

/* Reads a line with `next` (get, for one), shows it as it is typed, and returns its length. Backspace works; what does
   not fit into `size` bytes is dropped. */
size_t scan(char *line, size_t size, char (*next)(void));
