import { asm, library, type Source } from "@lockframe/assembler";
import { loaderFacts } from "./facts.ts";

/**
 * What stands first in the stage3b component, wherever the builder put it: it moves stage3b, which follows,
 * out of the kernel's way. Position-independent.
 */
const relocator = asm("stage3b-relocator.s")`
    lhi    %r1,1
    lhi    %r0,0
    sigp   %r1,%r0,set_architecture
    sam64
    llill  %r2,stage3b_at
    llilf  %r3,stage3b_size     # defined by whoever knows it
    larl   %r4,stage3b
    lgr    %r5,%r3
1:  mvcle  %r2,%r4,0
    jo     1b                   # the CPU may stop in between
    llill  %r1,stage3b_at
    br     %r1
    .align 8
stage3b:
`;

/**
 * stage3b, the first code inside of the secure configuration: puts kernel, command line and initial RAM
 * disk where a kernel expects them from a boot loader, and starts it.
 */
const program = asm("stage3b.s")`
    .org   stage3b_at
    llilf  %r15,stack_top-160
    brasl  %r14,catch_program_interruptions
    lghi   %r2,0                # nobody is to talk to us
    llilf  %r3,events_line_mode|events_ascii
    brasl  %r14,console_open
    larl   %r13,arguments

* The first 64 KiB of a kernel file are for other ways of booting.
    larl   %r2,text_kernel
    lg     %r4,kernel_size-arguments(%r13)
    clgfi  %r4,kernel_at
    jl     panic
    slgfi  %r4,kernel_at
    lg     %r3,kernel_source-arguments(%r13)
    algfi  %r3,kernel_at
    llilh  %r2,kernel_at>>16
    brasl  %r14,copy

* The kernel says how long a command line it takes.
    llilh  %r12,kernel_at>>16
    lg     %r4,cmdline_size-arguments(%r13)
    ltg    %r1,kernel_cmdline_limit(%r12)
    jnz    1f
    lghi   %r1,default_cmdline_limit
1:  larl   %r2,text_too_long
    clgr   %r4,%r1
    jh     panic
    ltgr   %r4,%r4
    jz     2f                   # there is none
    larl   %r2,text_no_end
    lg     %r3,cmdline_source-arguments(%r13)
    lay    %r1,-1(%r4,%r3)
    cli    0(%r1),0
    jne    panic
    la     %r2,kernel_cmdline(%r12)
    brasl  %r14,copy
2:

* The RAM disk stays where it is.
    ltg    %r4,initrd_size-arguments(%r13)
    jz     3f
    stg    %r4,kernel_initrd_size(%r12)
    mvc    kernel_initrd_start(8,%r12),initrd_source-arguments(%r13)
3:

    lghi   %r2,0                # the kernel finds the event facility unused
    lghi   %r3,0
    brasl  %r14,console_open
    lpswe  kernel_psw-arguments(%r13)

* Parameters that a kernel takes, from its beginning. Source: Linux arch/s390/include/asm/setup.h
.equ kernel_initrd_start,   0x408
.equ kernel_initrd_size,    0x410
.equ kernel_cmdline_limit,  0x430
.equ kernel_cmdline,        0x480
.equ default_cmdline_limit, 896

* Stop with the message at %r2.
panic:
    brasl  %r14,append_text
    brasl  %r14,print_line
    lghi   %r2,wait_internal
    j      disabled_wait
`;

const texts = library.texts("stage3b-texts.s", {
  text_kernel: "Invalid kernel",
  text_too_long: "Command line is too large",
  text_no_end: "Command line does not end",
});

/** Filled in by the image builder: the last 64 bytes. Addresses are absolute, sizes those before padding. */
const argumentBlock = asm("stage3b-arguments.s")`
    .align 8
arguments:
kernel_source:  .quad 0
kernel_size:    .quad 0
cmdline_source: .quad 0
cmdline_size:   .quad 0
initrd_source:  .quad 0
initrd_size:    .quad 0
kernel_psw:     .quad psw_running, kernel_at
`;

export const relocatorSources: readonly Source[] = [library.assignedStorage, loaderFacts, relocator];

export const stage3bSources: readonly Source[] = [
  library.assignedStorage,
  loaderFacts,
  program,
  library.runtime,
  library.serviceCall,
  library.console,
  texts,
  argumentBlock,
];
