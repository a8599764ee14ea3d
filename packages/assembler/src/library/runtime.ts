import { asm } from "../source.ts";

/** What every program needs first and last. */
export const runtime = asm("runtime.s")`
* Copy %r4 bytes from %r3 to %r2, from the left: operands may overlap where the target lies below the source.
copy:
    lgr    %r5,%r4              # MVCLE wants address and length in even-odd pairs
    lgr    %r1,%r3
    lgr    %r3,%r5
    lgr    %r4,%r1
1:  mvcle  %r2,%r4,0
    jo     1b                   # the CPU may stop in between
    br     %r14

* Set %r3 bytes at %r2 to zero.
clear:
    lghi   %r4,0
    lghi   %r5,0                # nothing to copy from: padding does all of it
1:  mvcle  %r2,%r4,0
    jo     1b
    br     %r14

* Have program interruptions end in a disabled wait at the address that they happened at.
catch_program_interruptions:
    larl   %r1,1f
    mvc    program_new_psw(16),0(%r1)
    br     %r14
    .align 8
1:  .quad  psw_running, 2f
2:  lg     %r2,program_old_psw+8

* Load a disabled wait PSW whose address, from %r2, tells the operator why.
disabled_wait:
    llill  %r1,scratch+0xff0
    stg    %r2,8(%r1)
    larl   %r2,1f
    mvc    0(8,%r1),0(%r2)
    lpswe  0(%r1)
    .align 8
1:  .quad  psw_disabled_wait
`;
