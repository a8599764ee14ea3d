import { asm } from "@lockframe/assembler";

/** What makes a file a kernel to boot loaders. Source: Linux arch/s390/boot/head.S, include/asm/setup.h. */
export const kernelFile = asm("kernel-file.s")`
.equ sccb,           0x2000
.equ scratch,        0x3000
.equ input,          0x4000         # what READ EVENT DATA brought
.equ terminal,       0x5000         # the terminal's variables and the line as typed
.equ uvcb,           0x6000         # Ultravisor call control block
.equ shareable,      0x7000         # a page that commands share with the host and take back
.equ stack_top,      0x10000

    .org   0x10000
    j      start
    .org   0x10008
    .ascii "S390EP"
    .byte  0,1                      # version of what follows
    .org   0x10400
    .quad  0                        # IPL device
initrd_start:
    .quad  0
initrd_size:
    .quad  0
    .org   0x10430
    .quad  command_line_end-command_line
    .org   0x10480
command_line:
    .skip  896
command_line_end:
    .org   0x11000
`;
