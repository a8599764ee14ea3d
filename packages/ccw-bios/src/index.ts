/** IPL: direct kernel boot, IPL parameter blocks, DIAGNOSE 308. */
export {};
