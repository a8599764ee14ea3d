/** How much tests move each way: 2 MiB, or as many as `LOCKFRAME_LONG_TESTS` says. */
const wanted = Number(process.env["LOCKFRAME_LONG_TESTS"] ?? "2");
if (!Number.isInteger(wanted) || wanted < 1)
  throw new Error(`LOCKFRAME_LONG_TESTS is the number of MiB that tests move, not ${wanted}`);

const LARGEST_PIECE = 64;
/** MiB of a piece, which a guest can have in its storage, and how many of them there are. */
export const piece = Math.min(wanted, LARGEST_PIECE);
export const pieces = Math.ceil(wanted / LARGEST_PIECE);
/** Minutes for a test. */
export const patience = 3 + Math.ceil(wanted / 64);
