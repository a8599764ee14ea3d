/** The lockframe command. */
export {};
