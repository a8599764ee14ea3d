import { latin1ToEbcdic } from "@lockframe/architecture";
import { asm } from "../source.ts";

const rows = Array.from({ length: 16 }, (_, row) => {
  const bytes = Array.from(latin1ToEbcdic.subarray(16 * row, 16 * row + 16));
  return `    .byte  ${bytes.map((byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(",")}`;
});

/**
 * Lines of text through the service processor's event facility, on the ASCII console and as line-mode
 * messages, whichever of the two the machine has. Source: Linux drivers/s390/char/{sclp,sclp_early_core,
 * sclp_rw,sclp_vt220}.[ch].
 */
export const console = asm("console.s")`
.equ events_ascii,            0x00000040    # event masks: bit n of the mask is event type n
.equ events_line_mode,        0x40000000

* Variables and the line under construction, in the scratch page.
.equ accepted_events,         scratch       # 4 bytes: what the service processor takes from us
.equ line_size,               scratch+8     # 8 bytes
.equ line,                    scratch+16
.equ line_limit,              232           # characters of text; with a number behind it, TR still reaches all

* Register with the event facility: %r2 has the mask of events to receive, %r3 of events to send.
console_open:
    stmg   %r6,%r15,48(%r15)
    lay    %r15,-160(%r15)
    llill  %r6,scratch
    llill  %r7,sccb
    xc     0(28,%r7),0(%r7)
    mvhhi  0(%r7),28            # length of the SCCB
    mvhhi  10(%r7),4            # length of a mask
    st     %r2,12(%r7)
    st     %r3,16(%r7)
    llilf  %r2,sclp_write_event_mask
    brasl  %r14,service_call
    mvhi   accepted_events-scratch(%r6),0
    cghi   %r2,sclp_completed
    jne    1f                   # no event facility: all lines go nowhere
    mvc    accepted_events-scratch(4,%r6),20(%r7)
1:  brasl  %r14,begin_line
    lmg    %r6,%r15,208(%r15)
    br     %r14

* Empty the line.
begin_line:
    llill  %r1,scratch
    mvghi  line_size-scratch(%r1),0
    mvi    line-scratch(%r1),0
    br     %r14

* Add the NUL-terminated text at %r2 to the line; what is too long is cut off.
append_text:
    llill  %r3,scratch
    lg     %r4,line_size-scratch(%r3)
    la     %r4,line-scratch(%r4,%r3)
    la     %r5,line-scratch+line_limit(%r3)
1:  llgc   %r1,0(%r2)
    stc    %r1,0(%r4)
    ltgr   %r1,%r1
    jz     set_line_size
    clgr   %r4,%r5
    jnl    2f
    la     %r2,1(%r2)
    la     %r4,1(%r4)
    j      1b
2:  mvi    0(%r4),0
    j      set_line_size

* Add %r2 to the line as a hexadecimal number.
append_hex:
    llill  %r3,scratch
    lg     %r4,line_size-scratch(%r3)
    la     %r4,line-scratch(%r4,%r3)
    mvi    0(%r4),'0'
    mvi    1(%r4),'x'
    la     %r4,2(%r4)
    lghi   %r5,64
1:  aghi   %r5,-4               # find the first digit
    jz     2f                   # the last one is printed even if it is zero
    srlg   %r1,%r2,0(%r5)
    ltgr   %r1,%r1
    jz     1b
2:  srlg   %r1,%r2,0(%r5)
    nilf   %r1,0xf
    ahi    %r1,'0'
    chi    %r1,'9'
    jnh    3f
    ahi    %r1,'a'-'9'-1
3:  stc    %r1,0(%r4)
    la     %r4,1(%r4)
    aghi   %r5,-4
    jnm    2b
    mvi    0(%r4),0

* %r4 is the end of the line, %r3 the scratch page.
set_line_size:
    la     %r1,line-scratch(%r3)
    sgr    %r4,%r1
    stg    %r4,line_size-scratch(%r3)
    br     %r14

* Print the line and begin a new one.
print_line:
    stmg   %r6,%r15,48(%r15)
    lay    %r15,-160(%r15)
    llill  %r6,scratch
    tm     accepted_events-scratch+3(%r6),events_ascii
    jz     1f
    brasl  %r14,line_to_ascii_event
    mvhhi  0(%r3),0x0d0a        # the screen wants carriage return and line feed
    la     %r3,2(%r3)
    brasl  %r14,send_ascii_event
1:  tm     accepted_events-scratch(%r6),events_line_mode>>24
    jz     2f
    brasl  %r14,send_line_mode_event
2:  brasl  %r14,begin_line
    lmg    %r6,%r15,208(%r15)
    br     %r14

* Print the line without ending it, where the console is a screen.
print_prompt:
    stmg   %r6,%r15,48(%r15)
    lay    %r15,-160(%r15)
    llill  %r6,scratch
    tm     accepted_events-scratch+3(%r6),events_ascii
    jz     1f
    brasl  %r14,line_to_ascii_event
    brasl  %r14,send_ascii_event
1:  brasl  %r14,begin_line
    lmg    %r6,%r15,208(%r15)
    br     %r14

* An SCCB with one ASCII event: header (8), event header (6), text.
.equ ascii_text,              14

* Copy the line into it; returns the end of the text in %r3.
line_to_ascii_event:
    llill  %r2,sccb
    xc     0(ascii_text,%r2),0(%r2)
    mvi    10(%r2),0x1a         # event type
    la     %r3,ascii_text(%r2)
copy_line:
    llill  %r4,line
    lghi   %r0,0
1:  mvst   %r3,%r4
    jo     1b
    br     %r14

* Send it; %r3 is the end of the text.
send_ascii_event:
    llill  %r2,sccb
    sgr    %r3,%r2
    sth    %r3,0(%r2)           # length of the SCCB
    aghi   %r3,-8
    sth    %r3,8(%r2)           # length of the event
    j      send_event

* An SCCB with one line-mode message: header (8), event header (6), message data block (12), general
* object (56), text object (10) and the text in EBCDIC.
.equ line_mode_text,          92

send_line_mode_event:
    llill  %r2,sccb
    larl   %r1,line_mode_template
    mvc    0(line_mode_text,%r2),0(%r1)
    la     %r3,line_mode_text(%r2)
    lgr    %r5,%r14
    brasl  %r14,copy_line
    lgr    %r14,%r5
    larl   %r1,to_ebcdic
    tr     line_mode_text(256,%r2),0(%r1)
    sgr    %r3,%r2
    sth    %r3,0(%r2)           # length of the SCCB
    aghi   %r3,-8
    sth    %r3,8(%r2)           # of the event
    aghi   %r3,-6
    sth    %r3,14(%r2)          # of the message data block
    aghi   %r3,-12-56
    sth    %r3,82(%r2)          # of the text object

send_event:
    llilf  %r2,sclp_write_event_data
    j      service_call

    .align 2
line_mode_template:
    .short 0                    # SCCB: length
    .byte  0,0,0,0
    .short 0                    # response
    .short 0                    # event: length
    .byte  0x02,0,0,0           # type: message
    .short 0,1                  # message data block: length, type
    .long  0xd4c4c240,1         # "MDB " and revision
    .short 56,1                 # general object: length, type
    .skip  52
    .short 0,4                  # text object: length, type
    .short 0x1000               # end of text
    .skip  4

    .align 2
to_ebcdic:
${rows.join("\n")}
`;
