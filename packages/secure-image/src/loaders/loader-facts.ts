import { asm } from "@lockframe/assembler";

/**
 * What both loaders agree on. Wait codes and storage map are those of the loaders of s390-tools, which
 * this project's are meant to stand in for (include/boot/loaders_layout.h, rust/pvimg/boot).
 */
export const loaderFacts = asm("loader-facts.s")`
* Storage below the kernel
.equ sccb,            0x2000       # heap, 0x2000-0x5fff
.equ scratch,         0x3000
.equ stage3b_at,      0xa000       # up to 0xefff
.equ stage3a_bss,     0xc000       # one page; image metadata stands there in the file
.equ stack,           0xf000       # one page
.equ stack_top,       0x10000
.equ kernel_at,       0x10000

* Addresses of disabled waits
.equ wait_internal,   0x4511       # the image is not what it should be
.equ wait_no_unpack,  0x4607       # the machine cannot unpack images
.equ wait_unpack,     0x4608       # the image was refused

.equ set_architecture, 0x12        # SIGP order
`;
