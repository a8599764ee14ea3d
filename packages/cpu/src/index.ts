/** How instructions run: WebAssembly lowering, interpreter, DAT, TLB, interruptions, timers, SIGP. */
export { Cpu, type CpuState, ProgramInterruption, PswBit, assigned } from "./cpu.ts";
export { type HostTime, TodClock, hostTime } from "./clock.ts";
export type { ExitStatistics } from "./exit-tally.ts";
export { ExternalCode } from "./interruptions.ts";
export type { JitStatistics } from "./jit/jit.ts";
export { type Engine, Processors, type ProcessorsOptions, type RunResult } from "./processors.ts";
export { hostRoutines } from "./routines/index.ts";
export { type HostRoutine, type HostRoutines, modeChanged } from "./routines/host.ts";
export { type ChannelInstruction, type Services, absentServices } from "./services.ts";
export { engineArea } from "./state.ts";
