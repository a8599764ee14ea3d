import { asm } from "@lockframe/assembler";

/** Ultravisor calls of a protected guest. Source: Linux arch/s390/include/asm/uv.h. */
export const ultravisor = asm("ultravisor.s")`
.equ uv_facility,      158
.equ uv_query,         0x0001
.equ uv_share,         0x1000
.equ uv_unshare,       0x1001

* Fields of control blocks
.equ uvcb_rc,          4
.equ query_size,       0x120
.equ query_calls,      0x10             # bit n: call n of the list is offered
.equ share_size,       0x30
.equ share_address,    0x20

* Is STFLE bit 158 one? Returns one or zero.
has_ultravisor_calls:
    lay    %r15,-24(%r15)
    xc     0(24,%r15),0(%r15)           # an older machine stores fewer than three doublewords
    lghi   %r0,3-1
    stfle  0(%r15)
    lghi   %r2,1
    tm     uv_facility/8(%r15),0x80>>uv_facility%8
    la     %r15,24(%r15)
    bnzr   %r14
    lghi   %r2,0
    br     %r14

* Query the Ultravisor; the answer stays in the control block. Without the facility it is all zero.
query_ultravisor:
    lay    %r15,-8(%r15)
    stg    %r14,0(%r15)
    llill  %r2,uvcb
    lghi   %r3,query_size
    brasl  %r14,clear
    brasl  %r14,has_ultravisor_calls
    ltgr   %r2,%r2
    jz     1f
    llill  %r2,uvcb
    mvhhi  0(%r2),query_size
    mvhhi  2(%r2),uv_query
    brasl  %r14,ultravisor_call
1:  lg     %r14,0(%r15)
    la     %r15,8(%r15)
    br     %r14

* A guest is protected when it may share and unshare its pages. Returns one or zero.
is_protected:
    lay    %r15,-8(%r15)
    stg    %r14,0(%r15)
    brasl  %r14,query_ultravisor
    llill  %r1,uvcb
    lghi   %r2,0
    tm     query_calls+1(%r1),0xc0      # bits 8 and 9
    jno    1f
    lghi   %r2,1
1:  lg     %r14,0(%r15)
    la     %r15,8(%r15)
    br     %r14

* Share the page at %r3 with the host, or take it back: %r2 is the command. Returns the return code.
share_page:
    llill  %r1,uvcb
    xc     0(share_size,%r1),0(%r1)
    mvhhi  0(%r1),share_size
    sth    %r2,2(%r1)
    stg    %r3,share_address(%r1)
    lgr    %r2,%r1

* Issue the call whose control block is at %r2. Returns the return code.
ultravisor_call:
    lghi   %r0,0
1:  uvc    %r0,%r2
    jnle   1b                           # condition codes 2 and 3: busy, or not done yet
    llgh   %r2,uvcb_rc(%r2)
    br     %r14
`;
