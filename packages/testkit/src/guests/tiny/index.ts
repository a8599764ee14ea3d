/**
 * The tiny guest: a kernel file of our own that says where it runs and waits for commands. It boots in every
 * way a Linux kernel does, so the whole path into a protected guest can be walked without one.
 */
import { asm, assemble, library, type Source } from "@lockframe/assembler";
import { commandSources, commands } from "./commands.ts";
import { kernelFile } from "./kernel-file.ts";
import { terminal } from "./terminal.ts";
import { ultravisor } from "./ultravisor.ts";

const main = asm("tiny-guest.s")`
start:
    sam64
    llilf  %r15,stack_top-160
    brasl  %r14,catch_program_interruptions
    llill  %r2,terminal
    lghi   %r3,4096
    brasl  %r14,clear
    lghi   %r2,events_ascii
    llilf  %r3,events_ascii|events_line_mode
    brasl  %r14,console_open

    larl   %r2,text_name
    brasl  %r14,append_text
    brasl  %r14,print_line
    larl   %r2,text_command_line
    brasl  %r14,append_text
    larl   %r2,command_line
    brasl  %r14,append_text
    brasl  %r14,print_line
    lgrl   %r6,initrd_size
    ltgr   %r6,%r6
    jz     1f
    larl   %r2,text_initrd
    brasl  %r14,append_text
    lgr    %r2,%r6
    brasl  %r14,append_hex
    brasl  %r14,print_line
1:  larl   %r2,text_protected
    brasl  %r14,append_text
    brasl  %r14,is_protected
    larl   %r1,digits
    sllg   %r2,%r2,1
    agr    %r2,%r1
    brasl  %r14,append_text
    brasl  %r14,print_line

next_line:
    larl   %r2,text_prompt
    brasl  %r14,append_text
    brasl  %r14,print_prompt
    brasl  %r14,read_line
    brasl  %r14,execute_line
    j      next_line

    .align 2
digits:
    .asciz "0", "1"
`;

const texts = library.texts("tiny-guest-texts.s", {
  text_name: "Lockframe tiny guest",
  text_command_line: "Command line: ",
  text_initrd: "Initial RAM disk: bytes ",
  text_protected: "Protected: ",
  text_prompt: "guest> ",
  text_rub_out: "\b \b",
});

const sources: readonly Source[] = [
  library.assignedStorage,
  kernelFile,
  main,
  ...commandSources,
  ultravisor,
  terminal,
  library.runtime,
  library.serviceCall,
  library.console,
  texts,
];

/** The kernel file: to be loaded at 0 or sealed into an image. Commands: {@link tinyGuestCommands}. */
export function tinyGuest(): Uint8Array {
  file ??= assemble(sources, { origin: 0 }).bytes;
  return file.slice();
}
let file: Uint8Array | undefined;

/** What can be typed at the prompt `guest> `, with what it does. */
export const tinyGuestCommands: Readonly<Record<string, string>> = commands;
