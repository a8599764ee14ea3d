/** Absolute storage, storage keys, page ownership, guest and host views. */
export {};
