/** Refuses vfio devices in a protected machine. */
export {};
