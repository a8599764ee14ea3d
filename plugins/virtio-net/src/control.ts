/** Commands of the control queue: class, command, data; and room for one byte that answers. */
import type { VirtioRequest } from "@lockframe/plugin-api";

const OK = 0;
const ERROR = 1;
const HEADER = 2;
const ADDRESS = 6;
/** Longest data of a command: a table of addresses. */
const MOST_DATA = 2 ** 16;
const commandClass = { receiveMode: 0, address: 1 } as const;
const addressCommand = { table: 0, set: 1 } as const;
const LAST_MODE = 5;

export interface CommandPorts {
  setAddress(address: Uint8Array): void;
}

/** Do a command and answer it. Returns the count of bytes written. */
export function answerCommand(request: VirtioRequest, ports: CommandPorts): number {
  if (request.writable < 1) return 0;
  const fits = request.readable >= HEADER && request.readable <= MOST_DATA;
  const done = fits && execute(request.read(0, request.readable), ports);
  request.write(0, Uint8Array.of(done ? OK : ERROR));
  return 1;
}

function execute(bytes: Uint8Array, ports: CommandPorts): boolean {
  const [kind, command] = bytes;
  const data = bytes.subarray(HEADER);
  // The network sends a guest nothing but what is for it, so every mode and table is fine.
  if (kind === commandClass.receiveMode) return (command ?? 0) <= LAST_MODE && data.length === 1;
  if (kind !== commandClass.address) return false;
  if (command === addressCommand.table) return data.length >= 8;
  const isAddress = data.length === ADDRESS && ((data[0] ?? 0) & 1) === 0;
  if (command !== addressCommand.set || !isAddress) return false;
  ports.setAddress(data);
  return true;
}
