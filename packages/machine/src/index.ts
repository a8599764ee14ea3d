/** Assembles one machine: DI container, hooks, life cycle, run loop. */
export {};
