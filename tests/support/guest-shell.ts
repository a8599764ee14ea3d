/** A console with a POSIX shell at it. */
export interface ShellConsole {
  type(text: string): void;
  /** Wait for the pattern; returns what came since the last wait, the match included. */
  until(pattern: RegExp): Promise<string>;
}

/** Commands for the shell of a guest, and what they print. */
export class GuestShell {
  readonly #console: ShellConsole;
  #commands = 0;

  private constructor(console: ShellConsole) {
    this.#console = console;
  }

  /** Wait for the first prompt. */
  static async at(console: ShellConsole): Promise<GuestShell> {
    await console.until(/\n# /);
    const shell = new GuestShell(console);
    await shell.run("stty columns 2000"); // or line editors wrap what they echo
    return shell;
  }

  /**
   * Run a command; returns what it printed.
   *
   * @throws when its exit status is not 0
   */
  async run(command: string): Promise<string> {
    const mark = (this.#commands += 1);
    // The terminal echoes the sum, the shell prints its value: what is printed stands between the two.
    this.#console.type(`${command}; echo end-$((${mark}))-$?\n`);
    const echo = new RegExp(`echo end-\\$\\(\\(\\s*${mark}\\s*\\)\\)-\\$\\?\\s*\\n`);
    await this.#console.until(echo);
    const seen = await this.#console.until(new RegExp(`end-${mark}-\\d+\\r?\\n`));
    // What was typed before the prompt stood there is echoed twice: by the terminal, then by the shell's line editor.
    const answer = seen.split(echo).at(-1) ?? seen;
    const [, printed = "", status = ""] = /^([^]*)end-\d+-(\d+)\r?\n$/.exec(answer) ?? [];
    if (status !== "0") throw new Error(`${command}: exit status ${status}\n${printed}`);
    return printed.replaceAll("\r", "").replace(/\n$/, "");
  }
}
