/** Refuses host huge-page backing of a protected machine's storage. */
export {};
