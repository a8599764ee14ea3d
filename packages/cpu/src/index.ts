/** How instructions run: WebAssembly lowering, interpreter, DAT, TLB, interruptions, timers, SIGP. */
export {};
