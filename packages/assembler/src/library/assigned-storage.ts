import { asm } from "../source.ts";

/** Real addresses of fixed meaning. Source: Principles of Operation, "Assigned Storage Locations". */
export const assignedStorage = asm("assigned-storage.s")`
.equ external_parameter,      0x080
.equ external_code,           0x086
.equ program_code,            0x08e
.equ program_old_psw,         0x150
.equ external_new_psw,        0x1b0
.equ program_new_psw,         0x1d0

* PSW bits 0-63: 64-bit addressing, DAT off, everything disabled; the same with the
* external mask and the wait state; and a wait from which nothing wakes.
.equ psw_running,             0x0000000180000000
.equ psw_waiting_external,    0x0102000180000000
.equ psw_disabled_wait,       0x0002000080000000
`;
