/** Whether tests are to move as much as a user would: `LOCKFRAME_LONG_TESTS` is set. */
export const isLongForm = process.env["LOCKFRAME_LONG_TESTS"] !== undefined;
