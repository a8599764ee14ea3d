/** Channel subsystem: subchannels, channel programs, channel-subsystem call, I/O interruptions, channel reports. */
export {
  type ChannelDevice,
  type CommandHandler,
  commandReject,
  type DeviceLine,
  end,
  type Ending,
  senseBit,
  type SenseId,
  status,
  type Transfer,
  unitCheck,
  type UnitStatus,
} from "./channel-device.ts";
export type { ChannelStorage, StorageKeys } from "./channel-storage.ts";
export type { ChannelPath } from "./channel-subsystem-call.ts";
export {
  errorRecoveryCode,
  reportingSource,
  type ChannelReport,
  type ChannelReports,
} from "./channel-report.ts";
export {
  type AttachOptions,
  type Attachment,
  ChannelSubsystem,
  type ChannelSubsystemPorts,
  type SubchannelPlace,
} from "./channel-subsystem.ts";
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
