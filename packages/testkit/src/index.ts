/** Vector runner, engine and QEMU judges, tiny guests. */
export {};
