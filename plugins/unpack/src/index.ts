/** Offers the unpack facility (STFLE 161). */
export {};
