/** IPL: direct kernel boot, IPL parameter blocks, DIAGNOSE, the machine's description of itself. */
export { BootError } from "./boot-error.ts";
export { Diagnose308, type CpuReset, type Diagnose308Ports, type IplAction } from "./diagnose-308.ts";
export {
  DiagnoseTable,
  resume,
  specification,
  type DiagnoseAction,
  type DiagnoseContext,
  type DiagnoseHandler,
} from "./diagnose.ts";
export { planDirectBoot, type BootPlan, type DirectBootOptions } from "./direct-boot.ts";
export type { Segment } from "./elf-kernel.ts";
export { planFirmware, type FirmwarePlan } from "./firmware.ts";
export {
  kvmHypercall,
  releasePages,
  timeSliceEnd,
  timeSliceYield,
  type HypercallPorts,
  type ReleasableStorage,
} from "./hypercall.ts";
export { ccwParameterBlock, IplParameterBlock, parameterBlockType } from "./ipl-parameter-block.ts";
export * from "./loader/index.ts";
export { quickIplBlock, QUICK_IPL_AT, type QuickIpl } from "./quick-ipl.ts";
export { findSecureImage } from "./secure-image-signature.ts";
export { expandShortPsw, type LongPsw } from "./short-psw.ts";
export {
  cpuIdentification,
  storeSystemInformation,
  type MachineDescription,
  type StsiOutcome,
  type StsiRequest,
} from "./system-information.ts";
