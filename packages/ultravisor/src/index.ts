/** Secure configurations: SE header, unpack, verify, import and export, share. */
export { DigestThread } from "./digest-thread.ts";
export {
  failureRegister,
  PvCommand,
  type StartFailure,
  type StartOutcome,
  type StartProgress,
} from "./direct-start.ts";
export { explainStartFailure } from "./start-failure.ts";
export { GuestStopError, type GuestStop } from "./guest-stop.ts";
export {
  parseProtectedIplBlock,
  type ImageComponent,
  type ProtectedIplBlock,
} from "./protected-ipl-block.ts";
export { ProtectedGuestView, ProtectedHostView } from "./protected-views.ts";
export { Rc, Uv, type UvResult } from "./return-code.ts";
export {
  SecureConfiguration,
  SUPPORTED_PCF,
  SUPPORTED_SCF,
  type ConfigurationOptions,
  type ConfigurationState,
  type HostSecrets,
  type StartPsw,
} from "./secure-configuration.ts";
export { SecureInstructionData } from "./secure-instruction-data.ts";
export { Ultravisor, type UltravisorOptions } from "./ultravisor.ts";
export { type UvcbAccess } from "./uv-call.ts";
export { uvCommands, type Issuer, type UvCommand, type UvCommandName } from "./uv-commands.ts";
