; Hardware task switches as a guest sees them: CALL, JMP and IRET, task gates, events through task gates, faults of the old
; and of the new task, page tables of their own. A line for each result, `task-switch: all ok` at the end.
;
; It runs on a bare processor, too: qemu-system-x86_64 -kernel.

%include "bzimage.inc"
%include "lib/mode.inc"
%include "lib/lapic_registers.inc"

        mode    32
        call    set_up
        call    lapic_on_32
%include "task-switch/tasks.inc"
%include "task-switch/instructions.inc"
%include "task-switch/events.inc"
%include "task-switch/faults.inc"
%include "task-switch/paging.inc"
        jmp     finish_32

guest_name: db "task-switch", 0
%include "lib/all.inc"
        bzimage_end
