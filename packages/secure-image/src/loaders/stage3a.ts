import { asm, library, type Source } from "@lockframe/assembler";
import { loaderFacts } from "./facts.ts";
import { refusalTable } from "./refusals.ts";

/**
 * stage3a, the part of an image that runs in the clear. It tells the machine where header and components
 * are (DIAGNOSE 308 subcode 8) and asks to be replaced by them (subcode 10). Whatever that can fail with
 * is told on the console before the CPU stops.
 */
const program = asm("stage3a.s")`
* A boot loader enters here, perhaps in 31-bit mode. Up to 0x10fff it may have written what it would give
* an ordinary kernel, so nothing of ours can stand there.
    .org   kernel_at
    lhi    %r1,1                # parameter and, where the order has nothing to do, status
    lhi    %r0,0
    sigp   %r1,%r0,set_architecture
    sam64
    j      stage3a

* The short PSW at 0 leads here.
    .org   kernel_at+0x1000
stage3a:
    sam64
    llilf  %r15,stack_top-160
    brasl  %r14,catch_program_interruptions
    llill  %r2,stage3a_bss
    lghi   %r3,4096
    brasl  %r14,clear
    lghi   %r2,0                # nobody is to talk to us
    llilf  %r3,events_line_mode|events_ascii
    brasl  %r14,console_open

* The builder says how far from the arguments header and IPIB are; the IPIB wants an address.
    larl   %r6,arguments
    lgr    %r7,%r6
    ag     %r7,ipib_offset-arguments(%r6)
    lgr    %r8,%r6
    ag     %r8,header_offset-arguments(%r6)
    stg    %r8,ipib_header_address(%r7)
    mvc    ipib_header_size(8,%r7),header_size-arguments(%r6)

    brasl  %r14,has_unpack_facility
    cghi   %r2,0
    je     no_unpack
    lgr    %r2,%r7
    lghi   %r4,diag308_set_pv
    diag   %r2,%r4,0x308
    cghi   %r3,diag308_ok
    jne    set_up_failed
    lghi   %r2,0
    lghi   %r3,0
    lghi   %r4,diag308_start_pv
    diag   %r2,%r4,0x308
    j      start_failed         # still here, and everything is as it was

* DIAGNOSE 308: subcodes and the response code of success
.equ diag308_set_pv,      8
.equ diag308_start_pv,    10
.equ diag308_ok,          1

* Fields of the IPIB
.equ ipib_header_address, 0x78
.equ ipib_header_size,    0x80

* Is STFLE bit 161 one? Returns one or zero.
.equ unpack_facility,     161
has_unpack_facility:
    lay    %r15,-24(%r15)
    xc     0(24,%r15),0(%r15)   # an older machine stores fewer than three doublewords
    lghi   %r0,3-1
    stfle  0(%r15)
    lghi   %r2,1
    tm     unpack_facility/8(%r15),0x80>>unpack_facility%8
    la     %r15,24(%r15)
    bnzr   %r14
    lghi   %r2,0
    br     %r14

no_unpack:
    larl   %r2,text_no_unpack
    brasl  %r14,append_text
    brasl  %r14,print_line
    lghi   %r2,wait_no_unpack
    j      disabled_wait

* The IPIB was not accepted, response code in %r3.
set_up_failed:
    lgr    %r6,%r3
    larl   %r2,text_set_up
    brasl  %r14,append_text
    lgr    %r2,%r6
    brasl  %r14,append_hex
    brasl  %r14,print_line
    j      give_up

* The transition failed. %r3 has four codes of sixteen bits: Ultravisor command, its reason code, its
* return code, DIAGNOSE response code. A machine that knows only the last leaves the others zero.
start_failed:
    srlg   %r6,%r3,48
    srlg   %r7,%r3,32
    llghr  %r7,%r7
    srlg   %r8,%r3,16
    llghr  %r8,%r8
    llghr  %r9,%r3
    brasl  %r14,explain_refusal
    larl   %r2,text_failed
    brasl  %r14,append_text
    lgr    %r2,%r9
    brasl  %r14,append_hex
    cghi   %r6,0
    je     1f
    brasl  %r14,append_command
    larl   %r2,text_rc
    brasl  %r14,append_text
    lgr    %r2,%r8
    brasl  %r14,append_hex
    larl   %r2,text_rrc
    brasl  %r14,append_text
    lgr    %r2,%r7
    brasl  %r14,append_hex
1:  brasl  %r14,print_line

give_up:
    lghi   %r2,wait_refused
    j      disabled_wait

* Print the words for return code %r8 with reason code %r7, if there are any.
explain_refusal:
    larl   %r1,refusals
    lgr    %r2,%r1
1:  llgh   %r3,0(%r2)
    ltgr   %r3,%r3
    bzr    %r14                 # the end of the table
    llgh   %r4,2(%r2)
    la     %r2,8(%r2)
    cgr    %r3,%r8
    jne    1b
    cgr    %r4,%r7
    jne    1b
    lgf    %r2,4-8(%r2)
    agr    %r2,%r1
    lay    %r15,-8(%r15)
    stg    %r14,0(%r15)
    brasl  %r14,append_text
    brasl  %r14,print_line
    lg     %r14,0(%r15)
    la     %r15,8(%r15)
    br     %r14

* Add the Ultravisor command %r6 to the line.
append_command:
    larl   %r2,text_set_parameters
    cghi   %r6,2
    je     append_text
    larl   %r2,text_unpack
    cghi   %r6,3
    je     append_text
    larl   %r2,text_verify
    cghi   %r6,4
    je     append_text
    larl   %r2,text_other
    j      append_text
`;

const texts = library.texts("stage3a-texts.s", {
  text_no_unpack: "Secure unpack facility is not available",
  text_set_up: "Protected boot setup has failed: ",
  text_failed: "Protected boot failed: ",
  text_set_parameters: ", set-sec-parms",
  text_unpack: ", unpack",
  text_verify: ", verify",
  text_other: ", another command",
  text_rc: " - RC: ",
  text_rrc: ", RRC: ",
});

/** Filled in by the image builder: the last 24 bytes. Offsets count from the first of them. */
const argumentBlock = asm("stage3a-arguments.s")`
    .align 8
arguments:
header_offset: .quad 0
header_size:   .quad 0
ipib_offset:   .quad 0
`;

export const stage3aSources: readonly Source[] = [
  library.assignedStorage,
  loaderFacts,
  program,
  library.runtime,
  library.serviceCall,
  library.console,
  texts,
  refusalTable,
  argumentBlock,
];
