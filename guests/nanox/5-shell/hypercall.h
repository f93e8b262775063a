/* What is below this system: pxHV, and what it says when it is asked. */
#pragma once

void hypercall_show(void);
