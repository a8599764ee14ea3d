/** Channel subsystem: subchannels, channel-subsystem call, I/O interruptions, channel reports. */
export {
  errorRecoveryCode,
  reportingSource,
  type ChannelReport,
  type ChannelReports,
} from "./channel-report.ts";
export { ChannelSubsystem, type ChannelSubsystemPorts, type SubchannelPlace } from "./channel-subsystem.ts";
export type { IoInterruption, IoInterruptions } from "./io-interruptions.ts";
export {
  completed,
  operandException,
  type IoCompletion,
  type IoException,
  type IoOutcome,
} from "./outcome.ts";
export { blockLength, type Subchannel } from "./subchannel.ts";
export {
  identificationWord,
  parseIdentification,
  type SubchannelIdentification,
} from "./subchannel-identification.ts";
