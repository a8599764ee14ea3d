/** What a failed start of a protected guest means to the person who started it. */
import { LockframeError } from "@lockframe/architecture";
import { PvCommand, type StartFailure } from "./direct-start.ts";

interface Explanation {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

const HOST_KEY_HINT =
  "check that the image was built for this host: give the private key of a host key document named at its build";
const REBUILD_HINT = "the image is damaged; copy or build it again";
const ANY = -1;

/** Return codes, reasons (`ANY`: whatever reason) and their meaning, by step. */
const explanations: readonly (readonly [
  StartFailure["pvCommand"],
  rc: number,
  rrc: number,
  explanation: Explanation,
])[] = [
  [
    PvCommand.enable,
    0x0104,
    ANY,
    { code: "LF-UV-101", message: "the machine runs a protected guest already" },
  ],
  [
    PvCommand.setSecParms,
    0x0103,
    ANY,
    {
      code: "LF-UV-110",
      message: "the SE header does not lie within guest storage",
      hint: "give the machine more storage",
    },
  ],
  [
    PvCommand.setSecParms,
    0x0104,
    ANY,
    { code: "LF-UV-111", message: "the version of the SE header is not supported", hint: REBUILD_HINT },
  ],
  [
    PvCommand.setSecParms,
    0x0106,
    ANY,
    {
      code: "LF-UV-112",
      message: "the SE header sets a plain-text control flag (PCF) that is not supported",
      hint: "build the image without that flag",
    },
  ],
  [
    PvCommand.setSecParms,
    0x0108,
    0x05,
    {
      code: "LF-UV-113",
      message: "the SE header has no key slot for this host's key",
      hint: HOST_KEY_HINT,
    },
  ],
  [
    PvCommand.setSecParms,
    0x0108,
    0x0b,
    {
      code: "LF-UV-114",
      message: "the customer public key in the SE header is not a point of the curve",
      hint: REBUILD_HINT,
    },
  ],
  [
    PvCommand.setSecParms,
    0x0108,
    0x34,
    {
      code: "LF-UV-115",
      message: "the SE header has no key slot for this host's key nor for its backup key",
      hint: HOST_KEY_HINT,
    },
  ],
  [
    PvCommand.setSecParms,
    0x0109,
    ANY,
    {
      code: "LF-UV-116",
      message: "the SE header sets a secret control flag (SCF) that is not supported",
      hint: "build the image without that flag",
    },
  ],
  [
    PvCommand.setSecParms,
    0x010a,
    0x40,
    { code: "LF-UV-117", message: "the SE header has no key slots", hint: REBUILD_HINT },
  ],
  [
    PvCommand.setSecParms,
    0x010a,
    ANY,
    {
      code: "LF-UV-118",
      message:
        "the SE header is corrupt: its lengths, its optional items or its authentication tag do not fit",
      hint: REBUILD_HINT,
    },
  ],
  [
    PvCommand.unpack,
    0x010a,
    ANY,
    {
      code: "LF-UV-120",
      message: "a component of the image does not lie within guest storage",
      hint: "give the machine more storage",
    },
  ],
  [
    PvCommand.unpack,
    0x0105,
    ANY,
    { code: "LF-UV-121", message: "components of the image overlap", hint: REBUILD_HINT },
  ],
  [
    PvCommand.verify,
    0x0102,
    0x1a,
    {
      code: "LF-UV-130",
      message: "pages of the image lie at other addresses than its SE header says",
      hint: REBUILD_HINT,
    },
  ],
  [
    PvCommand.verify,
    0x0102,
    0x1b,
    {
      code: "LF-UV-131",
      message: "the content of the image is not what its SE header says",
      hint: REBUILD_HINT,
    },
  ],
  [
    PvCommand.verify,
    0x0102,
    0x1c,
    {
      code: "LF-UV-132",
      message: "the tweaks of the image are not what its SE header says",
      hint: REBUILD_HINT,
    },
  ],
  [
    PvCommand.verify,
    0x0102,
    0x1d,
    {
      code: "LF-UV-133",
      message: "the image has more or fewer pages than its SE header says",
      hint: REBUILD_HINT,
    },
  ],
];

const NO_BLOCK: Explanation = {
  code: "LF-UV-100",
  message: "there is no valid IPL parameter block of a protected guest",
  hint: REBUILD_HINT,
};

/** The failure with a stable code, a message for people, and what to do. */
export function explainStartFailure(failure: StartFailure): LockframeError {
  const { pvCommand, rc, rrc } = failure;
  const row = explanations.find(
    ([command, code, reason]) => command === pvCommand && code === rc && (reason === ANY || reason === rrc),
  );
  const { code, message, hint } = row?.[3] ?? NO_BLOCK;
  const codes = `command ${pvCommand}, rc 0x${rc.toString(16)}, rrc 0x${rrc.toString(16)}`;
  return new LockframeError(code, `the protected guest was not started: ${message} (${codes})`, hint);
}
