import { asm, library } from "@lockframe/assembler";

/** The commands of the prompt: name, and what the guest does. */
export const commands = {
  help: "this list",
  uv: "ask the Ultravisor what it offers to this guest",
  share: "share a page with the host",
  unshare: "take that page back",
  poweroff: "stop the CPU",
  reboot: "load the guest again (DIAGNOSE 308 subcode 3)",
  crash: "execute what is no instruction",
} as const;

type Command = keyof typeof commands;

const names = Object.keys(commands);
const widest = Math.max(...names.map((name) => name.length));

/** Rows of distances from the table's beginning: name, line of help, routine; then a zero row. */
const table = asm("command-table.s")`
    .align 8
command_table:
${names.map((name) => `    .long  name_${name}-command_table, help_${name}-command_table, do_${name}-command_table`).join("\n")}
    .skip  command_row
`;

const texts = library.texts("command-texts.s", {
  ...Object.fromEntries(names.map((name) => [`name_${name}`, name])),
  ...Object.fromEntries(
    names.map((name) => [`help_${name}`, `  ${name.padEnd(widest)}  ${commands[name as Command]}`]),
  ),
  text_unknown: "Unknown command: ",
  text_no_uv: "This machine has no Ultravisor calls",
  text_query: "Ultravisor query: return code ",
  text_calls: ", calls offered ",
  text_features: ", features ",
  text_share: "Set shared access: return code ",
  text_unshare: "Remove shared access: return code ",
  text_poweroff: "Stopping",
  text_reboot: "Loading again",
  text_crash: "Crashing",
  text_canary: "This page belongs to the guest.",
});

const routines = asm("commands.s")`
.equ command_row,     12                # three words
.equ row_help,        4
.equ row_routine,     8

* Do what the typed line says.
execute_line:
    stmg   %r6,%r15,48(%r15)
    lay    %r15,-160(%r15)
    llill  %r6,typed
    cli    0(%r6),0
    je     3f                           # an empty line asks for nothing
    larl   %r7,command_table
    lgr    %r8,%r7
1:  lt     %r9,0(%r8)
    jz     2f
    lgfr   %r9,%r9
    agr    %r9,%r7
    lgr    %r10,%r6
    brasl  %r14,same_text
    je     4f
    la     %r8,command_row(%r8)
    j      1b
2:  larl   %r2,text_unknown
    brasl  %r14,append_text
    lgr    %r2,%r6
    brasl  %r14,append_text
    brasl  %r14,print_line
3:  lmg    %r6,%r15,208(%r15)
    br     %r14
4:  lgf    %r1,row_routine(%r8)
    agr    %r1,%r7
    basr   %r14,%r1
    j      3b

* Are the NUL-terminated texts at %r9 and %r10 the same? Sets condition code 0 if they are.
same_text:
    lghi   %r0,0
1:  clst   %r9,%r10
    jo     1b
    br     %r14

do_help:
    stmg   %r6,%r15,48(%r15)
    lay    %r15,-160(%r15)
    larl   %r7,command_table
    lgr    %r8,%r7
1:  lt     %r2,row_help(%r8)
    jz     2f
    lgfr   %r2,%r2
    agr    %r2,%r7
    brasl  %r14,append_text
    brasl  %r14,print_line
    la     %r8,command_row(%r8)
    j      1b
2:  lmg    %r6,%r15,208(%r15)
    br     %r14

do_uv:
    stmg   %r6,%r15,48(%r15)
    lay    %r15,-160(%r15)
    brasl  %r14,has_ultravisor_calls
    ltgr   %r2,%r2
    jz     no_ultravisor
    brasl  %r14,query_ultravisor
    llill  %r6,uvcb
    larl   %r2,text_query
    brasl  %r14,append_text
    llgh   %r2,uvcb_rc(%r6)
    brasl  %r14,append_hex
    larl   %r2,text_calls
    brasl  %r14,append_text
    lg     %r2,query_calls(%r6)
    brasl  %r14,append_hex
    larl   %r2,text_features
    brasl  %r14,append_text
    lg     %r2,query_features(%r6)
    brasl  %r14,append_hex
1:  brasl  %r14,print_line
    lmg    %r6,%r15,208(%r15)
    br     %r14
no_ultravisor:
    larl   %r2,text_no_uv
    brasl  %r14,append_text
    j      1b

.equ query_features,  0xa0

* Before it is shared the page gets a text, by which a host that looks can tell what it sees.
do_share:
    stmg   %r6,%r15,48(%r15)
    lay    %r15,-160(%r15)
    llill  %r2,shareable
    larl   %r3,text_canary
    lghi   %r4,64
    brasl  %r14,copy
    lghi   %r6,uv_share
    larl   %r7,text_share
    j      change_sharing
do_unshare:
    stmg   %r6,%r15,48(%r15)
    lay    %r15,-160(%r15)
    lghi   %r6,uv_unshare
    larl   %r7,text_unshare
change_sharing:
    brasl  %r14,has_ultravisor_calls
    ltgr   %r2,%r2
    jz     no_ultravisor
    lgr    %r2,%r6
    llill  %r3,shareable
    brasl  %r14,share_page
    lgr    %r6,%r2
    lgr    %r2,%r7
    brasl  %r14,append_text
    lgr    %r2,%r6
    brasl  %r14,append_hex
    brasl  %r14,print_line
    lmg    %r6,%r15,208(%r15)
    br     %r14

* The last three do not return.
.equ sigp_stop,       5
do_poweroff:
    larl   %r2,text_poweroff
    brasl  %r14,append_text
    brasl  %r14,print_line
    llill  %r6,terminal
    stap   echo-terminal(%r6)           # our own CPU address
    llgh   %r3,echo-terminal(%r6)
1:  sigp   %r1,%r3,sigp_stop
    j      1b

.equ load_clear,      3
do_reboot:
    larl   %r2,text_reboot
    brasl  %r14,append_text
    brasl  %r14,print_line
    lghi   %r3,load_clear
    diag   %r0,%r3,0x308

do_crash:
    larl   %r2,text_crash
    brasl  %r14,append_text
    brasl  %r14,print_line
    .short 0                            # an operation exception
`;

export const commandSources = [routines, table, texts];
