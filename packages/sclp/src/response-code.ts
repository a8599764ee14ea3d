/** Response codes of the service-call control block, at byte 6. Source: QEMU and Linux SCLP code. */
export const responseCode = {
  normalRead: 0x0010,
  normalCompletion: 0x0020,
  boundaryViolation: 0x0100,
  invalidCommand: 0x01f0,
  insufficientLength: 0x0300,
  invalidFunction: 0x40f0,
  noEventBuffersStored: 0x60f0,
  invalidSelectionMask: 0x70f0,
  inconsistentLengths: 0x72f0,
  eventBufferSyntaxError: 0x73f0,
  invalidMaskLength: 0x74f0,
} as const;

/** A response code of the service-call control block. */
export type ResponseCode = (typeof responseCode)[keyof typeof responseCode];
