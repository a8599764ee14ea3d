/** Secure configurations: SE header, unpack, verify, import and export, share. */
export {};
