/** Service-call processor: SCCBs, event facility, consoles. */
export {};
