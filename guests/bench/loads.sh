#!/bin/sh
# PID 1 of a Linux guest that works, each time on something else. Before and after each load it says so on the console,
# where a measurement takes the count: `load NAME: begin`, `load NAME: end`; at the end `loads: done`.

export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev

# Computing, without the kernel.
processor() {
    sha256sum "$1" "$1" "$1" >/dev/null
}

# New memory, page by page, given back and taken again: page faults and page tables.
memory() {
    round=0
    while [ $round -lt "$1" ]; do
        dd if=/dev/zero of=/dev/null bs=8M count=1 2>/dev/null
        round=$((round + 1))
    done
}

# Processes that copy the page tables of their parent, and end.
processes() {
    round=0
    while [ $round -lt "$1" ]; do
        (:)
        round=$((round + 1))
    done
}

# A byte at a time: two system calls for each.
calls() {
    dd if=/dev/zero of=/dev/null bs=1 count="$1" 2>/dev/null
}

# Bytes to the serial port.
devices() {
    cat "$1"
}

load() {
    echo "load $1: begin"
    "$@"
    echo "load $1: end"
}

round=0
while [ $round -lt 1600 ]; do
    echo '0123456789 0123456789 0123456789 0123456789 0123456789 012345678'
    round=$((round + 1))
done >/tmp/text

# What is needed for the first time, memory and files, is a matter of the boot.
memory 2
processes 10

load processor /bin/busybox
load memory 12
load processes 500
load calls 250000
load devices /tmp/text
echo 'loads: done'
while true; do
    sleep 1000
done
