; Everything that stage 2 says. A failure's text is its reason and, on the next line, what to do.

%macro  line 2+
%1:     db      %2, 13, 10, 0
%endmacro
%macro  part 2+
%1:     db      %2, 0
%endmacro
%macro  failure 3
%strlen %%length %3
%if %%length > 79
%error %1: the advice is longer than a line of the screen
%endif
%1:     db      %2, 13, 10, %3, 13, 10, 0
%endmacro

%assign FORMAT IMAGE_VERSION            ; in decimal
%defstr FORMAT_TEXT FORMAT

        section .text

        line    text_banner, "pxHV stage 2, image format ", FORMAT_TEXT
        line    text_new_line, ""
        part    text_failure, "pxHV can't start: "
        part    text_kilobytes, " KB"

; The image
        part    text_checksum_of, "checksum of "
        failure text_checksum_wrong, " is wrong", \
                "Write the image again, or to another drive; if that doesn't help, test the RAM."
        failure text_header_checksum, "checksum of the image header is wrong", \
                "Write the image again; if that doesn't help, try another drive."
        failure text_header_magic, "no image header behind the boot sector", \
                "Write the whole image to the drive, from its first sector on."
        failure text_header_version, "stage 2 and the image header have different formats", \
                "Build stage 2 and the image from the same sources."
        failure text_header_flags, "the image header has flags that this stage 2 does not know", \
                "Build stage 2 and the image from the same sources."
        failure text_header_contents, "the image header contradicts itself", \
                "Build the image again; this is a mistake of the program that built it."

; A20
        part    text_a20, "A20 "
        line    text_a20_already, "is on"
        line    text_a20_bios, "switched on by the BIOS"
        line    text_a20_keyboard, "switched on by the keyboard controller"
        line    text_a20_port_92, "switched on by port 92h"
        line    text_a20_off, "A20 is off, as the image header asks for"
        line    text_a20_not_off, "A20 stays on, though the image header asks for off"
        failure text_a20_failed, "address line A20 can't be switched on", \
                "Look for 'Gate A20' in the firmware setup and choose 'Fast'."

; Memory
        part    text_memory, "Memory map: "
        part    text_memory_ranges, " ranges, "
        line    text_memory_usable, " MB usable"
        line    text_memory_map_full, "Memory map: too long, the rest of it is ignored"
        failure text_no_memory_map, "the firmware gives no memory map (INT 15h, AX=E820h)", \
                "Update the firmware, or use a machine made after 2000."
        failure text_no_low_memory, "not enough memory below 1 MB", \
                "Switch off option ROMs (network or RAID boot) in the firmware setup."
        part    text_no_memory, "not enough memory for "
        part    text_no_memory_from, ": from "
        part    text_no_memory_length, " on it needs "
        failure text_no_memory_advice, "", \
                "Give the machine more memory, or the image smaller guests."

; Processor
        failure text_no_cpuid, "no long mode; this processor does not even have CPUID", \
                "pxHV needs a 64-bit processor with VT-x or AMD-V."
        failure text_no_long_mode, "no long mode", \
                "pxHV needs a 64-bit processor with VT-x or AMD-V."
        failure text_no_virtualization, "no VT-x or AMD-V", \
                "Use a processor with it; inside another hypervisor allow nested VMs."
        failure text_vmx_off, "VT-x is switched off", \
                "Switch on 'Intel Virtualization Technology' in the firmware setup; power cycle."
        failure text_no_ept, "no EPT", \
                "pxHV needs VT-x with extended page tables: Intel Westmere (2010) or newer."
        failure text_no_unrestricted, "no unrestricted guest", \
                "pxHV needs VT-x with this feature: Intel Westmere (2010) or newer."
        failure text_svm_off, "AMD-V is switched off", \
                "Switch on 'SVM Mode' in the firmware setup; power cycle."
        failure text_svm_locked, "AMD-V is switched off and locked", \
                "Switch on 'SVM Mode' in the firmware setup, or unlock it with its key."
        failure text_no_nested_paging, "no nested paging", \
                "pxHV needs AMD-V with nested paging: AMD family 10h (2007) or newer."
        line    text_vmx_supported, "VT-x supported"
        line    text_svm_supported, "AMD-V supported"

; Loading
        part    text_loading, "Loading "
        line    text_ok, " ok"
        part    text_disk_error, "disk error "
        part    text_disk_error_at, " at sector "
        failure text_disk_error_advice, "", \
                "Is the image truncated? Write it again; otherwise try another drive or port."
        failure text_disk_beyond, "the BIOS can't read so far into this drive", \
                "It has no INT 13h extensions: make the image smaller or use another drive."

; Long mode
        line    text_long_mode, "Long mode enabled"
        failure text_unpack_failed, "stage 3 does not unpack", \
                "Build the image again; this is a mistake of the program that built it."
        line    text_vmx_on, "VMXON executed successfully!"
        line    text_svm_on, "SVM enabled"
        failure text_vmx_failed, "the processor refuses VMXON", \
                "Update the firmware; another hypervisor may be running already."
        failure text_svm_failed, "AMD-V is switched off, and can't be switched on", \
                "Switch on 'SVM Mode' in the firmware setup; power cycle."
