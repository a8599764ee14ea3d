/** The only package that a plugin imports. */
export {};
