/** Service processor: service calls, event facility, consoles. */
export { AsciiConsole } from "./ascii-console.ts";
export type { ConsoleInput, ConsoleOptions } from "./console.ts";
export { eventType, type EventPartner } from "./event-facility.ts";
export { LineConsole, type LineConsoleOptions } from "./line-console.ts";
export {
  configurationCharacteristics,
  cpuEntryFeatures,
  mostCpus,
  type ConfigurationCharacteristic,
  type CpuEntryFeature,
  type MachineInformation,
} from "./machine-information.ts";
export { responseCode, type ResponseCode } from "./response-code.ts";
export { addressException, headerException, type ServiceCallOperand } from "./service-call-operand.ts";
export {
  serviceCommand,
  ServiceProcessor,
  type ServiceCallResult,
  type ServiceProcessorOptions,
} from "./service-processor.ts";
export { SignalQuiesce } from "./signal-quiesce.ts";
