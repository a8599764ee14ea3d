import { asm } from "@lockframe/assembler";

/** A terminal on the ASCII console: characters in the order they were typed, and lines edited as they come. */
export const terminal = asm("terminal.s")`
* Variables
.equ next_character,   terminal         # 8 bytes: the next character of the event under way
.equ characters_end,   terminal+8
.equ next_event,       terminal+16      # 8 bytes: the next event in the input page
.equ events_end,       terminal+24
.equ last_ending,      terminal+32      # 1 byte: the control character that ended the last line
.equ echo,             terminal+40      # a text of its own for what is echoed
.equ typed,            terminal+0x100   # the line, NUL-terminated
.equ typed_limit,      200

.equ backspace,        0x08
.equ line_feed,        0x0a
.equ carriage_return,  0x0d
.equ delete,           0x7f

* Read a line into "typed", echoing it.
read_line:
    stmg   %r6,%r15,48(%r15)
    lay    %r15,-160(%r15)
    llill  %r6,terminal
    la     %r7,typed-terminal(%r6)
    la     %r8,typed_limit(%r7)
    lgr    %r9,%r7                      # end of what is typed
1:  brasl  %r14,read_character
    cghi   %r2,carriage_return
    je     6f
    cghi   %r2,line_feed
    je     5f
    mvi    last_ending-terminal(%r6),0
    cghi   %r2,backspace
    je     3f
    cghi   %r2,delete
    je     3f
    jh     1b                           # not ASCII
    cghi   %r2,' '
    jl     1b                           # any other control character
    cgr    %r9,%r8
    jnl    1b
    stc    %r2,0(%r9)
    la     %r9,1(%r9)
    sllg   %r2,%r2,8                    # the character and a NUL
    sth    %r2,echo-terminal(%r6)
    la     %r2,echo-terminal(%r6)
2:  brasl  %r14,append_text
    brasl  %r14,print_prompt
    j      1b

* Take the last character back, on the screen too.
3:  cgr    %r9,%r7
    jnh    1b
    aghi   %r9,-1
    larl   %r2,text_rub_out
    j      2b

* A line feed behind a carriage return is part of it.
5:  cli    last_ending-terminal(%r6),carriage_return
    mvi    last_ending-terminal(%r6),line_feed
    je     1b
    j      7f
6:  mvi    last_ending-terminal(%r6),carriage_return
7:  mvi    0(%r9),0
    brasl  %r14,print_line
    lmg    %r6,%r15,208(%r15)
    br     %r14

* Wait for the next character; returns it.
read_character:
    stmg   %r6,%r15,48(%r15)
    lay    %r15,-160(%r15)
    llill  %r6,terminal
1:  lg     %r7,next_character-terminal(%r6)
    clg    %r7,characters_end-terminal(%r6)
    jl     2f
    brasl  %r14,open_next_event
    j      1b
2:  llgc   %r2,0(%r7)
    la     %r7,1(%r7)
    stg    %r7,next_character-terminal(%r6)
    lmg    %r6,%r15,208(%r15)
    br     %r14

* Fields of an event and of its kind "ASCII": a byte says whether characters follow or the session changes.
.equ event_type,       2
.equ event_session,    6
.equ event_characters, 7
.equ type_ascii,       0x1a
.equ session_data,     0

* Go to the characters of the next event; %r6 has the variables.
open_next_event:
    lg     %r1,next_event-terminal(%r6)
    clg    %r1,events_end-terminal(%r6)
    jnl    read_events                  # none left
    llgh   %r2,0(%r1)
    cghi   %r2,event_characters
    jl     1f                           # too short, and nothing behind it can be found
    agr    %r2,%r1
    clg    %r2,events_end-terminal(%r6)
    jh     1f                           # longer than what was read
    stg    %r2,next_event-terminal(%r6)
    cli    event_type(%r1),type_ascii
    bner   %r14
    cli    event_session(%r1),session_data
    bner   %r14
    la     %r1,event_characters(%r1)
    stg    %r1,next_character-terminal(%r6)
    stg    %r2,characters_end-terminal(%r6)
    br     %r14
1:  mvc    next_event-terminal(8,%r6),events_end-terminal(%r6)
    br     %r14

* Wait until the service processor has events and copy them to the input page.
.equ page,             4096
.equ variable_length,  0x80             # the response is to be as long as it needs
read_events:
    stmg   %r6,%r15,48(%r15)
    lay    %r15,-160(%r15)
    llill  %r7,sccb
1:  xc     0(8,%r7),0(%r7)
    mvhhi  0(%r7),page
    mvi    5(%r7),variable_length
    llilf  %r2,sclp_read_event_data
    brasl  %r14,service_call
    cghi   %r2,sclp_completed
    je     2f
    tm     external_parameter+3,1       # something came while we asked
    jnz    1b
    brasl  %r14,wait_for_service_signal
    j      1b
2:  llill  %r2,input
    lgr    %r3,%r7
    lghi   %r4,page
    la     %r8,8(%r2)                   # behind the header
    stg    %r8,next_event-terminal(%r6)
    llgh   %r8,0(%r7)
    agr    %r8,%r2
    stg    %r8,events_end-terminal(%r6)
    brasl  %r14,copy
    lmg    %r6,%r15,208(%r15)
    br     %r14
`;
